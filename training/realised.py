"""What came true of scores, beside what was promised of them when their model was trained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.matrix import Floats
from training.bootstrap import Interval, intervals
from training.evaluate import MODEL, Evaluation, resamples
from training.measures import (
    bias,
    expected_calibration_error,
    normalised_gini,
    roc_auc,
)

NAMES = {
    "roc_auc": "ROC AUC",
    "observed_over_expected": "leavers over those expected",
    "ece": "ECE",
    "normalised_gini": "norm. Gini",
    "bias": "value expected over value",
}
"""The measures, and how they are called."""

_RANKINGS = ("roc_auc", "normalised_gini")
_RATIOS = ("observed_over_expected", "bias")
"""The calibration error is told and not judged: on other numbers of customers it differs."""

_LOST = 0.02
"""Of a ranking: a loss below this needs no action, however sure it is."""

_OFF = 1.1
"""Of a ratio: less than a tenth beyond what was promised needs no action, however sure it is."""


@dataclass(frozen=True)
class Kept:
    """A measure that was promised, and what it came to.

    Parameters
    ----------
    measure : str
    promised : Interval or None
        None where nothing could be held out to promise it.
    realised : Interval
    """

    measure: str
    promised: Interval | None
    realised: Interval

    @property
    def broken(self) -> bool:
        """Whether it is worse than promised, beyond both intervals and by enough to matter."""
        if self.promised is None or self.measure not in (*_RANKINGS, *_RATIOS):
            return False
        if self.measure in _RANKINGS:
            lost = self.promised.estimate - self.realised.estimate
            return self.realised.high < self.promised.low and lost >= _LOST
        # A ratio that comes nearer to 1 than was promised breaks no promise.
        low, high = min(self.promised.low, 1.0), max(self.promised.high, 1.0)
        above = self.realised.low > high and self.realised.estimate >= high * _OFF
        below = self.realised.high < low and self.realised.estimate <= low / _OFF
        return above or below

    def __str__(self) -> str:
        name = NAMES[self.measure]
        if self.promised is None:
            return f"{name} {_said(self.realised)}"
        return f"{name} {_said(self.realised)}, promised {_said(self.promised)}"


def promised(evaluation: Evaluation, seed: int) -> dict[str, Interval]:
    """Give what an evaluation promises of the scores to come.

    Parameters
    ----------
    evaluation : Evaluation
    seed : int
        Of the bootstrap.
    """
    said = {"churned": evaluation.churned, "churn_probability": evaluation.churn[MODEL].response}
    if MODEL in evaluation.worth:
        worth = evaluation.worth[MODEL].response
        said |= {"value": evaluation.value, "expected_value": worth}
    return realised(pd.DataFrame(said), seed)


def realised(frame: pd.DataFrame, seed: int) -> dict[str, Interval]:
    """Measure scores whose outcome is known, with 90 % intervals.

    Parameters
    ----------
    frame : DataFrame
        A customer a row: ``churned`` and ``churn_probability`` and, where values are predicted,
        ``value`` and ``expected_value``. At least one row.
    seed : int
        Of the bootstrap.
    """
    names = ["churned", "churn_probability"]
    if "value" in frame and frame["expected_value"].notna().all():
        names += ["value", "expected_value"]
    columns = tuple(frame[name].to_numpy(np.float64) for name in names)
    return intervals(_measures, columns, n=resamples(len(frame)), seed=seed)


def beside(promises: Mapping[str, Interval], found: Mapping[str, Interval]) -> tuple[Kept, ...]:
    """Put what came true beside what was promised."""
    return tuple(Kept(m, promises.get(m), one) for m, one in found.items())


def to_notes(promises: Mapping[str, Interval]) -> dict[str, list[float | None]]:
    """Give promises in JSON types, for a bundle's notes."""
    return {
        m: [None if math.isnan(x) else x for x in (i.estimate, i.low, i.high)]
        for m, i in promises.items()
    }


def from_notes(notes: Mapping[str, list[float | None]]) -> dict[str, Interval]:
    """Read what :func:`to_notes` gave; what could not be measured is left out."""
    known = {m: [x for x in ends if x is not None] for m, ends in notes.items()}
    return {m: Interval(*ends) for m, ends in known.items() if len(ends) == len(notes[m])}


def _measures(
    churned: Floats, p: Floats, value: Floats | None = None, expected: Floats | None = None
) -> dict[str, float]:
    made = {
        "roc_auc": roc_auc(churned, p),
        "observed_over_expected": float(churned.sum() / p.sum()),
        "ece": expected_calibration_error(churned, p),
    }
    if value is None or expected is None:
        return made
    gini = normalised_gini(value, expected)
    return {**made, "normalised_gini": gini, "bias": bias(value, expected)}


def _said(found: Interval) -> str:
    return f"{found.estimate:.3f} [{found.low:.3f}, {found.high:.3f}]"
