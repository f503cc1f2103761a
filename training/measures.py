"""How good churn probabilities and predicted values are: pure functions of two columns.

Rows of equal prediction are shared out evenly wherever a measure cuts a ranking (see
`training.curves`), so that no result depends on the order of the rows. A measure that the data
do not define is NaN, never a warning; each function says when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.curves import Ranking, aligned, outcome_and_probability, ranked_curve, weighted
from training.measures_churn import (
    average_precision,
    brier,
    calibration_gap,
    expected_calibration_error,
    log_loss,
    pr_auc,
    roc_area,
    roc_auc,
    top_decile_lift,
    top_lift,
)
from training.measures_value import (
    bias,
    decile_error,
    decile_mape,
    mae,
    normalised_gini,
    rank_correlation,
    relative_area,
    spearman,
    top_capture,
    top_decile_capture,
)
from training.profit import maximum_profit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "bias",
    "brier",
    "churn_measures",
    "decile_mape",
    "expected_calibration_error",
    "log_loss",
    "mae",
    "normalised_gini",
    "pr_auc",
    "roc_auc",
    "spearman",
    "top_decile_capture",
    "top_decile_lift",
    "value_measures",
]


def churn_measures(
    churned: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None
) -> dict[str, float]:
    """Return every measure of churn probabilities.

    Parameters
    ----------
    churned : array_like, shape (n,)
        Outcome, 1 left or 0 stayed.
    probability : array_like, shape (n,)
        Predicted churn probability, 0 to 1.
    weights : array_like, shape (n,), optional
        Weight of each row, at least 0; 1 by default.

    Returns
    -------
    dict of str to float
        ``roc_auc``, ``pr_auc``, ``brier``, ``log_loss``, ``ece``, ``top_decile_lift`` and
        ``empc`` (currency per customer, at the default economics). NaN where a single class
        leaves a measure undefined.

    Raises
    ------
    ValueError
        If the columns differ in length, are empty or hold values out of range.
    """
    outcome, p, weight = weighted(*outcome_and_probability(churned, probability), weights)
    curve = ranked_curve(outcome, p, weight)
    return {
        "roc_auc": roc_area(curve),
        "pr_auc": average_precision(curve),
        "brier": brier(outcome, p, weight),
        "log_loss": log_loss(outcome, p, weight),
        "ece": calibration_gap(curve),
        "top_decile_lift": top_lift(curve),
        "empc": maximum_profit(curve).profit,
    }


def value_measures(actual: ArrayLike, predicted: ArrayLike) -> dict[str, float]:
    """Return every measure of predicted values.

    Parameters
    ----------
    actual, predicted : array_like, shape (n,)
        Value over the label window and its prediction, one currency; may be negative.

    Returns
    -------
    dict of str to float
        ``normalised_gini``, ``spearman``, ``decile_mape``, ``bias``, ``top_decile_capture`` and
        ``mae``. NaN where a measure is undefined.

    Raises
    ------
    ValueError
        If the columns differ in length, are empty or are not finite.
    """
    value, prediction = aligned(actual=actual, predicted=predicted)
    by_value, by_prediction = Ranking.of(value), Ranking.of(prediction)
    each = np.ones(len(value))
    curve = by_prediction.curve(value, each)
    return {
        "normalised_gini": relative_area(curve, by_value.curve(value, each)),
        "spearman": rank_correlation(by_value, by_prediction),
        "decile_mape": decile_error(curve, value),
        "bias": bias(value, prediction),
        "top_decile_capture": top_capture(curve),
        "mae": mae(value, prediction),
    }
