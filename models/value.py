"""Value models: what a customer brings if retained, and if churned.

Two conditional models, so that ``expected_value`` is always exactly their mixture by the churn
probability. Both are fitted on the joint label: value and churn of the same snapshot.

Kinds: ``"tweedie"``; ``"lognormal"``, a regression on the logarithm, smeared back to the mean
(Duan 1983); ``"ziln"``, the zero-inflated log-normal; ``"regression"`` on the amount itself;
``"scaled_spend"``, past spend times a constant; and the plain ``"mean"``. Boosters cannot see
negative amounts, but for ``"regression"``: they count as zero in the shape, and as what they are
in the total, to which every kind is scaled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
import pandas as pd

from models import booster, ziln
from models.baselines import amounts, past_spend
from models.matrix import Encoder, Floats, Matrix
from models.recipe import Recipe
from models.space import Trial, trees
from models.stored import Frame

TWEEDIE_POWER = 1.5
RETAINED_OBJECTIVE = {"objective": "tweedie", "tweedie_variance_power": TWEEDIE_POWER}
SQUARED = {"objective": "regression"}

FITTED = ("tweedie", "lognormal", "ziln")
"""Kinds of boosters of E[value | retained] that are tried beside scaled spend."""

Link = Literal["identity", "log", "ziln"]

_CHURNED_ROUNDS = 100
"""Trees of the model of E[value | churned]: little signal, hence few."""

_MIN_VARIED = 500
"""Churned snapshots with a value other than zero that a model of their value needs."""

_SMALLEST = 0.01
"""Part of the mean below which differences of an amount say nothing: its logarithm ends there."""

_STEEPER = 50.0
"""Bound of the logarithm of an amount: beyond it a booster has lost its way."""


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
    link : {"identity", "log", "ziln"}
        What the booster predicts: the value, its logarithm, or :mod:`models.ziln`'s figures.
    start : tuple of float
        Added to the booster's outputs.
    """

    estimator: lgb.Booster | str | None
    factor: float = 1.0
    link: Link = "identity"
    start: tuple[float, ...] = ()

    def predict(self, frame: pd.DataFrame, matrix: Floats, threads: int = 0) -> Floats:
        """Give conditional values, shape (rows,)."""
        if self.estimator is None:
            return np.full(len(matrix), self.factor)
        if isinstance(self.estimator, str):
            return self.factor * amounts(frame, self.estimator)
        raw = np.asarray(self.estimator.predict(matrix, num_threads=threads))
        return self.factor * _linked(raw, self.link, self.start)

    def scaled(self, factor: float) -> ConditionalValue:
        """Give the same model with its predictions multiplied."""
        return replace(self, factor=self.factor * factor)

    def to_files(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Give JSON types, and texts by file name."""
        if isinstance(self.estimator, lgb.Booster):
            file = f"{name}.txt"
            fields = {"factor": self.factor, "booster": file}
            shape = {"link": self.link, "start": list(self.start)}
            return {**fields, **shape}, {file: booster.to_text(self.estimator)}
        factor = None if np.isnan(self.factor) else self.factor  # NaN is not JSON
        return {"factor": factor, "column": self.estimator}, {}

    @classmethod
    def from_files(cls, fields: Mapping[str, Any], texts: Mapping[str, str]) -> ConditionalValue:
        """Read what :meth:`to_files` gave."""
        if "booster" in fields:
            trees = booster.from_text(texts[fields["booster"]])
            return cls(trees, fields["factor"], fields["link"], tuple(fields["start"]))
        factor = fields["factor"]
        return cls(fields["column"], float("nan") if factor is None else factor)


def space(trial: Trial) -> dict[str, Any]:
    """Propose LightGBM parameters of the value models, to be put over the default ones."""
    return trees(trial)


def fit_retained(
    frame: Frame,
    encoder: Encoder,
    recipe: Recipe,
    held_out: Frame | None = None,
) -> ConditionalValue:
    """Fit E[value | retained] on the snapshots that stayed.

    Parameters
    ----------
    frame : DataFrame or Stored
        Snapshots with ``churned`` and ``value``.
    encoder : Encoder
    recipe : Recipe
    held_out : DataFrame or Stored, optional
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
    watching = None if held_out is None else held_out[held_out["churned"] == 0]
    if watching is not None and len(watching) == 0:
        watching = None
    return _fit(recipe.value, stayed, encoder, recipe, recipe.value_rounds, watching)


def fit_churned(frame: Frame, encoder: Encoder, recipe: Recipe) -> ConditionalValue:
    """Fit E[value | churned] on the snapshots that left.

    With inactivity and equal horizons only returns can differ from zero, and the mean is all
    there is to learn; a longer value horizon leaves something to model.
    """
    left = frame[frame["churned"] == 1]
    value = left["value"].to_numpy(np.float64)
    plain = recipe.churned_value == "mean" or recipe.value == "scaled_spend"
    if plain or np.count_nonzero(value) < _MIN_VARIED:
        return ConditionalValue(None, float(value.mean()) if len(value) else 0.0)
    # Only a regression can predict less than nothing.
    kind = recipe.churned_value if value.sum() > 0 else "regression"
    return _fit(kind, left, encoder, recipe, _CHURNED_ROUNDS)


def rounds_of(model: ConditionalValue) -> int:
    """Count the boosting rounds of a model; 0 where it has none."""
    boosted = isinstance(model.estimator, lgb.Booster)
    return model.estimator.current_iteration() if boosted else 0  # type: ignore[union-attr]


def ratio(actual: Floats, predicted: Floats) -> float:
    """Total actual over total predicted; 1 where that says nothing."""
    total, expected = float(np.sum(actual)), float(np.sum(predicted))
    return total / expected if total > 0 and expected > 0 else 1.0


def _fit(
    kind: str,
    rows: Frame,
    encoder: Encoder,
    recipe: Recipe,
    rounds: int,
    watching: Frame | None = None,
) -> ConditionalValue:
    value = rows["value"].to_numpy(np.float64)
    shape = _shape(kind, value)
    parameters = {**recipe.value_parameters, **shape.objective}
    design = shape.design(encoder.encode(rows), value)
    if watching is None:
        fitted = booster.train(design, encoder, parameters, rounds, recipe.seed)
    else:
        watched = shape.design(encoder.encode(watching), watching["value"].to_numpy(np.float64))
        fitted = booster.train_until(
            design, watched, encoder, parameters, rounds, recipe.seed, shape.evaluate
        )
    found = ConditionalValue(fitted, 1.0, shape.link, shape.start)
    if kind == "regression":
        return found
    # The mean of a skewed amount is not what shrunken trees on a logarithmic scale add up to.
    said = _linked(booster.said(fitted, design.matrix), shape.link, shape.start)
    return found.scaled(ratio(value, said))


@dataclass(frozen=True)
class _Shape:
    """How a kind of booster sees amounts.

    Parameters
    ----------
    objective : mapping
        LightGBM's parameters of it.
    link : {"identity", "log", "ziln"}
    floor : float
        Amounts below it count as it.
    start : tuple of float
        Of a zero-inflated log-normal.
    evaluate : callable or None
        The loss to watch, where it is not the objective's own.
    """

    objective: Mapping[str, Any]
    link: Link
    floor: float = -np.inf
    start: tuple[float, ...] = ()
    evaluate: booster.Evaluate | None = None

    def design(self, matrix: Matrix, value: Floats) -> booster.Design:
        amount = np.maximum(value, self.floor)
        outcome = np.log(amount) if self.link == "log" else amount
        start = np.tile(self.start, (len(value), 1)) if self.start else None
        return booster.Design(matrix, outcome, start=start)


def _shape(kind: str, value: Floats) -> _Shape:
    if kind == "tweedie":
        return _Shape(RETAINED_OBJECTIVE, "identity", 0.0)
    if kind == "lognormal":
        return _Shape(SQUARED, "log", _SMALLEST * float(value[value > 0].mean()))
    if kind == "ziln":
        objective = {"objective": _ziln_gradient, "num_class": ziln.OUTPUTS, "metric": "None"}
        return _Shape(objective, "ziln", 0.0, ziln.start(value), _ziln_loss)
    return _Shape(SQUARED, "identity")


def _linked(raw: Floats, link: Link, start: tuple[float, ...]) -> Floats:
    if link == "log":
        return np.asarray(np.exp(np.minimum(raw, _STEEPER)))
    return ziln.expected(raw + np.array(start)) if link == "ziln" else raw


def _ziln_gradient(raw: Floats, data: lgb.Dataset) -> tuple[Floats, Floats]:
    return ziln.gradient(raw, np.asarray(data.get_label(), np.float64))


def _ziln_loss(raw: Floats, data: lgb.Dataset) -> tuple[str, float, bool]:
    loss = ziln.loss(raw, np.asarray(data.get_label(), np.float64))
    return "ziln", float(loss.mean()), False
