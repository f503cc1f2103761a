"""Cross-fitting: every row predicted by a model that has not learnt from it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import FeatureSet
from models.matrix import Floats
from models.recipe import Recipe
from models.release import Release
from training.explore import explore
from training.fit import Fold, calibrated, learn

FOLDS = 5
"""Folds of the cross-fitting; fewer where the rarer outcome has fewer rows."""

_INNER = 3
_LARGE = 50_000
"""Rows above which a single inner fold is enough to choose tree counts by."""

Step = Callable[[], None]


def stratified(churned: Floats, seed: int, count: int = FOLDS) -> NDArray[np.intp]:
    """Deal rows into folds at random, leavers and stayers apart.

    Parameters
    ----------
    churned : ndarray of shape (rows,)
        Outcomes, 0 or 1.
    seed : int
        The same seed deals the same rows in the same way.
    count : int
        Folds at most; every one has rows of both outcomes.

    Returns
    -------
    ndarray of shape (rows,)
        The fold of each row, from 0.
    """
    rarer = int(min(churned.sum(), len(churned) - churned.sum()))
    folds = max(1, min(count, rarer))
    rng = np.random.default_rng(seed)
    found = np.zeros(len(churned), dtype=np.intp)
    for outcome in (0.0, 1.0):
        rows = np.flatnonzero(churned == outcome)
        found[rng.permutation(rows)] = np.arange(len(rows)) % folds
    return found


def readers(frame: pd.DataFrame, fold: NDArray[np.intp]) -> list[Callable[[], Fold]]:
    """Give each fold beside the others; none where there is one fold only."""

    def reader(number: int) -> Callable[[], Fold]:
        return lambda: (frame[fold != number], frame[fold == number])

    return [reader(number) for number in range(fold.max() + 1)] if fold.max() else []


def fitted(
    frame: pd.DataFrame,
    fold: NDArray[np.intp],
    features: FeatureSet,
    recipe: Recipe,
    step: Step = lambda: None,
) -> tuple[Recipe, Release]:
    """Complete a recipe on folds, and fit it on all rows, calibrated on the folds' predictions.

    Parameters
    ----------
    frame : DataFrame
        Labelled rows.
    fold : ndarray of shape (rows,)
    features : FeatureSet
    recipe : Recipe
    step : callable
        Told when it is done, for progress.
    """
    # A logistic regression has neither a tree count to choose nor a calibration to fit.
    folds = readers(frame, fold) if recipe.churn == "lightgbm" else []
    if len(frame) > _LARGE:
        folds = folds[:1]
    complete, held_out = explore(folds, features, recipe)
    release = calibrated(learn(frame, features, complete), complete, held_out)
    step()
    return complete, release


def cross_fit(
    frame: pd.DataFrame,
    fold: NDArray[np.intp],
    features: FeatureSet,
    recipe: Recipe,
    step: Step = lambda: None,
) -> Floats:
    """Predict each fold by a model of the others, calibrated inside them.

    Tree counts and calibration are chosen on inner folds, so that a fold's outcomes reach nothing
    that predicts it.

    Returns
    -------
    ndarray of shape (rows,)
        Churn probabilities.
    """
    found = np.empty(len(frame))
    for number in range(fold.max() + 1):
        train, held_out = frame[fold != number], frame[fold == number]
        inner = stratified(train["churned"].to_numpy(np.float64), recipe.seed + 1, _INNER)
        _, release = fitted(train, inner, features, recipe, step)
        found[fold == number] = release.churn.predict(held_out, release.encoder.matrix(held_out))
    return found


def base_rates(churned: Floats, fold: NDArray[np.intp]) -> Floats:
    """Predict each row by the share of leavers in the other folds."""
    rates = [churned[fold != number].mean() for number in range(fold.max() + 1)]
    return np.asarray(rates)[fold]
