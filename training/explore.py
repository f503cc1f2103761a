"""Completing a recipe on folds: kinds of models, tree counts, recency, calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.catalogue import FeatureSet
from models import calibration, churn, value
from models.matrix import Floats
from models.recipe import Recipe
from models.release import Release
from training.choice import Candidates, Predicted, choose, corrects, members, method
from training.fit import DEFAULT_ROUNDS, MAX_ROUNDS, Fold, Ready, prepared
from training.held_out import HeldOut, predict

HALF_LIFE = 3
"""Horizons after which a cutoff may count half as much as the newest; sooner leaves too little."""

_COMPARED_ROUNDS = 60
"""Trees that half-lives are compared with: which is better does not turn on their number."""

_SURE = 2.0
"""Standard errors by which a half-life must be better: it throws away what older cutoffs tell."""

Reader = Callable[[], Fold]


@dataclass(frozen=True)
class _Tried:
    """One fold: its models by kind, the snapshots held out, what each kind says of them.

    Parameters
    ----------
    release : Release
        With any of the models.
    watched : DataFrame
    churn : mapping of str to ChurnModel
        By member.
    retained, lost : mapping of str to ConditionalValue
        By kind.
    said : Predicted
    """

    release: Release
    watched: pd.DataFrame
    churn: Mapping[str, churn.ChurnModel]
    retained: Mapping[str, value.ConditionalValue]
    lost: Mapping[str, value.ConditionalValue]
    said: Predicted

    def held_out(self, recipe: Recipe) -> HeldOut:
        """Predict the snapshots by a recipe's kinds."""
        chosen = churn.averaged([self.churn[m] for m in members(recipe.churn)])
        release = replace(
            self.release,
            churn=chosen,
            retained=self.retained[recipe.value],
            churned=self.lost[recipe.churned_value],
        )
        return predict(release, self.watched)


def explore(
    folds: Sequence[Reader],
    features: FeatureSet,
    recipe: Recipe,
    on_fold: Callable[[], None] = lambda: None,
    *,
    kinds: Candidates | None = None,
    reach: int | None = None,
) -> tuple[Recipe, list[HeldOut]]:
    """Choose kinds, tree counts and the calibration method on held-out predictions.

    Parameters
    ----------
    folds : sequence of callable
        Each reads its fold when called, so that the training snapshots of one at a time are in
        memory.
    features : FeatureSet
    recipe : Recipe
        Parameters; its tree counts and method are replaced.
    on_fold : callable
        Told when a fold is done, for progress.
    kinds : Candidates, optional
        Those to choose among; the recipe's own by default.
    reach : int, optional
        Days from a cutoff until its labels are known, of folds that predict forward.

    Returns
    -------
    Recipe
        Complete. Without folds: its own kinds, default tree counts and no calibration.
    list of HeldOut
        The folds' predictions.
    """
    wanted = kinds or Candidates.of(recipe)
    searching = replace(_counting(recipe, MAX_ROUNDS), seeds=1)
    tried = []
    for read in folds:
        tried.append(_try(*read(), features, searching, wanted))
        on_fold()
    if not tried:
        return replace(_counting(recipe, DEFAULT_ROUNDS), calibration="none"), []
    found = choose(recipe, [t.said for t in tried], wanted)
    held_out = [t.held_out(found) for t in tried]
    complete = replace(
        _counted(tried, found),
        calibration=method(found, held_out, reach),
        corrected=corrects(held_out, reach),
    )
    return complete, held_out


def _counting(recipe: Recipe, rounds: int) -> Recipe:
    return replace(recipe, churn_rounds=rounds, extra_rounds=rounds, value_rounds=rounds)


def half_life(
    folds: Sequence[Reader], features: FeatureSet, recipe: Recipe, horizon: int
) -> float | None:
    """Tell after how many days a cutoff counts half as much; None where all count the same.

    Parameters
    ----------
    folds : sequence of callable
        That predict forward.
    features : FeatureSet
    recipe : Recipe
    horizon : int
        Days; the half-life is a multiple of it.
    """
    days, gains = float(HALF_LIFE * horizon), []
    for read in folds:
        train, watched = read()
        ready = prepared(train, features, recipe, watched)
        gains.append(_compared(ready, recipe, None) - _compared(ready, recipe, days))
    return days if gains and calibration.sure_gain(gains, _SURE) > 0 else None


def harm(folds: Sequence[Reader], features: FeatureSet, rest: FeatureSet, recipe: Recipe) -> bool:
    """Tell whether the rest of the features predict the folds surely better than all of them."""
    gains = []
    for read in folds:
        train, watched = read()
        whole, less = (prepared(train, some, recipe, watched) for some in (features, rest))
        gains.append(_compared(whole, recipe, None) - _compared(less, recipe, None))
    return calibration.sure_gain(gains) > 0


def _compared(ready: Ready, recipe: Recipe, days: float | None) -> Floats:
    """Give the log loss of each held-out snapshot, with a half-life of so many days."""
    weighted = replace(recipe, churn="lightgbm", half_life=days, seeds=1)
    weighted = replace(weighted, churn_rounds=_COMPARED_ROUNDS)
    model = churn.fit(ready.frame, ready.encoder, weighted)
    said = model.raw(ready.held_out, ready.encoder.matrix(ready.held_out))
    return calibration.losses(ready.held_out["churned"].to_numpy(np.float64), said)


def _try(
    train: pd.DataFrame,
    watched: pd.DataFrame,
    features: FeatureSet,
    recipe: Recipe,
    kinds: Candidates,
) -> _Tried:
    ready = prepared(train, features, recipe, watched)
    frame, held_out, encoder = ready.frame, ready.held_out, ready.encoder
    risks = {
        m: churn.fit(frame, encoder, replace(recipe, churn=m), held_out)  # type: ignore[arg-type]
        for m in kinds.members
    }
    retained: dict[str, value.ConditionalValue] = {
        kind: value.fit_retained(frame, encoder, replace(recipe, value=kind), held_out)
        for kind in kinds.value
    }
    lost: dict[str, value.ConditionalValue] = {
        kind: value.fit_churned(frame, encoder, replace(recipe, churned_value=kind))
        for kind in kinds.churned_value
    }
    matrix = encoder.matrix(held_out)
    said = Predicted(
        held_out["churned"].to_numpy(np.float64),
        held_out["value"].to_numpy(np.float64),
        {m: model.raw(held_out, matrix) for m, model in risks.items()},
        {kind: model.predict(held_out, matrix) for kind, model in retained.items()},
        {kind: model.predict(held_out, matrix) for kind, model in lost.items()},
    )
    any_churn, any_value = next(iter(risks.values())), next(iter(retained.values()))
    release = ready.release(any_churn, any_value, next(iter(lost.values())), recipe)
    return _Tried(release, watched, risks, retained, lost, said)


def _counted(tried: Sequence[_Tried], recipe: Recipe) -> Recipe:
    """Give a recipe the folds' mean tree counts, in which the larger folds count more."""
    sizes = [len(t.watched) for t in tried]

    def mean(counts: Sequence[int]) -> int:
        found = max(1, round(float(np.average(counts, weights=sizes))))
        return found if any(counts) else 0

    def of(member: str) -> int:
        return mean([churn.rounds_of(t.churn[member]) if member in t.churn else 0 for t in tried])

    return replace(
        recipe,
        churn_rounds=of("lightgbm"),
        extra_rounds=of("extra_trees"),
        value_rounds=mean([value.rounds_of(t.retained[recipe.value]) for t in tried]),
    )
