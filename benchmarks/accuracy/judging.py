"""What is measured, and of which prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from training.measures import (
    bias,
    brier,
    decile_mape,
    expected_calibration_error,
    log_loss,
    mae,
    normalised_gini,
    pr_auc,
    roc_auc,
    spearman,
    top_decile_capture,
    top_decile_lift,
)
from training.profit import empc

KEEPWELL = "Keepwell"
Part = Literal["risk", "probability", "value"]


@dataclass(frozen=True)
class Measure:
    """A measure, and what it is taken of.

    Parameters
    ----------
    name : str
    function : callable
        Of the actual and the predicted column.
    part : {"risk", "probability", "value"}
    higher : bool
        Whether more is better.
    """

    name: str
    function: Callable[[ArrayLike, ArrayLike], float]
    part: Part
    higher: bool

    @property
    def actual(self) -> str:
        """The column of the outcome that it needs."""
        return "value" if self.part == "value" else "churned"

    def of(self, predictions: pd.DataFrame, method: str) -> str | None:
        """Give the column of a method's prediction; None where it makes none.

        A method ranks by its probability unless it says otherwise.
        """
        parts = ["risk", "probability"] if self.part == "risk" else [self.part]
        return next((c for p in parts if (c := f"{method}/{p}") in predictions.columns), None)


def log_bias(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Return how far the total is off, |log(total predicted / total actual)|.

    Twice too much is as bad as half: 0.69. NaN where a total is 0 or the totals differ in sign.
    """
    ratio = bias(actual, predicted)
    return float(abs(np.log(ratio))) if ratio > 0 else float("nan")


MEASURES = (
    Measure("ROC AUC", roc_auc, "risk", higher=True),
    Measure("PR AUC", pr_auc, "risk", higher=True),
    Measure("Brier", brier, "probability", higher=False),
    Measure("log loss", log_loss, "probability", higher=False),
    Measure("ECE", expected_calibration_error, "probability", higher=False),
    Measure("top-decile lift", top_decile_lift, "risk", higher=True),
    Measure("EMPC", lambda y, p: empc(y, p).profit, "risk", higher=True),
    Measure("normalised Gini", normalised_gini, "value", higher=True),
    Measure("Spearman", spearman, "value", higher=True),
    Measure("decile MAPE", decile_mape, "value", higher=False),
    Measure("|log bias|", log_bias, "value", higher=False),
    Measure("top-decile capture", top_decile_capture, "value", higher=True),
    Measure("MAE", mae, "value", higher=False),
)
"""Those of churn, then those of value."""


def methods(predictions: pd.DataFrame) -> list[str]:
    """Give the methods of a table of predictions, in its order, Keepwell last."""
    found = dict.fromkeys(str(c).rsplit("/", 1)[0] for c in predictions.columns)
    return sorted(found, key=lambda name: name == KEEPWELL)


def measured(
    outcome: pd.DataFrame, predictions: pd.DataFrame, measures: Iterable[Measure] = MEASURES
) -> pd.DataFrame:
    """Measure every method.

    Parameters
    ----------
    outcome : DataFrame
        ``churned`` and ``value``.
    predictions : DataFrame
        ``"method/part"`` a column, the same rows.
    measures : iterable of Measure

    Returns
    -------
    DataFrame
        A method a row, a measure a column; NaN where a method does not predict.
    """
    rows = {}
    for method in methods(predictions):
        columns = {m: m.of(predictions, method) for m in measures}
        rows[method] = {
            m.name: m.function(outcome[m.actual], predictions[column]) if column else float("nan")
            for m, column in columns.items()
        }
    return pd.DataFrame.from_dict(rows, orient="index")
