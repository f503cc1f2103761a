"""What a search tries and how it judges: an objective over folds that are read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.metrics import mean_tweedie_deviance

from models import churn, value
from models.calibration import log_loss
from models.recipe import Recipe
from models.space import Trial
from models.value import TWEEDIE_POWER
from training.choice import ALIKE
from training.fit import MAX_ROUNDS, Ready
from training.measures import bias, normalised_gini, roc_auc
from training.promote import TOLERANCE

Figures = dict[str, float]
"""Measures of one fold; the first of them is the loss."""

Report = Callable[[int, Figures], None]
"""Hears the figures of each fold, and may break off by an exception."""

Objective = Callable[[Mapping[str, Any], Report], float]
"""From parameters to their loss, the mean of the folds."""

_SMALLEST = 1e-9
"""Part of the mean amount that a prediction counts at least: a deviance needs one above 0."""


@dataclass(frozen=True)
class Aim:
    """A model whose parameters are searched.

    Parameters
    ----------
    name : str
        ``"churn"`` or ``"value"``.
    space : callable
        Proposes LightGBM parameters, to be put over the default ones.
    put : callable
        Puts parameters into a recipe.
    judge : callable
        Fits a recipe on a fold and measures its predictions of the snapshots held out.
    measures : tuple of str
        Names of these measures; the first is the loss.
    sound : callable
        Tells from the figures of all folds, with some parameters and with the default ones, whether
        a lower loss was not bought elsewhere.
    """

    name: str
    space: Callable[[Trial], dict[str, Any]]
    put: Callable[[Recipe, Mapping[str, Any]], Recipe]
    judge: Callable[[Ready, Recipe], Figures]
    measures: tuple[str, ...]
    sound: Callable[[Sequence[Figures], Sequence[Figures]], bool]

    @property
    def loss(self) -> str:
        """What is minimised."""
        return self.measures[0]


def objective(aim: Aim, folds: Sequence[Ready], recipe: Recipe) -> Objective:
    """Make the function that a search minimises.

    Parameters
    ----------
    aim : Aim
    folds : sequence of Ready
        Kept in memory for all trials.
    recipe : Recipe
        With the default parameters.

    Returns
    -------
    callable
        Fits the recipe with the given parameters on each fold in turn, stops each booster on the
        snapshots held out, and gives the mean loss; deterministic.
    """
    searching = replace(
        recipe,
        seeds=1,
        churn_rounds=MAX_ROUNDS,
        extra_rounds=MAX_ROUNDS,
        value_rounds=MAX_ROUNDS,
    )

    def loss(parameters: Mapping[str, Any], report: Report) -> float:
        tried = aim.put(searching, parameters)
        losses = []
        for step, fold in enumerate(folds):
            figures = aim.judge(fold, tried)
            losses.append(figures[aim.loss])
            report(step, figures)
        return float(np.mean(losses))

    return loss


class Standing:
    """A trial that proposes the default parameters, and notes what may be proposed.

    Parameters
    ----------
    default : mapping
        LightGBM's; what is not among them is off, which is 0.
    """

    def __init__(self, default: Mapping[str, Any]) -> None:
        self._default = default
        self.bounds: dict[str, tuple[float, float, bool]] = {}
        self.proposed: dict[str, float] = {}

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Give the default, and note the bounds."""
        self.bounds[name] = (low, high, log)
        return self.proposed.setdefault(name, float(self._default.get(name, 0.0)))

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Give the default, and note the bounds."""
        self.bounds[name] = (low, high, log)
        return int(self.proposed.setdefault(name, int(self._default.get(name, 0))))


def _put_churn(recipe: Recipe, parameters: Mapping[str, Any]) -> Recipe:
    return replace(recipe, churn_parameters={**recipe.churn_parameters, **parameters})


def _put_value(recipe: Recipe, parameters: Mapping[str, Any]) -> Recipe:
    return replace(recipe, value_parameters={**recipe.value_parameters, **parameters})


def _judge_churn(fold: Ready, recipe: Recipe) -> Figures:
    model = churn.fit(fold.frame, fold.encoder, recipe, fold.held_out)
    said = model.raw(fold.held_out, fold.encoder.matrix(fold.held_out))
    left = fold.held_out["churned"].to_numpy(np.float64)
    return {"log_loss": log_loss(left, said), "roc_auc": roc_auc(left, said)}


def _judge_value(fold: Ready, recipe: Recipe) -> Figures:
    """Judge the value of those who stayed: what the model that is tuned predicts."""
    model = value.fit_retained(fold.frame, fold.encoder, recipe, fold.held_out)
    stayed = fold.held_out[fold.held_out["churned"] == 0]
    said = model.predict(stayed, fold.encoder.matrix(stayed))
    worth = stayed["value"].to_numpy(np.float64)
    # The objective of the model itself: it minds the ranking and the total at once.
    amount = np.maximum(worth, 0.0)
    least = _SMALLEST * max(float(amount.mean()), 1.0)
    return {
        "tweedie_deviance": float(
            mean_tweedie_deviance(amount, np.maximum(said, least), power=TWEEDIE_POWER)
        ),
        "normalised_gini": normalised_gini(worth, said),
        "bias": bias(worth, said),
    }


def _always(_: Sequence[Figures], __: Sequence[Figures]) -> bool:
    return True


def _ranks_and_adds_up(tried: Sequence[Figures], default: Sequence[Figures]) -> bool:
    """Tell whether values rank no worse, and whether their total is no further off."""
    ranked = _mean(tried, "normalised_gini") >= _mean(default, "normalised_gini") - ALIKE
    return ranked and _off(tried) <= _off(default) + TOLERANCE


def _mean(folds: Sequence[Figures], measure: str) -> float:
    known = [f[measure] for f in folds if not np.isnan(f[measure])]
    return float(np.mean(known or [0.0]))


def _off(folds: Sequence[Figures]) -> float:
    return float(np.mean([abs(np.log(f["bias"])) for f in folds if f["bias"] > 0] or [np.inf]))


CHURN = Aim("churn", churn.space, _put_churn, _judge_churn, ("log_loss", "roc_auc"), _always)
VALUE = Aim(
    "value",
    value.space,
    _put_value,
    _judge_value,
    ("tweedie_deviance", "normalised_gini", "bias"),
    _ranks_and_adds_up,
)
AIMS = (CHURN, VALUE)
