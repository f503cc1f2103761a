"""How often the actual value lies in the interval that Keepwell gave for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

LEVELS = (80, 90)
DECILES = 10
_WIDE = 0.02
_LEAST, _MOST, _FEW_ZEROS = 0.85, 0.95, 0.8


@dataclass(frozen=True)
class Coverage:
    """Coverage of one interval on one snapshot.

    Parameters
    ----------
    level : int
        Percent that it promises.
    overall : float
    deciles : DataFrame
        ``predicted`` (mean), ``coverage`` and ``zeros`` (share of values of 0), a decile of
        predicted value a row, the lowest first.
    """

    level: int
    overall: float
    deciles: pd.DataFrame

    @property
    def holds(self) -> bool:
        """Whether the coverage is what is promised, overall and, at 90 %, in every decile.

        Overall within two points. Every decile at least 85 %, and at most 95 % where fewer than
        80 % of values are 0: an interval that holds 0 cannot cover them less.
        """
        return abs(self.overall - self.level / 100) <= _WIDE and not self.faults

    @property
    def faults(self) -> list[int]:
        """The deciles (1 is the lowest) whose coverage at 90 % is too low or too high."""
        if self.level != LEVELS[-1]:
            return []
        shown = self.deciles
        high = (shown["coverage"] > _MOST) & (shown["zeros"] < _FEW_ZEROS)
        return [int(n) for n in shown.index[(shown["coverage"] < _LEAST) | high]]


def coverages(value: pd.Series[float] | None, scores: pd.DataFrame) -> list[Coverage]:
    """Give the coverage of the intervals that scores have; none where there are none, or no values.

    Parameters
    ----------
    value : Series, optional
        Actual, by customer.
    scores : DataFrame
        Keepwell's, by the same customers.
    """
    return [
        coverage(value, scores, level)
        for level in LEVELS
        if value is not None and f"expected_value_low_{level}" in scores.columns
    ]


def coverage(value: pd.Series[float], scores: pd.DataFrame, level: int) -> Coverage:
    """Give the coverage of one interval, ends included."""
    low, high = (scores[f"expected_value_{end}_{level}"] for end in ("low", "high"))
    inside = (value >= low) & (value <= high)
    order = np.argsort(scores["expected_value"].to_numpy(), kind="stable")
    decile = np.empty(len(order), dtype=np.intp)
    for number, rows in enumerate(np.array_split(order, DECILES), start=1):
        decile[rows] = number
    grouped = pd.DataFrame(
        {"predicted": scores["expected_value"], "coverage": inside, "zeros": value == 0}
    ).groupby(decile)
    return Coverage(level, float(inside.mean()), grouped.mean())
