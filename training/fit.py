"""Fitting a recipe: rolling-origin folds, the evaluation fit and the serving fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.catalogue import FeatureSet
from models import calibration, churn, purchase, value, wallet_fit
from models.churn import ChurnModel
from models.derived import derive, derived_names
from models.matrix import Encoder
from models.recipe import Recipe
from models.release import Release, medians, mixture
from models.stored import Frame
from models.value import ConditionalValue
from models.wallet import WalletModel
from training import intervals
from training.held_out import HeldOut, predict, together
from training.intervals import Forward

MAX_ROUNDS = 1000
"""Trees tried in the folds."""

DEFAULT_ROUNDS = 150
"""Trees when there are no folds to choose by."""

_FACTOR_BOUNDS = (0.5, 2.0)
"""A correction of the predicted total beyond this is a broken history, not a bias."""

_NEWEST = 2
"""Cutoffs whose predictions teach the intervals: the spread of values changes with the seasons."""

Fold = tuple[pd.DataFrame, pd.DataFrame]
"""Training snapshots, held-out snapshots."""


@dataclass(frozen=True)
class Ready:
    """Snapshots with their derived features, and what turns them into a matrix.

    Parameters
    ----------
    frame : DataFrame or Stored
        What is learnt from.
    held_out : DataFrame
        What tells when to stop; empty where nothing does.
    encoder : Encoder
    wallet : WalletModel or None
    """

    frame: Frame
    held_out: pd.DataFrame
    encoder: Encoder
    wallet: WalletModel | None

    def release(
        self, risk: ChurnModel, retained: ConditionalValue, lost: ConditionalValue, recipe: Recipe
    ) -> Release:
        """Put the models together, beside the one of the next purchase."""
        middle = medians(self.frame, self.encoder)
        buying = purchase.fit(self.frame, self.encoder, recipe)
        return Release(self.encoder, risk, retained, lost, middle, self.wallet, purchase=buying)


def prepared(
    frame: Frame,
    features: FeatureSet,
    recipe: Recipe,
    held_out: pd.DataFrame | None = None,
) -> Ready:
    """Derive features and fit the encoder, on the snapshots that are learnt from alone."""
    watched, wallet = pd.DataFrame() if held_out is None else held_out, None
    if derived_names(features):
        wallet = wallet_fit.fit(frame, features, recipe.wallet_quantile, recipe.seed)
        frame = derive(wallet, frame)
        watched = watched if held_out is None else derive(wallet, watched)
    return Ready(frame, watched, Encoder.fit(frame, features), wallet)


def learn(frame: Frame, features: FeatureSet, recipe: Recipe) -> Release:
    """Fit all models of a release, uncalibrated.

    Parameters
    ----------
    frame : DataFrame or Stored
        Labelled snapshots, ordered by (cutoff, customer_id).
    features : FeatureSet
        Of the tables, and perhaps derived; the model behind the derived ones is fitted first, on
        the same snapshots, so that no fit sees one from its future.
    recipe : Recipe
        Complete.
    """
    ready = prepared(frame, features, recipe)
    return ready.release(
        churn.fit(ready.frame, ready.encoder, recipe),
        value.fit_retained(ready.frame, ready.encoder, recipe),
        value.fit_churned(ready.frame, ready.encoder, recipe),
        recipe,
    )


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

    Probabilities by the recipe's method; values, where the recipe corrects them, by one factor, so
    that the predicted total of those who stay is the actual one. Without held-out predictions
    nothing is calibrated.
    """
    if not held_out:
        return release
    whole = together(held_out)
    fitted = calibration.fit(recipe.calibration, whole.churned, whole.probability)
    factor = float(np.clip(whole.factor, *_FACTOR_BOUNDS)) if recipe.corrected else 1.0
    made = replace(
        release,
        churn=release.churn.calibrated(fitted),
        retained=release.retained.scaled(factor),
    )
    return with_outlook(made, recipe, held_out, factor)


def with_outlook(
    release: Release, recipe: Recipe, held_out: Sequence[HeldOut], factor: float = 1.0
) -> Release:
    """Add what held-out predictions tell besides: the intervals, and how often purchases come true.

    Parameters
    ----------
    release : Release
    recipe : Recipe
        Without parameters it is that of a baseline, which has no outlook.
    held_out : sequence of HeldOut
    factor : float
        By which the release scales the values of those who stay.
    """
    if not held_out or not recipe.churn_parameters:
        return release
    whole = together(held_out)
    p, retained = release.churn.calibration.apply(whole.probability), factor * whole.retained
    scores = np.column_stack([p, retained, whole.lost, mixture(p, retained, whole.lost)])
    newest = np.isin(whole.cutoff, np.unique(whole.cutoff)[-_NEWEST:])
    known = Forward(scores[newest], whole.value[newest], whole.half[newest])
    buying = release.purchase.calibrated(whole.bought, whole.buying) if release.purchase else None
    return replace(release, intervals=intervals.fit(known, recipe.seed), purchase=buying)


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
