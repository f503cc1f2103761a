"""Runs everybody on a log or a file, and gathers what they predicted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.accuracy import flat, ours
from benchmarks.accuracy.automl import installed
from benchmarks.accuracy.comparison import Judged
from benchmarks.accuracy.flat import File
from benchmarks.accuracy.judging import KEEPWELL
from benchmarks.accuracy.logs import Log
from benchmarks.accuracy.ours import Run
from benchmarks.accuracy.peers import fixed, kept, searched
from benchmarks.accuracy.snapshots import Snapshot, snapshot

PEERS, SEARCHED = "peers.parquet", "flaml.parquet"
_PARTS = {"probability": "churn_probability", "value": "expected_value"}


@dataclass(frozen=True)
class Wanted:
    """How a run is made.

    Parameters
    ----------
    out : Path
        Where predictions are kept.
    quick : bool
        One cutoff or fold each, and no FLAML.
    searching : bool
        Whether FLAML takes part, where it is installed.
    fresh : bool
        Run peers again that have been run before.
    resume : bool
        Take what Keepwell has scored before: an interrupted run goes on.
    """

    out: Path
    quick: bool = False
    searching: bool = True
    fresh: bool = False
    resume: bool = False

    @property
    def flaml(self) -> bool:
        """Whether FLAML takes part."""
        return installed() and self.searching and not self.quick


@dataclass(frozen=True)
class Cut:
    """A judged snapshot or fold, and Keepwell's own scores of it.

    Parameters
    ----------
    judged : Judged
    scores : DataFrame
        Keepwell's, by customer, intervals and all.
    seconds : float
        That its training took.
    """

    judged: Judged
    scores: pd.DataFrame
    seconds: float


def run_log(log: Log, wanted: Wanted) -> list[Cut]:
    """Run everybody on the cutoffs of a log."""
    lines = log.read()
    days = log.cutoffs[:1] if wanted.quick else log.cutoffs
    return [_run_cutoff(log, lines, day, wanted) for day in days]


def run_file(file: File, wanted: Wanted) -> list[Cut]:
    """Run everybody on the folds of a flat file."""
    table = file.read()
    folds = flat.folds(table)[: 1 if wanted.quick else None]
    return [_run_fold(file.name, table, n, rows, wanted) for n, rows in enumerate(folds, start=1)]


def _run_fold(
    name: str, table: pd.DataFrame, number: int, held_out: NDArray[np.intp], wanted: Wanted
) -> Cut:
    place = _place(wanted, name, f"fold-{number}")
    rows = table.index[held_out]
    theirs = kept(place / PEERS, rows, lambda: flat.peers(table, held_out))
    run = _ours(place, rows, wanted, lambda to: flat.keepwell(table, held_out, to))
    return _cut(f"fold {number}", flat.churned(table).iloc[held_out].to_frame(), [theirs], run)


def _run_cutoff(log: Log, lines: pd.DataFrame, day: date, wanted: Wanted) -> Cut:
    shot = snapshot(log.name, lines, day, log.horizon)
    place = _place(wanted, log.name, f"{day}-{log.horizon}d")
    theirs = [kept(place / PEERS, shot.outcome.index, lambda: fixed(shot))]
    run = _ours(place, shot.outcome.index, wanted, lambda to: ours.keepwell(shot, lines, to))
    if wanted.flaml:
        theirs.append(_searched(place, shot, run.seconds))
    return _cut(str(day), shot.outcome, theirs, run)


def _ours(place: Path, rows: pd.Index[Any], wanted: Wanted, make: Callable[[Path], None]) -> Run:
    folder = place / "keepwell"
    if not (wanted.resume and ours.done(folder)):
        make(folder)
    return ours.scored(folder, rows)


def _searched(place: Path, shot: Snapshot, seconds: float) -> pd.DataFrame:
    return kept(place / SEARCHED, shot.outcome.index, lambda: searched(shot, seconds))


def _place(wanted: Wanted, name: str, part: str) -> Path:
    place = wanted.out / name / part
    if wanted.fresh:
        for kind in (PEERS, SEARCHED):
            (place / kind).unlink(missing_ok=True)
    return place


def _cut(name: str, outcome: pd.DataFrame, theirs: list[pd.DataFrame], run: Run) -> Cut:
    parts = {p: c for p, c in _PARTS.items() if p == "probability" or "value" in outcome.columns}
    own = pd.DataFrame({f"{KEEPWELL}/{part}": run.scores[c] for part, c in parts.items()})
    judged = Judged(name, outcome, pd.concat([*theirs, own], axis=1))
    return Cut(judged, run.scores, run.seconds)
