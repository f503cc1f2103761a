"""Measures of churn probabilities, one function each; NaN where the data define none.

Those that rank have a twin that takes the curve: who wants several of them sorts the rows once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.curves import (
    Curve,
    FloatArray,
    outcome_and_probability,
    outcome_curve,
    ranked_curve,
    weighted,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CALIBRATION_BINS = 15
TOP_SHARE = 0.1


def roc_auc(churned: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None) -> float:
    r"""Return the area under the ROC curve.

    .. math:: P(s_i > s_j) + P(s_i = s_j) / 2, \quad i \text{ left}, j \text{ stayed}

    Range 0 to 1, .5 random, higher is better; no unit. NaN with a single class.

    Parameters
    ----------
    churned, weights
        As in `training.measures.churn_measures`.
    score : array_like, shape (n,)
        Churn probability or any score that rises with it.

    Returns
    -------
    float
        The area.

    Notes
    -----
    Hanley & McNeil (1982), Radiology 143(1).
    """
    return roc_area(outcome_curve(churned, score, weights))


def roc_area(curve: Curve) -> float:
    """Return `roc_auc` along a curve."""
    if _single_class(curve):
        return float("nan")
    stayed = curve.mass - curve.actual
    return float(np.trapezoid(curve.actual, stayed) / (curve.actual[-1] * stayed[-1]))


def pr_auc(churned: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None) -> float:
    r"""Return the area under the precision-recall curve, as average precision.

    .. math:: \sum_k (R_k - R_{k-1})\,P_k

    over the distinct scores from the highest, with recall R and precision P. Range 0 to 1,
    the churn share if random, higher is better; no unit. NaN with a single class.

    Parameters
    ----------
    churned, weights
        As in `training.measures.churn_measures`.
    score : array_like, shape (n,)
        Churn probability or any score that rises with it.

    Returns
    -------
    float
        The average precision.

    Notes
    -----
    Not interpolated, which would flatter: Davis & Goadrich (2006), ICML.
    """
    return average_precision(outcome_curve(churned, score, weights))


def average_precision(curve: Curve) -> float:
    """Return `pr_auc` along a curve."""
    if _single_class(curve):
        return float("nan")
    precision = curve.actual[1:] / curve.mass[1:]
    return float(np.diff(curve.actual) @ precision / curve.actual[-1])


def brier(churned: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None) -> float:
    r"""Return the Brier score.

    .. math:: \frac{1}{n} \sum_i (p_i - y_i)^2

    Range 0 to 1, lower is better; no unit. Always defined.

    Parameters
    ----------
    churned, probability, weights
        As in `training.measures.churn_measures`.

    Returns
    -------
    float
        The mean squared error of the probability.

    Notes
    -----
    Brier (1950), Monthly Weather Review 78(1).
    """
    outcome, predicted, weight = _weighted(churned, probability, weights)
    return float(np.average((predicted - outcome) ** 2, weights=weight))


def log_loss(churned: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None) -> float:
    r"""Return the mean negative log-likelihood.

    .. math:: -\frac{1}{n} \sum_i y_i \ln p_i + (1 - y_i) \ln(1 - p_i)

    Range 0 to 36.04, in nats, lower is better. Always defined: probabilities are clipped to
    [ε, 1 - ε] with ε = 2.2e-16, as scikit-learn does, so one certain mistake stays finite.

    Parameters
    ----------
    churned, probability, weights
        As in `training.measures.churn_measures`.

    Returns
    -------
    float
        The loss.

    Notes
    -----
    Good (1952), Journal of the Royal Statistical Society B 14(1).
    """
    outcome, predicted, weight = _weighted(churned, probability, weights)
    epsilon = np.finfo(np.float64).eps
    clipped = np.clip(predicted, epsilon, 1 - epsilon)
    likelihood = np.log(np.where(outcome == 1, clipped, 1 - clipped))
    return -float(np.average(likelihood, weights=weight))


def expected_calibration_error(
    churned: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None
) -> float:
    r"""Return the expected calibration error over 15 bins of equal weight.

    .. math:: \frac{1}{15} \sum_b |\bar p_b - \bar y_b|

    Range 0 to 1, lower is better; no unit. Always defined. It is at least a little above 0 for a
    perfectly calibrated model too, more so on few rows.

    Parameters
    ----------
    churned, probability, weights
        As in `training.measures.churn_measures`.

    Returns
    -------
    float
        The mean absolute gap between predicted and observed share.

    Notes
    -----
    Naeini, Cooper & Hauskrecht (2015), AAAI; equal-mass bins after Nixon et al. (2019).
    """
    return calibration_gap(ranked_curve(*_weighted(churned, probability, weights)))


def calibration_gap(curve: Curve) -> float:
    """Return `expected_calibration_error` along a curve of probabilities."""
    bins = curve.bins(CALIBRATION_BINS)
    return float(np.mean(np.abs(bins.predicted - bins.actual)))


def top_decile_lift(
    churned: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None
) -> float:
    r"""Return how many times commoner churn is in the riskiest tenth than overall.

    .. math:: \frac{P(\text{left} \mid \text{top } 10\,\%)}{P(\text{left})}

    Range 0 to 10, 1 random, higher is better; no unit. NaN with a single class.

    Parameters
    ----------
    churned, weights
        As in `training.measures.churn_measures`.
    score : array_like, shape (n,)
        Churn probability or any score that rises with it.

    Returns
    -------
    float
        The lift.

    Notes
    -----
    Neslin et al. (2006), Journal of Marketing Research 43(2).
    """
    return top_lift(outcome_curve(churned, score, weights))


def top_lift(curve: Curve) -> float:
    """Return `top_decile_lift` along a curve."""
    if _single_class(curve):
        return float("nan")
    return curve.actual_within(TOP_SHARE) / TOP_SHARE / float(curve.actual[-1])


def _weighted(
    churned: ArrayLike, probability: ArrayLike, weights: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    return weighted(*outcome_and_probability(churned, probability), weights)


def _single_class(curve: Curve) -> bool:
    return float(curve.actual[-1]) in {0.0, float(curve.mass[-1])}
