"""Value models: what a customer brings if retained, and if churned.

Two conditional models, so that ``expected_value`` is always exactly their mixture by the churn
probability. Both are fitted on the joint label: value and churn of the same snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from models import booster
from models.baselines import amounts, past_spend
from models.matrix import Encoder, Floats
from models.recipe import Recipe

TWEEDIE_POWER = 1.5
RETAINED_OBJECTIVE = {"objective": "tweedie", "tweedie_variance_power": TWEEDIE_POWER}
CHURNED_OBJECTIVE = {"objective": "regression"}

_CHURNED_ROUNDS = 100
"""Trees of the model of E[value | churned]: little signal, hence few."""

_MIN_VARIED = 500
"""Churned snapshots with a value other than zero that a model of their value needs."""


@dataclass(frozen=True)
class ConditionalValue:
    """E[value | retained] or E[value | churned], in the currency, over the value horizon.

    Parameters
    ----------
    estimator : lightgbm.Booster, str or None
        A booster; the name of a column that is scaled; or None for a constant.
    factor : float
        Scales the booster's prediction or the column; the constant itself if there is neither,
        NaN where no value is known.
    """

    estimator: lgb.Booster | str | None
    factor: float = 1.0

    def predict(self, frame: pd.DataFrame, matrix: Floats, threads: int = 0) -> Floats:
        """Give conditional values, shape (rows,)."""
        if self.estimator is None:
            return np.full(len(matrix), self.factor)
        if isinstance(self.estimator, str):
            return self.factor * amounts(frame, self.estimator)
        return self.factor * np.asarray(self.estimator.predict(matrix, num_threads=threads))

    def scaled(self, factor: float) -> ConditionalValue:
        """Give the same model with its predictions multiplied."""
        return ConditionalValue(self.estimator, self.factor * factor)

    def to_files(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Give JSON types, and texts by file name."""
        if isinstance(self.estimator, lgb.Booster):
            file = f"{name}.txt"
            fields = {"factor": self.factor, "booster": file}
            return fields, {file: booster.to_text(self.estimator)}
        factor = None if np.isnan(self.factor) else self.factor  # NaN is not JSON
        return {"factor": factor, "column": self.estimator}, {}

    @classmethod
    def from_files(cls, fields: Mapping[str, Any], texts: Mapping[str, str]) -> ConditionalValue:
        """Read what :meth:`to_files` gave."""
        if "booster" in fields:
            return cls(booster.from_text(texts[fields["booster"]]), fields["factor"])
        factor = fields["factor"]
        return cls(fields["column"], float("nan") if factor is None else factor)


def fit_retained(
    frame: pd.DataFrame,
    encoder: Encoder,
    recipe: Recipe,
    held_out: pd.DataFrame | None = None,
) -> ConditionalValue:
    """Fit E[value | retained] on the snapshots that stayed.

    A Tweedie booster: right for amounts that are skewed and sometimes zero. Net-negative
    customers count as zero in its loss and as what they are in its total.

    Parameters
    ----------
    frame : DataFrame
        Snapshots with ``churned`` and ``value``.
    encoder : Encoder
    recipe : Recipe
    held_out : DataFrame, optional
        Snapshots that tell when to stop; without any that stayed the recipe's tree count holds.
    """
    stayed = frame[frame["churned"] == 0]
    value = stayed["value"].to_numpy(np.float64)
    if value.sum() <= 0:
        return ConditionalValue(None, float(value.mean()) if len(value) else 0.0)
    if recipe.value == "scaled_spend":
        column = past_spend(stayed.columns)
        if column is None:
            return ConditionalValue(None, float(value.mean()))
        return ConditionalValue(column, ratio(value, amounts(stayed, column)))
    parameters = {**recipe.value_parameters, **RETAINED_OBJECTIVE}
    design = _design(stayed, encoder)
    rounds, seed = recipe.value_rounds, recipe.seed
    watching = None if held_out is None else held_out[held_out["churned"] == 0]
    if watching is None or watching.empty:
        fitted = booster.train(design, encoder, parameters, rounds, seed)
    else:
        watched = _design(watching, encoder)
        fitted = booster.train_until(design, watched, encoder, parameters, rounds, seed)
    return ConditionalValue(fitted, ratio(value, design.outcome))


def fit_churned(frame: pd.DataFrame, encoder: Encoder, recipe: Recipe) -> ConditionalValue:
    """Fit E[value | churned] on the snapshots that left.

    With inactivity and equal horizons only returns can differ from zero, and the mean is all
    there is to learn; a longer value horizon leaves something to model.
    """
    left = frame[frame["churned"] == 1]
    value = left["value"].to_numpy(np.float64)
    if np.count_nonzero(value) < _MIN_VARIED or recipe.value == "scaled_spend":
        return ConditionalValue(None, float(value.mean()) if len(value) else 0.0)
    parameters = {**recipe.value_parameters, **CHURNED_OBJECTIVE}
    design = booster.Design(encoder.matrix(left), value)
    return ConditionalValue(
        booster.train(design, encoder, parameters, _CHURNED_ROUNDS, recipe.seed)
    )


def ratio(actual: Floats, predicted: Floats) -> float:
    """Total actual over total predicted; 1 where that says nothing."""
    total, expected = float(np.sum(actual)), float(np.sum(predicted))
    return total / expected if total > 0 and expected > 0 else 1.0


def _design(stayed: pd.DataFrame, encoder: Encoder) -> booster.Design:
    value = stayed["value"].to_numpy(np.float64)
    return booster.Design(encoder.matrix(stayed), np.maximum(value, 0.0))
