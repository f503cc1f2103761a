"""Training on a flat file with a ready-made outcome: no time, so folds instead of cutoffs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import FeatureSet
from features.errors import InputError
from models.bundle import Bundle, Definition
from models.matrix import Floats
from models.recipe import Recipe, flat_parameters
from models.release import Release
from models.value import ConditionalValue
from training.comparators import cross_compare, find
from training.crossed import cross_fit, fitted, stratified
from training.evaluate import Evaluation, beside
from training.grade import Grade
from training.labelled_judge import grade, judge
from training.labelled_words import speaking
from training.measures import log_loss
from training.settings import SegmentSettings, TrainingSettings
from training.train import Progress

AMOUNT = "amount"
PLAIN = Recipe(churn="logistic")


@dataclass(frozen=True)
class LabelledTask:
    """What to train.

    Parameters
    ----------
    name : str
        Experiment and registered model.
    definition : Definition
    training : TrainingSettings
    seed : int
        Of the split and the models.
    today : date
        Nothing after it was known.
    replacing : bool
        Replace a champion whose scores mean something else.
    segments : SegmentSettings
        What the customers' segments rest on.
    """

    name: str
    definition: Definition
    training: TrainingSettings
    seed: int
    today: date
    replacing: bool = False
    segments: SegmentSettings = field(default_factory=SegmentSettings)


@dataclass(frozen=True)
class LabelledTrained:
    """What training on a flat file made.

    Parameters
    ----------
    task : LabelledTask
    frame : DataFrame
        The labelled rows, ordered by customer.
    fold : ndarray of shape (rows,)
    features : FeatureSet
    recipe : Recipe
        Complete.
    release : Release
        Fitted on all labelled rows.
    probability : ndarray of shape (rows,)
        Out of fold.
    evaluation : Evaluation
        Of these probabilities.
    grade : Grade
    notes : tuple of str
    """

    task: LabelledTask
    frame: pd.DataFrame
    fold: NDArray[np.intp]
    features: FeatureSet
    recipe: Recipe
    release: Release
    probability: Floats
    evaluation: Evaluation
    grade: Grade
    notes: tuple[str, ...] = ()


def train_labelled(
    task: LabelledTask, labelled: pd.DataFrame, features: FeatureSet, progress: Progress
) -> LabelledTrained:
    """Fit on all labelled rows, and predict each of them by a model that has not seen it.

    The best of small trees, larger ones and logistic regression, by out-of-fold log loss, is taken.

    Parameters
    ----------
    task : LabelledTask
    labelled : DataFrame
        Rows with an outcome, ordered by customer: the features and ``churned``.
    features : FeatureSet
        ``amount``, where it is among them, is the value of the customer and no input of the model.
    progress : Progress

    Raises
    ------
    InputError
        When there are too few rows of an outcome.
    """
    comparators = find(task.training.comparators, task.seed)
    _check_enough(labelled, task.training)
    frame = labelled.assign(value=0.0)
    churned = frame["churned"].to_numpy(np.float64)
    fold = stratified(churned, task.seed)
    small = Recipe(churn_parameters=_parameters(features, len(frame)), seed=task.seed)
    plain = replace(PLAIN, seed=task.seed)
    recipes = (small, _larger(small), plain)
    progress.start("Models", len(recipes) * (int(fold.max()) + 1) + 1)
    tried = [(r, cross_fit(frame, fold, features, r, progress.step)) for r in recipes]
    # The first of equals: small trees.
    recipe, probability = min(tried, key=lambda one: log_loss(churned, one[1]))
    theirs, better = tried[-1][1], recipe is not plain
    complete, release = fitted(frame, fold, features, recipe, progress.step)
    evaluation = judge(frame, fold, features, probability, theirs, task.seed)
    compared = cross_compare(comparators, frame, fold, features.without(["value"]))
    evaluation = beside(evaluation, compared.churn, {}, task.seed)
    said = "boosted trees do no better than logistic regression, which is taken"
    return LabelledTrained(
        task,
        frame,
        fold,
        features,
        complete,
        speaking(_with_values(release, features), frame),
        probability,
        evaluation,
        grade(evaluation, task.seed),
        compared.notes if better else (said, *compared.notes),
    )


def rival(made: LabelledTrained, champion: Bundle) -> Floats:
    """Predict the same rows, on the same folds, by the champion's recipe and features.

    Parameters
    ----------
    made : LabelledTrained
    champion : Bundle
        Whose features the frame has.
    """
    same = champion.features.hash == made.features.hash
    if same and champion.recipe == made.recipe:
        return made.probability
    return cross_fit(made.frame, made.fold, champion.features, champion.recipe)


def _parameters(features: FeatureSet, rows: int) -> dict[str, object]:
    # A weight of zero keeps the value, which may come from a column that is to be ignored, out.
    weights = [0.0 if feature.family == "value" else 1.0 for feature in features]
    return {**flat_parameters(rows), **({"feature_contri": weights} if 0.0 in weights else {})}


def _larger(recipe: Recipe) -> Recipe:
    """Give trees for outcomes that turn on several features at once, and on few customers each."""
    old = recipe.churn_parameters
    leaves, rows = 2 * int(old["num_leaves"]) + 1, int(old["min_data_in_leaf"]) // 2
    return replace(recipe, churn_parameters={**old, "num_leaves": leaves, "min_data_in_leaf": rows})


def _with_values(release: Release, features: FeatureSet) -> Release:
    unknown = ConditionalValue(None, float("nan"))
    if AMOUNT not in features.names:
        return replace(release, retained=unknown, churned=unknown)
    known = ConditionalValue(AMOUNT)
    return replace(release, retained=known, churned=ConditionalValue(None, 0.0))


def _check_enough(labelled: pd.DataFrame, settings: TrainingSettings) -> None:
    rows, left = len(labelled), int(labelled["churned"].sum())
    there = f"{rows:,} rows with an outcome, {left:,} left and {rows - left:,} stayed"
    if rows < settings.min_customers:
        raise InputError(
            f"tables.labelled: too little data to learn from: {there}; needed are "
            f"{settings.min_customers:,} ([training] min_customers). Bring more rows, or lower the "
            "setting"
        )
    if min(left, rows - left) < max(settings.min_churners, 2):
        raise InputError(
            f"tables.labelled: too little to tell leavers from stayers: {there}; needed are "
            f"{max(settings.min_churners, 2):,} of each ([training] min_churners). Bring more "
            "rows, or lower the setting"
        )
