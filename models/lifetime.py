"""Lifetime value: what a customer is expected to bring in the years to come, as of today."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.matrix import Floats

_YEAR = 365


@dataclass(frozen=True)
class Lifetime:
    """What a lifetime value assumes (after Gupta & Lehmann 2003).

    Whoever stays over one value horizon brings the same over each later one, and stays with the
    same probability again.

    Parameters
    ----------
    churn_horizon, value_horizon : int
        Days that the probability and the values look ahead.
    years : float
        The cap: value horizons that end later do not count, but for the first.
    discount : float
        Annual rate at which later value loses worth, 0 or more.
    """

    churn_horizon: int
    value_horizon: int
    years: float
    discount: float

    @property
    def periods(self) -> int:
        """Value horizons that count, 1 at least."""
        return max(1, int(self.years * _YEAR // self.value_horizon))

    def value(self, p: Floats, retained: Floats, expected: Floats) -> Floats:
        """Give lifetime values.

        Parameters
        ----------
        p, retained, expected : ndarray of shape (rows,)
            Churn probability, value if retained and expected value.

        Returns
        -------
        ndarray of shape (rows,)
            ``expected`` of the first period, then of each period t = 2, 3, … up to the cap
            ``retained · r^t / (1 + discount)^((t - 1) · value_horizon / 365)`` with
            ``r = (1 - p)^(value_horizon / churn_horizon)``, the probability to stay over one.
        """
        stays = (1 - p) ** (self.value_horizon / self.churn_horizon)
        worth = (1 + self.discount) ** (-self.value_horizon / _YEAR)
        return np.asarray(expected + retained * stays * _sum(stays * worth, self.periods - 1))


def _sum(ratio: Floats, terms: int) -> Floats:
    """Add up the first powers of ratios of 0 to 1, from the first on."""
    below = np.minimum(ratio, np.nextafter(1.0, 0.0))
    total = below * (1 - below**terms) / (1 - below)
    return np.where(ratio < 1, total, float(terms))
