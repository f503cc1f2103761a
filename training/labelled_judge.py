"""How good the probabilities of a flat file are, and which columns look like its outcome."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import FeatureSet
from models.matrix import Floats
from training.bootstrap import Interval, intervals, paired
from training.crossed import base_rates
from training.evaluate import MODEL, Evaluation, Prediction, leavers_found, resamples
from training.grade import Grade
from training.measures import churn_measures, log_loss, roc_auc

LOGISTIC = "logistic regression"
BASE = "base rate"

_LEAK = 0.95
"""A single column that separates better than this knows the outcome."""

_BEYOND = 1e300
"""Stands for a missing number, at one end of the ranking."""


def judge(
    frame: pd.DataFrame,
    fold: NDArray[np.intp],
    features: FeatureSet,
    model: Floats,
    plain: Floats,
    seed: int,
) -> Evaluation:
    """Measure out-of-fold probabilities, beside those of the baselines on the same folds.

    Parameters
    ----------
    frame : DataFrame
        Labelled rows.
    fold : ndarray of shape (rows,)
    features : FeatureSet
    model, plain : ndarray of shape (rows,)
        Out-of-fold probabilities of the model and of the logistic regression.
    seed : int
        Of the bootstrap.
    """
    churned = frame["churned"].to_numpy(np.float64)
    said = {MODEL: model, LOGISTIC: plain, BASE: base_rates(churned, fold)}
    n = resamples(len(churned))
    return Evaluation(
        churned,
        np.full(len(churned), np.nan),
        {name: Prediction(p, p) for name, p in said.items()},
        {},
        {name: intervals(churn_measures, (churned, p), n=n, seed=seed) for name, p in said.items()},
        {},
        suspects(frame, fold, features),
    )


def suspects(frame: pd.DataFrame, fold: NDArray[np.intp], features: FeatureSet) -> dict[str, float]:
    """Find columns that alone separate leavers with a ROC AUC above 0.95.

    A category is ranked by its levels' share of leavers in the other folds, so that many rare
    levels are not taken for a good one.
    """
    churned = frame["churned"].to_numpy(np.float64)
    found = {}
    for feature in features:
        if feature.family == "value":
            continue
        if feature.dtype == "category":
            area = roc_auc(churned, _level_rates(frame[feature.name], churned, fold))
        else:
            numbers = frame[feature.name].to_numpy(np.float64, na_value=np.nan)
            area = roc_auc(churned, np.nan_to_num(numbers, nan=-_BEYOND))
            area = max(area, 1 - area)
        if area > _LEAK:
            found[feature.name] = area
    return found


def grade(evaluation: Evaluation, seed: int) -> Grade:
    """Grade out-of-fold probabilities by what they add to a logistic regression."""
    change = difference(
        evaluation.churned,
        evaluation.churn[MODEL].response,
        evaluation.churn[LOGISTIC].response,
        seed,
    )["log_loss"]
    letter = "A" if change.high < 0 else "B" if change.estimate < 0 else "C"
    found = leavers_found(evaluation, MODEL)
    expected = max(1, round(0.1 * len(evaluation.churned))) * float(evaluation.churned.mean())
    return Grade(
        letter,
        f"at the same number of calls it finds {found / expected:.1f} times as many leavers as "
        "calling at random",
    )


def difference(churned: Floats, a: Floats, b: Floats, seed: int) -> Mapping[str, Interval]:
    """Give the paired difference a - b of the log loss, with its 90 % interval."""
    return paired(
        lambda outcome, p: {"log_loss": log_loss(outcome, p)},
        churned,
        a,
        b,
        n=resamples(len(churned)),
        seed=seed,
    )


def _level_rates(column: pd.Series[str], churned: Floats, fold: NDArray[np.intp]) -> Floats:
    codes, _ = pd.factorize(column, use_na_sentinel=False)
    rates = np.empty(len(codes))
    for number in range(fold.max() + 1):
        rest = fold != number
        rows = np.bincount(codes[rest], minlength=codes.max() + 1)
        left = np.bincount(codes[rest], churned[rest], minlength=codes.max() + 1)
        base = churned[rest].mean()
        # A level that the other folds lack says nothing; one they have once says little.
        rates[~rest] = ((left + base) / (rows + 1))[codes[~rest]]
    return rates
