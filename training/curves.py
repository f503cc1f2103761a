"""Cumulative curves along a ranking: what gains, Gini, deciles and calibration bins share.

Rows of equal prediction have no order of their own, so a curve has one point for each *distinct*
prediction and is straight between the points. A cut inside a group of ties then takes that share
of the group: the expectation over all orders of the ties, whatever order the rows come in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Running totals along rows ranked from the highest prediction to the lowest.

    Attributes
    ----------
    mass, actual, predicted : ndarray, shape (n_levels + 1,)
        Running totals of the weight, the weighted actual and the weighted prediction after each
        distinct prediction; all begin at 0.
    """

    mass: FloatArray
    actual: FloatArray
    predicted: FloatArray

    def actual_within(self, share: float) -> float:
        """Return the total of ``actual`` in the top ``share`` (0 to 1) of the weight."""
        return float(np.interp(share * self.mass[-1], self.mass, self.actual))

    def area(self) -> float:
        """Return the area between the curve of ``actual`` and its diagonal, over the mass."""
        over_curve = float(np.trapezoid(self.actual, self.mass)) / float(self.mass[-1])
        return over_curve - float(self.actual[-1]) / 2

    def bins(self, count: int) -> Bins:
        """Cut the rows into bins of equal weight and average each."""
        edges = np.linspace(0, self.mass[-1], count + 1)
        mass = self.mass[-1] / count
        return Bins(
            predicted=np.diff(np.interp(edges, self.mass, self.predicted))[::-1] / mass,
            actual=np.diff(np.interp(edges, self.mass, self.actual))[::-1] / mass,
        )


@dataclass(frozen=True)
class Bins:
    """Means over bins of equal weight, from the lowest predictions to the highest.

    Attributes
    ----------
    predicted, actual : ndarray, shape (n_bins,)
        Mean prediction and mean actual of each bin, in the unit of the input.
    """

    predicted: FloatArray
    actual: FloatArray


@dataclass(frozen=True)
class Ranking:
    """Rows by their distinct predictions: sorted once for all that is read off them.

    Attributes
    ----------
    levels : ndarray, shape (n_levels,)
        The distinct predictions, the highest first.
    level : ndarray, shape (n,)
        The number of each row's prediction among them.
    """

    levels: FloatArray
    level: NDArray[np.intp]

    @classmethod
    def of(cls, prediction: FloatArray) -> Ranking:
        """Rank a column."""
        negated, level = np.unique(-prediction, return_inverse=True)
        return cls(-negated, level)

    def curve(self, actual: FloatArray, weights: FloatArray) -> Curve:
        """Return the running totals of columns aligned with the ranked one."""
        mass = np.bincount(self.level, weights=weights)
        return Curve(
            mass=_running(mass),
            actual=_running(np.bincount(self.level, weights=weights * actual)),
            predicted=_running(self.levels * mass),
        )

    def ranks(self) -> FloatArray:
        """Return the rank of each row from 1, the highest; ties at their mean rank."""
        rows = np.bincount(self.level)
        mean: FloatArray = np.cumsum(rows) - (rows - 1) / 2
        return mean[self.level]


def ranked_curve(actual: FloatArray, prediction: FloatArray, weights: FloatArray) -> Curve:
    """Return the running totals of aligned columns, highest prediction first."""
    return Ranking.of(prediction).curve(actual, weights)


def outcome_curve(churned: ArrayLike, score: ArrayLike, weights: ArrayLike | None) -> Curve:
    """Return the running totals of an outcome along a score; columns and errors as `weighted`."""
    return ranked_curve(*weighted(*outcome_and_score(churned, score), weights))


def equal_mass_bins(
    actual: ArrayLike, prediction: ArrayLike, n_bins: int, weights: ArrayLike | None = None
) -> Bins:
    """Cut the rows, ranked by prediction, into bins of equal weight and average each.

    Parameters
    ----------
    actual, prediction : array_like, shape (n,)
        Outcome and prediction, in one unit.
    n_bins : int
        How many bins, at least 1. A row on a border counts in both bins by its share.
    weights : array_like, shape (n,), optional
        Weight of each row; 1 by default.

    Returns
    -------
    Bins
        Means by bin, lowest predictions first.

    Raises
    ------
    ValueError
        If the columns cannot be used together, see `aligned`, or ``n_bins`` is below 1.
    """
    if n_bins < 1:
        raise ValueError(f"n_bins is {n_bins}: give at least 1")
    observed, predicted = aligned(actual=actual, prediction=prediction)
    observed, predicted, weight = weighted(observed, predicted, weights)
    return ranked_curve(observed, predicted, weight).bins(n_bins)


def aligned(**columns: ArrayLike) -> tuple[FloatArray, ...]:
    """Return the named columns as float vectors of one length.

    Raises
    ------
    ValueError
        If a column is not one-dimensional, is empty, holds NaN or an infinity, or is longer than
        another; the message names it.
    """
    vectors = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}
    for name, vector in vectors.items():
        _check_vector(name, vector)
    lengths = {name: len(vector) for name, vector in vectors.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"columns differ in length ({listed}): give one row per snapshot in each")
    return tuple(vectors.values())


def weighted(
    actual: FloatArray, prediction: FloatArray, weights: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return both columns and the weight of each row, without the rows that weigh nothing.

    Raises
    ------
    ValueError
        If ``weights`` differ in length, are negative or are all zero.
    """
    if weights is None:
        return actual, prediction, np.ones(len(actual))
    _, weight = aligned(actual=actual, weights=weights)
    if weight.min() < 0 or weight.max() == 0:
        raise ValueError(
            f"weights run from {weight.min():g} to {weight.max():g}: "
            "give weights of at least 0, some above 0"
        )
    kept = weight > 0
    return actual[kept], prediction[kept], weight[kept]


def outcome_and_score(churned: ArrayLike, score: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return outcome and score, aligned.

    Raises
    ------
    ValueError
        If the columns cannot be used together or an outcome is neither 0 nor 1.
    """
    outcome, ranked = aligned(churned=churned, score=score)
    _check_outcome(outcome)
    return outcome, ranked


def outcome_and_probability(
    churned: ArrayLike, probability: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return outcome and probability, aligned.

    Raises
    ------
    ValueError
        As `outcome_and_score`, and if a probability lies outside [0, 1].
    """
    outcome, predicted = aligned(churned=churned, probability=probability)
    _check_outcome(outcome)
    outside = predicted[(predicted < 0) | (predicted > 1)]
    if outside.size:
        raise ValueError(f"probability holds {outside[0]:g}: give values from 0 to 1")
    return outcome, predicted


def _check_outcome(outcome: FloatArray) -> None:
    strange = outcome[(outcome != 0) & (outcome != 1)]
    if strange.size:
        raise ValueError(f"churned holds {strange[0]:g}: give 1 (left) or 0 (stayed)")


def _check_vector(name: str, vector: FloatArray) -> None:
    if vector.ndim != 1 or vector.size == 0:
        raise ValueError(
            f"{name} has shape {vector.shape}: give one dimension with at least one row"
        )
    unusable = int(np.count_nonzero(~np.isfinite(vector)))
    if unusable:
        raise ValueError(
            f"{name} has {unusable} NaN or infinite of {vector.size} rows: leave them out"
        )


def _running(steps: NDArray[Any]) -> FloatArray:
    return np.concatenate([np.zeros(1), np.cumsum(steps)])
