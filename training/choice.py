"""What is chosen on held-out predictions: kinds of models, calibration, correction of the total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from models import calibration
from models.calibration import Pair, logit, others, sigmoid
from models.churn import MEMBERS
from models.matrix import Floats
from models.recipe import ChurnedKind, ChurnKind, Recipe, ValueKind
from models.release import mixture
from training.curves import equal_mass_bins
from training.held_out import HeldOut, together
from training.measures import normalised_gini
from training.measures_value import DECILES

ALIKE = 0.005
"""Normalised Ginis that differ by less rank customers equally well; the log bias decides then."""

_FARTHEST = np.log(10.0)
"""No log bias of a tenth counts for more: a tenth that brings next to nothing says little."""

_SURE = 2.0
"""Standard errors by which another kind of churn model has to be better than the first."""

_FEWEST_PAIRS = 2
"""Folds that a correction of the total must have helped: a single one may be chance."""


@dataclass(frozen=True)
class Candidates:
    """The kinds of models that are tried; the first of churn stays unless another surely wins."""

    churn: tuple[ChurnKind, ...]
    value: tuple[ValueKind, ...]
    churned_value: tuple[ChurnedKind, ...]

    @classmethod
    def of(cls, recipe: Recipe) -> Candidates:
        """Give a recipe's own kinds: nothing is to be chosen."""
        return cls((recipe.churn,), (recipe.value,), (recipe.churned_value,))

    @property
    def members(self) -> list[str]:
        """All that has to be fitted for the kinds of churn models."""
        return list(dict.fromkeys(m for kind in self.churn for m in members(kind)))


ALL = Candidates(
    ("average", "lightgbm", "extra_trees", "blend"), get_args(ValueKind), get_args(ChurnedKind)
)


@dataclass(frozen=True)
class Predicted:
    """What every candidate predicts of one fold.

    Parameters
    ----------
    churned, value : ndarray of shape (rows,)
        Outcomes.
    probability, retained, lost : mapping of str to ndarray of shape (rows,)
        Predictions by member of the churn model, and by kind of the value models.
    """

    churned: Floats
    value: Floats
    probability: Mapping[str, Floats]
    retained: Mapping[str, Floats]
    lost: Mapping[str, Floats]

    def churn(self, kind: str) -> Floats:
        """Give the probabilities of a kind: its members' mean on the scale of the log odds."""
        return sigmoid(np.mean([logit(self.probability[m]) for m in members(kind)], axis=0))

    def expected(self, recipe: Recipe) -> Floats:
        """Give the expected value that a recipe's kinds predict."""
        p, retained = self.churn(recipe.churn), self.retained[recipe.value]
        return mixture(p, retained, self.lost[recipe.churned_value])


def members(kind: str) -> tuple[str, ...]:
    """Give what a kind of churn model averages; itself where it is no average."""
    return MEMBERS.get(kind, (kind,))


def choose(recipe: Recipe, folds: Sequence[Predicted], kinds: Candidates) -> Recipe:
    """Choose kinds: churn by log loss, values by what the mixture makes of them.

    A few folds tell kinds of nearly one loss apart by chance, so that the first is kept unless
    another one is surely better.

    Values are chosen by normalised Gini and, among those that rank alike, by the mean |log bias|
    of their tenths, for a right total may hide that the small are too large and the large too
    small; never by an absolute error, which rewards predicting half.
    """
    found = replace(recipe, churn=_best_churn(kinds.churn, folds))
    found = _best_value([replace(found, value=kind) for kind in kinds.value], folds)
    return _best_value([replace(found, churned_value=k) for k in kinds.churned_value], folds)


def pairs(held_out: Sequence[HeldOut], reach: int | None) -> list[Pair]:
    """Pair each fold with those that were known when it was predicted.

    Parameters
    ----------
    held_out : sequence of HeldOut
    reach : int or None
        Days from a cutoff until its labels are known. None: folds of one time, each of which is
        paired with all the others.
    """
    if reach is None:
        return others(len(held_out))
    days = np.timedelta64(reach, "D")
    begin, end = ([edge(h.cutoff) for h in held_out] for edge in (np.min, np.max))
    found = [([j for j, e in enumerate(end) if e + days <= b], i) for i, b in enumerate(begin)]
    return [(earlier, judged) for earlier, judged in found if earlier]


def method(recipe: Recipe, held_out: Sequence[HeldOut], reach: int | None) -> str:
    """Choose a method of calibration."""
    # Logistic regression is calibrated by construction, and is shown as a baseline just so.
    if recipe.churn == "logistic_rfm":
        return "none"
    scored = [(h.churned, h.probability) for h in held_out]
    return calibration.choose(scored, pairs(held_out, reach))


def corrects(held_out: Sequence[HeldOut], reach: int | None) -> bool:
    """Tell whether dividing out the bias of earlier folds has brought every later one nearer.

    A bias that comes and goes with the season, or that a single fold has shown, is left alone: it
    would be carried into another season.
    """
    found = pairs(held_out, reach)
    before = [abs(np.log(held_out[judged].factor)) for _, judged in found]
    after = [
        abs(np.log(held_out[judged].factor / together([held_out[i] for i in earlier]).factor))
        for earlier, judged in found
    ]
    return len(found) >= _FEWEST_PAIRS and all(a < b for a, b in zip(after, before, strict=True))


def _best_churn(kinds: Sequence[ChurnKind], folds: Sequence[Predicted]) -> ChurnKind:
    first, *rest = kinds
    base = [calibration.losses(f.churned, f.churn(first)) for f in folds]
    gains: dict[ChurnKind, float] = {first: 0.0}
    for kind in rest:
        mine = (calibration.losses(f.churned, f.churn(kind)) for f in folds)
        gains[kind] = calibration.sure_gain([b - m for b, m in zip(base, mine, strict=True)], _SURE)
    return max(gains, key=lambda kind: gains[kind])


def _best_value(recipes: Sequence[Recipe], folds: Sequence[Predicted]) -> Recipe:
    judged = [(_judged(recipe, folds), recipe) for recipe in recipes]
    best = max(gini for (gini, _), _ in judged)
    alike = [(error, recipe) for (gini, error), recipe in judged if gini >= best - ALIKE]
    return min(alike, key=lambda item: item[0])[1]


def _judged(recipe: Recipe, folds: Sequence[Predicted]) -> tuple[float, float]:
    """Give the mean normalised Gini and the mean |log bias| of the folds that define them."""
    said = [(f.value, f.expected(recipe)) for f in folds]
    ginis = [g for g in (normalised_gini(*one) for one in said) if not np.isnan(g)]
    errors = [e for e in (decile_log_bias(*one) for one in said) if not np.isnan(e)]
    return float(np.mean(ginis or [0.0])), float(np.mean(errors or [np.inf]))


def decile_log_bias(actual: Floats, predicted: Floats) -> float:
    """Give the mean |log(predicted / actual)| of the tenths by prediction that bring something.

    Parameters
    ----------
    actual, predicted : ndarray of shape (rows,)

    Returns
    -------
    float
        0 up; NaN where no tenth brings anything. A tenth counts for log 10 at most.
    """
    tenths = equal_mass_bins(actual, predicted, DECILES)
    telling = tenths.actual > 0
    if not telling.any():
        return float("nan")
    smallest, largest = np.exp(-_FARTHEST), np.exp(_FARTHEST)
    ratios = np.clip(tenths.predicted[telling] / tenths.actual[telling], smallest, largest)
    return float(np.mean(np.abs(np.log(ratios))))
