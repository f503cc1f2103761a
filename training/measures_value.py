"""Measures of predicted values, one function each; NaN where the data define none.

Those that rank have a twin that takes rankings or curves: who wants several sorts the rows once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.curves import Curve, FloatArray, Ranking, aligned, ranked_curve

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

DECILES = 10
TOP_SHARE = 0.1


def normalised_gini(actual: ArrayLike, predicted: ArrayLike) -> float:
    r"""Return the Gini of the actual ranked by prediction over that of the actual by itself.

    .. math:: \frac{G(y; \hat y)}{G(y; y)}, \quad
              G(y; s) = \int_0^1 L_s(x)\,dx - \tfrac12

    with L the share of the total actual in the top x by s. Range -1 to 1, 0 random, 1 a perfect
    ranking; no unit. NaN if all actual values are equal. The total cancels out of the ratio, so
    negative values and a total of 0 are fine.

    Parameters
    ----------
    actual, predicted
        As in `training.measures.value_measures`.

    Returns
    -------
    float
        The ratio.

    Notes
    -----
    Wang, Liu & Miao (2019), arXiv:1912.07753.
    """
    value, score = aligned(actual=actual, predicted=predicted)
    return relative_area(_curve(value, score), _curve(value, value))


def relative_area(curve: Curve, perfect: Curve) -> float:
    """Return `normalised_gini` from the curves by the prediction and by the actual itself."""
    if _levels(perfect) == 1:
        return float("nan")
    return curve.area() / perfect.area()


def spearman(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Return Spearman's rank correlation, ties at their mean rank.

    The Pearson correlation of the ranks. Range -1 to 1, higher is better; no unit. NaN if either
    column is constant.

    Parameters
    ----------
    actual, predicted
        As in `training.measures.value_measures`.

    Returns
    -------
    float
        The correlation.

    Notes
    -----
    Spearman (1904), American Journal of Psychology 15(1).
    """
    value, score = aligned(actual=actual, predicted=predicted)
    return rank_correlation(Ranking.of(value), Ranking.of(score))


def rank_correlation(a: Ranking, b: Ranking) -> float:
    """Return `spearman` of two rankings of the same rows."""
    if min(len(a.levels), len(b.levels)) == 1:
        return float("nan")
    middle = (len(a.level) + 1) / 2
    x, y = a.ranks() - middle, b.ranks() - middle
    return float(np.clip((x @ y) / np.sqrt((x @ x) * (y @ y)), -1, 1))


def decile_mape(actual: ArrayLike, predicted: ArrayLike) -> float:
    r"""Return the mean absolute percentage error of the deciles by prediction.

    .. math:: \frac{1}{10} \sum_d \frac{|\bar{\hat y}_d - \bar y_d|}{|\bar y_d|}

    Range 0 up, lower is better; a fraction (.2 is 20 %). Deciles whose mean actual is 0 have no
    percentage and are left out; NaN if none is left.

    Parameters
    ----------
    actual, predicted
        As in `training.measures.value_measures`.

    Returns
    -------
    float
        The error.

    Notes
    -----
    Wang, Liu & Miao (2019), arXiv:1912.07753.
    """
    value, score = aligned(actual=actual, predicted=predicted)
    return decile_error(_curve(value, score), value)


def decile_error(curve: Curve, value: FloatArray) -> float:
    """Return `decile_mape` along the curve of actual values."""
    deciles = curve.bins(DECILES)
    # Means are differences of running totals: what should be 0 can be a rounding error.
    kept = np.abs(deciles.actual) > 1e-12 * np.abs(value).sum()
    if not kept.any():
        return float("nan")
    error = np.abs(deciles.predicted[kept] - deciles.actual[kept])
    return float(np.mean(error / np.abs(deciles.actual[kept])))


def bias(actual: ArrayLike, predicted: ArrayLike) -> float:
    r"""Return the total predicted over the total actual.

    .. math:: \frac{\sum_i \hat y_i}{\sum_i y_i}

    1 is unbiased, 1.5 predicts half too much; no unit. NaN if the total actual is 0; negative if
    the totals differ in sign.

    Parameters
    ----------
    actual, predicted
        As in `training.measures.value_measures`.

    Returns
    -------
    float
        The ratio.

    Notes
    -----
    Label bias of Wang, Liu & Miao (2019), arXiv:1912.07753, as a ratio.
    """
    value, prediction = aligned(actual=actual, predicted=predicted)
    total = float(value.sum())
    return float(prediction.sum()) / total if total else float("nan")


def top_decile_capture(actual: ArrayLike, predicted: ArrayLike) -> float:
    r"""Return the share of the total actual value in the top tenth by prediction.

    .. math:: \frac{\sum_{i \in \text{top } 10\,\%} y_i}{\sum_i y_i}

    Mostly 0 to 1 (outside only where values are negative), .1 random, higher is better; no unit.
    NaN if the total actual is 0 or below, of which there is no share.

    Parameters
    ----------
    actual, predicted
        As in `training.measures.value_measures`.

    Returns
    -------
    float
        The share.

    Notes
    -----
    Malthouse & Blattberg (2005), Journal of Interactive Marketing 19(1), for the top tenth.
    """
    return top_capture(_curve(*aligned(actual=actual, predicted=predicted)))


def top_capture(curve: Curve) -> float:
    """Return `top_decile_capture` along a curve."""
    total = float(curve.actual[-1])
    return curve.actual_within(TOP_SHARE) / total if total > 0 else float("nan")


def mae(actual: ArrayLike, predicted: ArrayLike) -> float:
    r"""Return the mean absolute error.

    .. math:: \frac{1}{n} \sum_i |\hat y_i - y_i|

    Range 0 up, in the currency of the input, lower is better. Always defined. Never choose a
    value model by it: the median of a skewed value is far below its mean, so it rewards
    predicting too little.

    Parameters
    ----------
    actual, predicted
        As in `training.measures.value_measures`.

    Returns
    -------
    float
        The error.

    Notes
    -----
    What a loss rewards: Gneiting (2011), Journal of the American Statistical Association 106.
    """
    value, prediction = aligned(actual=actual, predicted=predicted)
    return float(np.mean(np.abs(prediction - value)))


def _curve(value: FloatArray, score: FloatArray) -> Curve:
    return ranked_curve(value, score, np.ones(len(value)))


def _levels(curve: Curve) -> int:
    return len(curve.mass) - 1
