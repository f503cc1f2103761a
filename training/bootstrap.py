"""Bootstrap intervals: how far a measure, or a difference of two models, could be chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Column = NDArray[Any]
MeasureFunction = Callable[..., Mapping[str, float]]


@dataclass(frozen=True)
class Interval:
    """An estimate and its percentile bootstrap interval.

    Attributes
    ----------
    estimate : float
        The measure, or the difference, on all rows as they are.
    low, high : float
        Ends of the interval, in the measure's unit; NaN if no resample defines the measure.
    """

    estimate: float
    low: float
    high: float


def intervals(
    measure_fn: MeasureFunction,
    arrays: Sequence[ArrayLike],
    *,
    n: int = 200,
    seed: int,
    level: float = 0.9,
    customers: ArrayLike | None = None,
) -> dict[str, Interval]:
    """Return the percentile bootstrap interval of each measure.

    Parameters
    ----------
    measure_fn : callable
        Called as ``measure_fn(*arrays)``; returns numbers by name. It must not depend on the
        order of the rows.
    arrays : sequence of array_like, each of shape (rows, ...)
        Columns of one length; a resample takes the same rows of each.
    n : int
        Number of resamples, at least 1.
    seed : int
        Seed of the resampling; the same seed gives the same intervals.
    level : float
        Coverage of the interval, between 0 and 1.
    customers : array_like, shape (rows,), optional
        Customer of each row. Where customers have several rows (one per cutoff) they are drawn
        with all of them, as their rows are not independent. Default: each row a customer.

    Returns
    -------
    dict of str to Interval
        In the order of the measures. Resamples without a defined value (a single class, say) are
        left out of the interval.

    Raises
    ------
    ValueError
        If the columns differ in length or are empty, or ``n`` or ``level`` is out of range.

    Notes
    -----
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13. A measure that rises
    with noise (the calibration error) is higher in resamples: its interval can lie above the
    estimate.
    """
    columns = _columns(arrays)
    _check_resampling(n, level)
    rng = np.random.default_rng(seed)
    groups = _groups(len(columns[0]), customers)
    estimate = measure_fn(*columns)
    draws = [
        measure_fn(*(column[rows] for column in columns))
        for rows in (_resample(groups, rng) for _ in range(n))
    ]
    return {
        name: _interval(value, np.array([draw[name] for draw in draws]), level)
        for name, value in estimate.items()
    }


def paired(  # noqa: PLR0913 - the settings go by name, each with the field's default
    measure_fn: MeasureFunction,
    actual: ArrayLike,
    prediction_a: ArrayLike,
    prediction_b: ArrayLike,
    *,
    n: int = 200,
    seed: int,
    level: float = 0.9,
    customers: ArrayLike | None = None,
) -> dict[str, Interval]:
    """Return each measure of prediction a less that of prediction b, with its interval.

    Both are measured on the same resamples, so what is hard for both cancels out.

    Parameters
    ----------
    measure_fn : callable
        Called as ``measure_fn(actual, prediction)``; returns numbers by name.
    actual, prediction_a, prediction_b : array_like, shape (rows,)
        Outcome and the two predictions of it.
    n, seed, level, customers
        As in `intervals`.

    Returns
    -------
    dict of str to Interval
        Differences a - b in the measures' units. An interval that holds 0 is no difference.

    Raises
    ------
    ValueError
        As `intervals`.
    """

    def difference(outcome: Column, first: Column, second: Column) -> dict[str, float]:
        other = measure_fn(outcome, second)
        return {name: value - other[name] for name, value in measure_fn(outcome, first).items()}

    columns = (actual, prediction_a, prediction_b)
    return intervals(difference, columns, n=n, seed=seed, level=level, customers=customers)


def _columns(arrays: Sequence[ArrayLike]) -> list[Column]:
    columns = [np.asarray(array) for array in arrays]
    lengths = [len(column) for column in columns]
    if len(set(lengths)) != 1 or lengths[0] == 0:
        raise ValueError(f"arrays have {lengths} rows: give columns of one length, not empty")
    return columns


def _check_resampling(n: int, level: float) -> None:
    if n < 1 or not 0 < level < 1:
        raise ValueError(f"n is {n}, level {level:g}: give n of at least 1, level within (0, 1)")


def _groups(n_rows: int, customers: ArrayLike | None) -> NDArray[np.intp]:
    """Return the number of the customer that each row belongs to, from 0."""
    if customers is None:
        return np.arange(n_rows)
    names = np.asarray(customers)
    if len(names) != n_rows:
        raise ValueError(f"customers has {len(names)} rows, the arrays {n_rows}: give one per row")
    return np.unique(names, return_inverse=True)[1]


def _resample(groups: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the rows of as many customers as there are, drawn with replacement."""
    n_groups = int(groups.max()) + 1
    times = np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)
    return np.repeat(np.arange(len(groups)), times[groups])


def _interval(estimate: float, draws: NDArray[np.float64], level: float) -> Interval:
    defined = draws[np.isfinite(draws)]
    if defined.size == 0:
        return Interval(float(estimate), float("nan"), float("nan"))
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(estimate), float(low), float(high))


def standard_errors(
    measure_fn: MeasureFunction,
    arrays: Sequence[ArrayLike],
    *,
    n: int = 200,
    seed: int,
    customers: ArrayLike | None = None,
) -> dict[str, float]:
    """Return the bootstrap standard error of each measure, for intervals of any coverage.

    Parameters and errors are those of `intervals`; NaN where no two resamples define a measure.
    """
    columns = _columns(arrays)
    rng = np.random.default_rng(seed)
    groups = _groups(len(columns[0]), customers)
    resamples = (_resample(groups, rng) for _ in range(n))
    draws = [measure_fn(*(column[rows] for column in columns)) for rows in resamples]
    return {name: _deviation(np.array([draw[name] for draw in draws])) for name in draws[0]}


def _deviation(draws: NDArray[np.float64]) -> float:
    defined = draws[np.isfinite(draws)]
    return float(defined.std(ddof=1)) if defined.size > 1 else float("nan")
