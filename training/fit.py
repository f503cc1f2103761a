"""Fitting a recipe: rolling-origin folds, the evaluation fit and the serving fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np
import pandas as pd

from features.catalogue import FeatureSet
from models import calibration, churn, value, wallet_fit
from models.derived import derive, derived_names
from models.matrix import Encoder, Floats
from models.recipe import Recipe
from models.release import Release, medians

MAX_ROUNDS = 1000
"""Trees tried in the folds."""

DEFAULT_ROUNDS = 150
"""Trees when there are no folds to choose by."""

_FACTOR_BOUNDS = (0.5, 2.0)
"""A correction of the predicted total beyond this is a broken history, not a bias."""

Fold = tuple[pd.DataFrame, pd.DataFrame]
"""Training snapshots, held-out snapshots."""


@dataclass(frozen=True)
class HeldOut:
    """Uncalibrated predictions of snapshots that the model was not fitted on.

    Parameters
    ----------
    churned, probability, value, retained : ndarray of shape (rows,)
        Outcome and prediction of both targets; ``retained`` predicts E[value | retained].
    """

    churned: Floats
    probability: Floats
    value: Floats
    retained: Floats


def learn(
    frame: pd.DataFrame,
    features: FeatureSet,
    recipe: Recipe,
    held_out: pd.DataFrame | None = None,
) -> Release:
    """Fit all models of a release, uncalibrated.

    Parameters
    ----------
    frame : DataFrame
        Labelled snapshots, ordered by (cutoff, customer_id).
    features : FeatureSet
        Of the tables, and perhaps derived; the model behind the derived ones is fitted first, on
        the same snapshots, so that no fit sees one from its future.
    recipe : Recipe
    held_out : DataFrame, optional
        Snapshots that tell when to stop adding trees.
    """
    wallet = None
    if derived_names(features):
        wallet = wallet_fit.fit(frame, features, recipe.wallet_quantile, recipe.seed)
        frame = derive(wallet, frame)
        held_out = None if held_out is None else derive(wallet, held_out)
    encoder = Encoder.fit(frame, features)
    return Release(
        encoder,
        churn.fit(frame, encoder, recipe, held_out),
        value.fit_retained(frame, encoder, recipe, held_out),
        value.fit_churned(frame, encoder, recipe),
        medians(frame, encoder),
        wallet,
    )


def predict(release: Release, frame: pd.DataFrame) -> HeldOut:
    """Predict snapshots without calibration, beside their outcomes."""
    frame = release.completed(frame)
    matrix = release.encoder.matrix(frame)
    return HeldOut(
        frame["churned"].to_numpy(np.float64),
        release.churn.raw(frame, matrix),
        frame["value"].to_numpy(np.float64),
        release.retained.predict(frame, matrix),
    )


def explore(
    folds: Sequence[Callable[[], Fold]],
    features: FeatureSet,
    recipe: Recipe,
    on_fold: Callable[[], None] = lambda: None,
) -> tuple[Recipe, list[HeldOut]]:
    """Choose tree counts and the calibration method on held-out predictions.

    Parameters
    ----------
    folds : sequence of callable
        Each reads its fold when called, so that one at a time is in memory.
    features : FeatureSet
    recipe : Recipe
        Parameters; its tree counts and method are replaced.
    on_fold : callable
        Told when a fold is done, for progress.

    Returns
    -------
    Recipe
        Complete. Without folds: default tree counts and no calibration.
    list of HeldOut
        The folds' predictions.
    """
    searching = replace(recipe, churn_rounds=MAX_ROUNDS, value_rounds=MAX_ROUNDS)
    held_out, churn_rounds, value_rounds = [], [], []
    for read in folds:
        train, watched = read()
        release = learn(train, features, searching, watched)
        held_out.append(predict(release, watched))
        churn_rounds.append(_rounds(release.churn.estimator))
        value_rounds.append(_rounds(release.retained.estimator))
        on_fold()
    sizes = [len(h.churned) for h in held_out]
    method = _method(recipe, held_out)
    chosen = replace(
        recipe,
        churn_rounds=_mean(churn_rounds, sizes),
        value_rounds=_mean(value_rounds, sizes),
        calibration=method,
    )
    return chosen, held_out


def repeat(
    folds: Sequence[Callable[[], Fold]],
    features: FeatureSet,
    recipe: Recipe,
    on_fold: Callable[[], None] = lambda: None,
) -> list[HeldOut]:
    """Predict the folds with a complete recipe as it is: nothing is chosen."""
    held_out = []
    for read in folds:
        train, watched = read()
        held_out.append(predict(learn(train, features, recipe), watched))
        on_fold()
    return held_out


def calibrated(release: Release, recipe: Recipe, held_out: Sequence[HeldOut]) -> Release:
    """Calibrate a release on held-out predictions of its recipe.

    Probabilities by the recipe's method; values by one factor, so that the predicted total of
    those who stay is the actual one. Without held-out predictions nothing is calibrated.
    """
    if not held_out:
        return release
    outcome = np.concatenate([h.churned for h in held_out])
    probability = np.concatenate([h.probability for h in held_out])
    actual = np.concatenate([h.value for h in held_out])[outcome == 0]
    expected = np.concatenate([h.retained for h in held_out])[outcome == 0]
    fitted = calibration.fit(recipe.calibration, outcome, probability)
    factor = float(np.clip(value.ratio(actual, expected), *_FACTOR_BOUNDS))
    return replace(
        release,
        churn=release.churn.calibrated(fitted),
        retained=release.retained.scaled(factor),
    )


def grouped_folds(frame: pd.DataFrame, count: int = 5) -> list[Callable[[], Fold]]:
    """Split by customer, for histories too short to predict forward; at most ``count`` folds.

    All snapshots of a customer fall into one fold, decided by the customer's place in the sorted
    list, so that the order of the rows does not matter. A fold is left out where the rest of the
    customers, or its own, have one outcome only: there is nothing to learn or to judge.
    """
    customers = np.sort(frame["customer_id"].unique())
    fold = np.searchsorted(customers, frame["customer_id"].to_numpy()) % count

    def reader(number: int) -> Callable[[], Fold]:
        return lambda: (frame[fold != number], frame[fold == number])

    def telling(rows: pd.DataFrame) -> bool:
        return bool(0 < rows["churned"].sum() < len(rows))

    numbers = [n for n in range(count) if telling(frame[fold == n]) and telling(frame[fold != n])]
    return [reader(number) for number in numbers]


def _method(recipe: Recipe, held_out: Sequence[HeldOut]) -> str:
    # Logistic regression is calibrated by construction, and is shown as a baseline just so.
    if not held_out or recipe.churn == "logistic_rfm":
        return "none"
    return calibration.choose([(h.churned, h.probability) for h in held_out])


def _rounds(estimator: object) -> int:
    return estimator.current_iteration() if isinstance(estimator, lgb.Booster) else 0


def _mean(rounds: Sequence[int], sizes: Sequence[int]) -> int:
    if not rounds:
        return DEFAULT_ROUNDS
    return max(1, round(float(np.average(rounds, weights=sizes))))
