"""How good churn probabilities and predicted values are: pure functions of two columns.

Rows of equal prediction are shared out evenly wherever a measure cuts a ranking (see
`training.curves`), so that no result depends on the order of the rows. A measure that the data
do not define is NaN, never a warning; each function says when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.measures_churn import (
    brier,
    expected_calibration_error,
    log_loss,
    pr_auc,
    roc_auc,
    top_decile_lift,
)
from training.measures_value import (
    bias,
    decile_mape,
    mae,
    normalised_gini,
    spearman,
    top_decile_capture,
)
from training.profit import empc

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
    return {
        "roc_auc": roc_auc(churned, probability, weights),
        "pr_auc": pr_auc(churned, probability, weights),
        "brier": brier(churned, probability, weights),
        "log_loss": log_loss(churned, probability, weights),
        "ece": expected_calibration_error(churned, probability, weights),
        "top_decile_lift": top_decile_lift(churned, probability, weights),
        "empc": empc(churned, probability, weights).profit,
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
    return {
        "normalised_gini": normalised_gini(actual, predicted),
        "spearman": spearman(actual, predicted),
        "decile_mape": decile_mape(actual, predicted),
        "bias": bias(actual, predicted),
        "top_decile_capture": top_decile_capture(actual, predicted),
        "mae": mae(actual, predicted),
    }
