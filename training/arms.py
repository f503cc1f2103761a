"""Two arms of an experiment compared: the difference of their means, and with covariates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.matrix import Floats

LEVEL = 0.9
"""Coverage of the intervals."""

_PER_COVARIATE = 20
"""Customers of an arm for each covariate: fewer would follow chance."""

_CONSTANT, _TOLD = 1e-12, 1e-6
_LEAST_ROOM = 1e-6
"""A customer whom a regression follows exactly tells nothing of the error."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """A difference of means, treated less control, a customer.

    Parameters
    ----------
    difference : float
        In the outcome's unit.
    low, high : float
        Ends of its interval.
    error : float
        Its standard error.
    """

    difference: float
    low: float
    high: float
    error: float


def difference(outcome: Floats, treated: Mask, level: float = LEVEL) -> Estimate:
    """Compare the means of two arms of any variances.

    Parameters
    ----------
    outcome : array, shape (customers,)
    treated : bool array, shape (customers,)
        Two customers of each arm at least.
    level : float
        Coverage of the interval.

    Notes
    -----
    Neyman's variance with Welch's degrees of freedom (Welch 1947, Biometrika 34).
    """
    one, other = outcome[treated], outcome[~treated]
    parts = [arm.var(ddof=1) / len(arm) for arm in (one, other)]
    error = math.sqrt(sum(parts))
    spread = sum(p**2 / (len(arm) - 1) for p, arm in zip(parts, (one, other), strict=True))
    degrees = sum(parts) ** 2 / spread if spread else math.inf
    return _estimate(float(one.mean() - other.mean()), error, degrees, level)


def adjusted(
    outcome: Floats, treated: Mask, covariates: Floats, level: float = LEVEL
) -> Estimate | None:
    """Compare the means of two arms, less what covariates from before explain.

    Parameters
    ----------
    outcome : array, shape (customers,)
    treated : bool array, shape (customers,)
    covariates : array, shape (customers, covariates)
        Known before the contact, the most telling first: of small arms only the first are used.
        NaN is filled with the mean, and marked by a further covariate.
    level : float
        Coverage of the interval.

    Returns
    -------
    Estimate or None
        None where no covariate tells anything, or there are too few customers for one.

    Notes
    -----
    Lin (2013), Annals of Applied Statistics 7: each arm has a regression of its own on the centred
    covariates, and their intercepts are compared; never less precise than the plain difference
    in large samples, whatever the truth looks like. With one covariate that is CUPED (Deng et al.
    2013). Errors are robust (HC2), and count that the customers are a sample (Negi & Wooldridge
    2021, Econometric Reviews 40).
    """
    known = _usable(_filled(covariates), treated)[:, : min(arms(treated)) // _PER_COVARIATE]
    if known.shape[1] == 0:
        return None
    centred = (known - known.mean(axis=0)) / known.std(axis=0)
    one, other = (_intercept(outcome[arm], centred[arm]) for arm in (treated, ~treated))
    moved = one.slopes - other.slopes
    sampled = float(np.var(centred @ moved)) / len(outcome)
    error = math.sqrt(one.variance + other.variance + sampled)
    degrees = len(outcome) - 2 * (known.shape[1] + 1)
    return _estimate(one.value - other.value, error, degrees, level)


def _estimate(found: float, error: float, degrees: float, level: float) -> Estimate:
    reach = float(stats.t.ppf((1 + level) / 2, degrees)) * error
    return Estimate(found, found - reach, found + reach, error)


def arms(treated: Mask) -> tuple[int, int]:
    """Count the treated and the control customers."""
    return int(treated.sum()), int((~treated).sum())


def _filled(covariates: Floats) -> Floats:
    """Fill what is not known with the mean, and mark it."""
    absent = np.isnan(covariates)
    known = covariates[:, ~absent.all(axis=0)]
    marks = np.isnan(known)
    means = np.nanmean(known, axis=0) if known.size else np.zeros(known.shape[1])
    return np.hstack([np.where(marks, means, known), marks[:, marks.any(axis=0)].astype(float)])


def _usable(known: Floats, treated: Mask) -> Floats:
    """Keep covariates that vary in both arms and are not told by those before them."""
    kept: list[int] = []
    for column in range(known.shape[1]):
        trial = [*kept, column]
        if all(_full_rank(known[arm][:, trial]) for arm in (treated, ~treated)):
            kept = trial
    return known[:, kept]


def _full_rank(columns: Floats) -> bool:
    spread = columns.std(axis=0)
    if (spread <= _CONSTANT * np.abs(columns).max(axis=0)).any():
        return False
    standard = (columns - columns.mean(axis=0)) / spread
    return bool(np.linalg.matrix_rank(standard, tol=_TOLD * math.sqrt(len(columns))) == len(spread))


@dataclass(frozen=True)
class _Intercept:
    value: float
    variance: float
    slopes: NDArray[Any]


def _intercept(outcome: Floats, centred: Floats) -> _Intercept:
    """Fit least squares; the variance of the intercept is HC2 (MacKinnon & White 1985)."""
    design = np.column_stack([np.ones(len(outcome)), centred])
    inverse = np.linalg.pinv(design)
    fitted = inverse @ outcome
    leverage = np.einsum("ij,ji->i", design, inverse)
    room = np.maximum(1 - leverage, _LEAST_ROOM)
    squares = (outcome - design @ fitted) ** 2 / room
    return _Intercept(float(fitted[0]), float(inverse[0] ** 2 @ squares), fitted[1:])
