"""``keepwell retrain``: whether to train again, the training, and the record of both."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from filelock import Timeout
from rich.console import Console

from keepwell.labelled import is_labelled, refuse_dates
from keepwell.project import Project, make
from keepwell.retrain_facts import Measured, measured
from keepwell.show import progress_bar
from keepwell.training import run_training, tracker_of
from models.registry import store
from training.publish import Published
from training.retrain import Decision, decide
from training.retrain_record import record
from training.tracking import Run

RECORD = "retrain.md"


class BusyError(Exception):
    """Another process decides the same at this moment."""


@dataclass(frozen=True)
class Retrained:
    """What was decided, and what came of it; ``published`` is None where nothing was trained."""

    decision: Decision
    published: Published | None = None


def run_retraining(
    project: Project, out: Console, as_of: date | None = None, *, dry_run: bool = False
) -> Retrained:
    """Decide whether to train; train, compare, promote or not; record why.

    Parameters
    ----------
    project : Project
    out : Console
    as_of : date, optional
        The first moment that is not known; midnight after the last transaction by default.
    dry_run : bool
        Say what would be done, and do nothing.

    Raises
    ------
    BusyError
        When another process is at it.
    """
    if is_labelled(project):
        refuse_dates(as_of)
    make(project.folder)
    with nullcontext() if dry_run else _only_one(project), store(project.settings.tracking_uri):
        with project.scratch() as folder, progress_bar(out) as bar:
            found = measured(project, as_of, folder, bar)
        decision = decide(found.facts)
        _tell(out, found, decision, dry_run=dry_run)
        if dry_run:
            return Retrained(decision)
        with tracker_of(project).run("retrain") as run:
            run.tags({"train": _word(decision.train), "why": "; ".join(decision.reasons)})
            # A project of its own: training reads the tables anew, as it would without us.
            again = Project(project.settings)
            made = run_training(again, out, as_of) if decision.train else None
            _log(run, record(project.settings.name, found.facts, decision, made), made)
    return Retrained(decision, made)


@contextmanager
def _only_one(project: Project) -> Iterator[None]:
    lock = project.retraining()
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError(
            f"another `keepwell retrain` of {project.settings.name!r} is at work; this one has "
            "done nothing"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _log(run: Run, text: str, made: Published | None) -> None:
    if made:
        run.tags(
            {
                "training_run": made.run_id,
                "model_version": str(made.version.number),
                "promoted": _word(made.decision.promote),
                "decision": made.decision.reason,
            }
        )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, RECORD).write_text(text, encoding="utf-8")
        run.folder(Path(folder), "record")


def _word(told: bool) -> str:  # noqa: FBT001 - what is told is nothing else
    return str(told).lower()


def _tell(out: Console, found: Measured, decision: Decision, *, dry_run: bool) -> None:
    would = "Would train" if dry_run else "Training"
    wouldnt = "Would not train" if dry_run else "Not training"
    out.print(f"{would if decision.train else wouldnt}:", highlight=False)
    quiet = [alarm.subject for alarm in found.facts.alarms if not alarm.action]
    moved = (f"moved, but to no effect: {', '.join(quiet)}",) if quiet else ()
    for words in (*decision.reasons, *moved, *found.watched.notes):
        out.print(f"  - {words}", highlight=False, markup=False)
