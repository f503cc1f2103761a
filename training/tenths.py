"""Calibration of scores that have come true: by tenth, what was expected and what came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.curves import Bins, equal_mass_bins
from training.plots import wilson

TENTHS = 10


@dataclass(frozen=True)
class Tenths:
    """Customers in tenths by their score, the lowest first.

    Parameters
    ----------
    customers : int
        In all tenths together.
    churn : Bins
        By churn probability: its mean, and the share who left.
    value : Bins or None
        By expected value: its mean, and the mean of the value; None without values.
    """

    customers: int
    churn: Bins
    value: Bins | None

    @property
    def beyond_chance(self) -> tuple[bool, ...]:
        """Whether each tenth's expected share lies outside the 90 % interval of what came."""
        low, high = wilson(self.churn.actual, self.customers / TENTHS)
        expected = self.churn.predicted
        return tuple(((expected < low) | (expected > high)).tolist())


def tenths(frame: pd.DataFrame) -> Tenths:
    """Cut customers whose outcome is known into tenths by their score.

    Parameters
    ----------
    frame : DataFrame
        As for :func:`training.realised.realised`.
    """
    churned, p = (frame[name].to_numpy(np.float64) for name in ("churned", "churn_probability"))
    churn = equal_mass_bins(churned, p, TENTHS)
    if "value" not in frame or frame["expected_value"].isna().any():
        return Tenths(len(frame), churn, None)
    value, expected = (frame[name].to_numpy(np.float64) for name in ("value", "expected_value"))
    return Tenths(len(frame), churn, equal_mass_bins(value, expected, TENTHS))
