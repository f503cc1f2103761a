"""Keepwell against the best peer, averaged over a log's cutoffs, with paired intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.accuracy.judging import KEEPWELL, MEASURES, Measure, measured
from training.bootstrap import Interval, intervals

RESAMPLES = 200
LEVEL = 0.9
SEED = 0
MEAN = "mean"


@dataclass(frozen=True)
class Judged:
    """A snapshot's outcome and everybody's predictions of it.

    Parameters
    ----------
    name : str
        Of the cutoff.
    outcome : DataFrame
        ``churned`` and ``value``, by customer.
    predictions : DataFrame
        ``"method/part"`` a column, by the same customers.
    """

    name: str
    outcome: pd.DataFrame
    predictions: pd.DataFrame


@dataclass(frozen=True)
class Comparison:
    """Keepwell beside the best peer on one measure.

    Parameters
    ----------
    measure : Measure
    ours, theirs : float
        Averages over the cutoffs.
    peer : str
        Whose average is the best.
    differences : dict of str to Interval
        Keepwell less the peer, by cutoff, and :data:`MEAN` of their average.
    """

    measure: Measure
    ours: float
    theirs: float
    peer: str
    differences: Mapping[str, Interval]

    @property
    def verdict(self) -> str:
        """Better or worse where the interval of the average says so, else level."""
        return verdict(self.differences[MEAN], higher=self.measure.higher)


def verdict(difference: Interval, *, higher: bool) -> str:
    """Say in a word what a difference means.

    Parameters
    ----------
    difference : Interval
        Keepwell less the peer.
    higher : bool
        Whether more is better.

    Returns
    -------
    str
        ``"better"`` or ``"worse"`` where the interval leaves 0 out; else ``"level, ahead"``,
        ``"level"`` (equal) or ``"level, behind"``.
    """
    sign = 1.0 if higher else -1.0
    ends = sorted((sign * difference.low, sign * difference.high))
    if ends[0] > 0:
        return "better"
    if ends[1] < 0:
        return "worse"
    ahead = sign * difference.estimate
    return "level, ahead" if ahead > 0 else "level, behind" if ahead < 0 else "level"


def compare(judged: Sequence[Judged], resamples: int = RESAMPLES) -> list[Comparison]:
    """Compare Keepwell with the peer that is best on average, measure by measure.

    Parameters
    ----------
    judged : sequence of Judged
        The cutoffs of one log.
    resamples : int
        Of the bootstrap.

    Returns
    -------
    list of Comparison
        In the order of the measures; one that no peer has is left out.
    """
    means = average(judged)
    peers = {m: best(means, m) for m in MEASURES}
    rivals = {m: peer for m, peer in peers.items() if peer is not None and KEEPWELL in means.index}
    found = _differences(judged, rivals, resamples)
    return [
        Comparison(
            m,
            float(means[m.name][KEEPWELL]),
            float(means[m.name][peer]),
            peer,
            {name: found[f"{m.name}/{name}"] for name in [*(j.name for j in judged), MEAN]},
        )
        for m, peer in rivals.items()
    ]


def average(judged: Sequence[Judged]) -> pd.DataFrame:
    """Average every method's measures over the cutoffs; NaN where it missed one."""
    tables = [measured(j.outcome, j.predictions) for j in judged]
    stacked = pd.concat(tables, keys=range(len(tables)))
    complete = stacked.groupby(level=1, sort=False)
    return complete.mean().where(complete.count() == len(tables))


def best(means: pd.DataFrame, measure: Measure) -> str | None:
    """Give the peer with the best average; None where no peer has one."""
    column = means[measure.name].drop(index=KEEPWELL, errors="ignore").dropna()
    if column.empty:
        return None
    return str(column.idxmax() if measure.higher else column.idxmin())


def _differences(
    judged: Sequence[Judged], rivals: Mapping[Measure, str], resamples: int
) -> dict[str, Interval]:
    """Resample customers, each with all of their cutoffs, as their rows are not independent."""
    stacked = pd.concat([j.outcome.join(j.predictions) for j in judged])
    cutoff = np.repeat(np.arange(len(judged)), [len(j.outcome) for j in judged])
    pairs = [(m, m.of(stacked, KEEPWELL), m.of(stacked, peer)) for m, peer in rivals.items()]

    names = [*(j.name for j in judged), MEAN]

    def difference(rows: NDArray[np.intp], of: NDArray[np.intp]) -> dict[str, float]:
        parts = [stacked.iloc[rows[of == number]] for number in range(len(judged))]
        found = np.array([[_change(part, *pair) for pair in pairs] for part in parts])
        return {
            f"{measure.name}/{name}": float(value)
            for name, row in zip(names, [*found, found.mean(axis=0)], strict=True)
            for (measure, _, _), value in zip(pairs, row, strict=True)
        }

    rows = np.arange(len(stacked))
    return intervals(
        difference,
        (rows, cutoff),
        n=resamples,
        seed=SEED,
        level=LEVEL,
        customers=stacked.index.to_numpy(),
    )


def _change(rows: pd.DataFrame, measure: Measure, ours: str | None, theirs: str | None) -> float:
    actual = rows[measure.actual]
    return measure.function(actual, rows[ours]) - measure.function(actual, rows[theirs])
