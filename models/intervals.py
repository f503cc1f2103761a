"""Prediction intervals of the value that a customer will turn out to have.

Conformalised quantile regression (Romano, Patterson & Candès 2019), asymmetric, and corrected apart
in groups of expected value (Mondrian), because what holds on the whole need not hold for the best
customers. Boosters say the quantiles from the release's own predictions. An end that comes too near
to zero is zero: so many customers bring nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models import booster
from models.matrix import Floats

NAMES = (
    "expected_value_low_90",
    "expected_value_high_90",
    "expected_value_low_80",
    "expected_value_high_80",
)
"""What :meth:`Intervals.predict` gives."""

INPUTS = ("churn_probability", "value_if_retained", "value_if_churned", "expected_value")
"""The predictions that the quantiles are learnt from, in the order of the boosters' matrix."""

LEVELS = (0.05, 0.1, 0.8, 0.9, 0.95)
"""Quantiles that there is a booster of."""


@dataclass(frozen=True)
class Tails:
    """Which quantiles bound an interval.

    Parameters
    ----------
    low : float
        Of the lower end.
    alone : float
        Of the upper end where the lower one is at zero or below: nothing falls below it, so that
        all misses may lie above.
    high : float
        Of the upper end elsewhere.
    """

    low: float
    alone: float
    high: float


COVERAGES = {90: Tails(0.05, 0.9, 0.95), 80: Tails(0.1, 0.8, 0.9)}
"""Per cent of the customers whom an interval is to cover."""


@dataclass(frozen=True)
class Scale:
    """Values of some customers in units of what is expected of each; zero is zero.

    Linear near zero, logarithmic far from it.

    Parameters
    ----------
    unit : ndarray of shape (rows,)
        Above zero.
    near : ndarray of shape (rows,)
        What is next to nothing, measured.
    """

    unit: Floats
    near: Floats

    def measured(self, value: Floats) -> Floats:
        """Measure amounts."""
        return np.asarray(np.arcsinh(value / self.unit))

    def amounts(self, measured: Floats) -> Floats:
        """Give the amounts that were measured."""
        return np.asarray(np.sinh(measured) * self.unit)

    def snapped(self, measured: Floats) -> Floats:
        """Put at zero what is next to it."""
        return np.where(np.abs(measured) < self.near, 0.0, measured)

    def part(self, rows: NDArray[np.bool_]) -> Scale:
        """Choose customers."""
        return Scale(self.unit[rows], self.near[rows])


@dataclass(frozen=True)
class Units:
    """What measures the values of all customers.

    Parameters
    ----------
    floor : float
        Smallest unit, above zero.
    least : float
        An amount below which, on either side, an end is zero.
    """

    floor: float
    least: float

    def scale(self, expected: Floats) -> Scale:
        """Give the scale of customers of whom so much is expected."""
        unit = np.maximum(expected, self.floor)
        return Scale(unit, np.arcsinh(self.least / unit))


Ends = tuple[Floats, Floats]
"""Lower and upper ends."""


@dataclass(frozen=True)
class Quantiles:
    """Boosters of the conditional quantiles of measured value.

    Parameters
    ----------
    boosters : tuple of lightgbm.Booster
        One a level of :data:`LEVELS`.
    units : Units
    """

    boosters: tuple[lgb.Booster, ...]
    units: Units

    def ends(self, scores: Floats, scale: Scale, threads: int = 0) -> dict[int, Ends]:
        """Give the ends that the boosters say, by coverage, measured.

        Parameters
        ----------
        scores : ndarray of shape (rows, 4)
            :data:`INPUTS`.
        scale : Scale
        threads : int
        """
        said = {
            level: scale.snapped(np.asarray(b.predict(scores, num_threads=threads)))
            for level, b in zip(LEVELS, self.boosters, strict=True)
        }
        return {coverage: _bounds(said, tails) for coverage, tails in COVERAGES.items()}


def _bounds(said: Mapping[float, Floats], tails: Tails) -> Ends:
    low = said[tails.low]
    high = np.where(low <= 0, said[tails.alone], said[tails.high])
    return low, np.maximum(low, high)


@dataclass(frozen=True)
class Intervals:
    """Quantiles, and what is added to them in each group of expected value.

    Parameters
    ----------
    quantiles : Quantiles
    edges : tuple of float
        Expected values at which a new group begins, ascending.
    corrections : mapping of int to tuple of (float, float)
        By coverage and group: how far the ends are moved outwards, measured.
    """

    quantiles: Quantiles
    edges: tuple[float, ...]
    corrections: Mapping[int, tuple[tuple[float, float], ...]]

    def predict(self, scores: Floats, threads: int = 0) -> Floats:
        """Give intervals.

        Parameters
        ----------
        scores : ndarray of shape (rows, 4)
            :data:`INPUTS`.
        threads : int
            0: as many as there are.

        Returns
        -------
        ndarray of shape (rows, 4)
            In the order of :data:`NAMES`, in the currency: lower ends are not above the upper ones,
            and the interval of 80 % lies within that of 90 %.
        """
        expected = scores[:, INPUTS.index("expected_value")]
        scale, group = self.quantiles.units.scale(expected), groups(expected, self.edges)
        found = {
            coverage: moved(ends, np.asarray(self.corrections[coverage])[group].T, scale)
            for coverage, ends in self.quantiles.ends(scores, scale, threads).items()
        }
        low, high = found[80]
        wider = np.minimum(found[90][0], low), np.maximum(found[90][1], high)
        return scale.amounts(np.stack([*wider, low, high])).T

    def to_files(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Give JSON types, and texts by file name."""
        names = [f"value_quantile_{round(100 * level):02}.txt" for level in LEVELS]
        fields = {
            "boosters": names,
            "floor": self.quantiles.units.floor,
            "least": self.quantiles.units.least,
            "edges": list(self.edges),
            "corrections": {str(c): [list(m) for m in v] for c, v in self.corrections.items()},
        }
        texts = map(booster.to_text, self.quantiles.boosters)
        return fields, dict(zip(names, texts, strict=True))

    @classmethod
    def from_files(cls, fields: Mapping[str, Any], texts: Mapping[str, str]) -> Intervals:
        """Read what :meth:`to_files` gave."""
        boosters = tuple(booster.from_text(texts[name]) for name in fields["boosters"])
        units = Units(fields["floor"], fields["least"])
        return cls(
            Quantiles(boosters, units),
            tuple(fields["edges"]),
            {int(c): tuple((a, b) for a, b in v) for c, v in fields["corrections"].items()},
        )


def groups(expected: Floats, edges: Sequence[float]) -> NDArray[np.intp]:
    """Give each customer's group of expected value, from 0."""
    return np.searchsorted(np.asarray(edges), expected, side="right")


def moved(ends: Ends, by: Sequence[Any] | NDArray[Any], scale: Scale) -> Ends:
    """Move measured ends outwards, or inwards where it is negative; they never cross."""
    low = scale.snapped(ends[0] - by[0])
    return low, np.maximum(low, scale.snapped(ends[1] + by[1]))
