"""What a perfectly calibrated model would show by chance, at the size of a snapshot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.accuracy.judging import log_bias
from training.measures import expected_calibration_error

SIMULATIONS = 300
GROUPS = 20
_MOST = 0.95


@dataclass(frozen=True)
class Floor:
    """What chance alone shows.

    Parameters
    ----------
    mean : float
    high : float
        Its 95 % quantile: more than that is not chance.
    """

    mean: float
    high: float


def calibration_floor(probability: ArrayLike, seed: int = 0) -> Floor:
    """Simulate the ECE of probabilities that are the true ones.

    Parameters
    ----------
    probability : array_like, shape (n,)
    seed : int
    """
    p, rng = np.asarray(probability, dtype=np.float64), np.random.default_rng(seed)
    drawn = [
        expected_calibration_error((rng.random(len(p)) < p).astype(np.float64), p)
        for _ in range(SIMULATIONS)
    ]
    return _floor(drawn)


def bias_floor(value: ArrayLike, predicted: ArrayLike, seed: int = 0) -> Floor:
    """Simulate |log bias| of values whose expectations are the predicted ones.

    A customer's value is drawn from the actual ones of those with alike predictions (one group of
    :data:`GROUPS` by rank), scaled so that the group's mean is the customer's prediction. Drift
    and season, which move all customers together, are not in it.

    Parameters
    ----------
    value, predicted : array_like, shape (n,)
        Actual values, for their spread, and predictions.
    seed : int
    """
    actual, expected = np.asarray(value, np.float64), np.asarray(predicted, np.float64)
    rng = np.random.default_rng(seed)
    ratios = _ratios(actual, expected)
    drawn = []
    for _ in range(SIMULATIONS):
        simulated = np.empty(len(expected))
        for rows, ratio in ratios:
            simulated[rows] = expected[rows] * rng.choice(ratio, len(rows))
        drawn.append(log_bias(simulated, expected))
    return _floor(drawn)


def _ratios(
    actual: NDArray[np.float64], expected: NDArray[np.float64]
) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Give each group's rows, and its values over their mean; all values' where it is not > 0."""
    groups = np.array_split(np.argsort(expected, kind="stable"), min(GROUPS, len(expected)))
    everybody = actual / actual.mean() if actual.mean() > 0 else np.ones(len(actual))
    return [
        (rows, actual[rows] / mean if (mean := actual[rows].mean()) > 0 else everybody)
        for rows in groups
    ]


def _floor(drawn: list[float]) -> Floor:
    return Floor(float(np.nanmean(drawn)), float(np.nanquantile(drawn, _MOST)))
