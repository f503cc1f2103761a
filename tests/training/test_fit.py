from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from models.calibration import METHODS
from models.recipe import Recipe
from training.explore import explore
from training.fit import (
    DEFAULT_ROUNDS,
    MAX_ROUNDS,
    Fold,
    calibrated,
    grouped_folds,
    learn,
    repeat,
)
from training.held_out import HeldOut, predict

Maker = Callable[..., pd.DataFrame]
MODELLED = 5
"""Scores of the churn and value models, the first ones."""

LOGISTIC = Recipe(churn="logistic_rfm", value="scaled_spend")


def held_out(value: float, retained: float, rows: int = 40) -> HeldOut:
    churned = np.asarray(np.arange(rows) % 2, dtype=np.float64)
    amounts = np.where(churned == 0, value, 0.0)
    said, day = np.linspace(0.1, 0.9, rows), np.full(rows, "2024-01-01", dtype="datetime64[D]")
    nothing, unknown = np.zeros(rows), np.full(rows, np.nan)
    half = np.arange(rows) % 3 == 0
    stayers = np.full(rows, retained)
    return HeldOut(churned, said, amounts, stayers, nothing, unknown, unknown, half, day)


@pytest.fixture(scope="module")
def folds(snapshots: Maker) -> list[Callable[[], Fold]]:
    return [
        lambda: (snapshots(500, seed=1), snapshots(300, seed=2)),
        lambda: (snapshots(500, seed=3), snapshots(300, seed=4)),
    ]


def test_exploring_completes_the_recipe(
    features: FeatureSet, recipe: Recipe, folds: list[Callable[[], Fold]]
) -> None:
    told: list[int] = []
    unfinished = replace(recipe, churn_rounds=0, value_rounds=0)
    chosen, seen = explore(folds, features, unfinished, lambda: told.append(1))
    assert 1 <= chosen.churn_rounds < MAX_ROUNDS
    assert 1 <= chosen.value_rounds < MAX_ROUNDS
    assert chosen.calibration in METHODS
    untold = replace(chosen, churn_rounds=0, value_rounds=0)
    assert replace(untold, calibration="none", corrected=False) == unfinished
    assert [len(h.churned) for h in seen] == [300, 300]
    assert len(told) == 2
    assert explore(folds, features, unfinished)[0] == chosen


def test_without_folds_the_defaults_hold_and_nothing_is_calibrated(
    features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    chosen, seen = explore([], features, recipe)
    assert (chosen.churn_rounds, chosen.value_rounds) == (DEFAULT_ROUNDS, DEFAULT_ROUNDS)
    assert (chosen.calibration, seen) == ("none", [])
    release = learn(snapshots(100), features, recipe)
    assert calibrated(release, chosen, seen) is release


def test_repeating_chooses_nothing(
    features: FeatureSet, recipe: Recipe, folds: list[Callable[[], Fold]]
) -> None:
    (first, _) = repeat(folds, features, recipe)
    train, watched = folds[0]()
    expected = predict(learn(train, features, recipe), watched)
    np.testing.assert_array_equal(first.probability, expected.probability)
    np.testing.assert_array_equal(first.retained, expected.retained)


@pytest.mark.parametrize(
    ("value", "retained", "factor"),
    [(12, 10, 1.2), (1000, 10, 2.0), (1, 10, 0.5), (0, 10, 1.0), (-5, 10, 1.0)],
)
def test_values_are_scaled_to_the_total_of_those_who_stayed_within_bounds(
    features: FeatureSet,
    recipe: Recipe,
    snapshots: Maker,
    value: float,
    retained: float,
    factor: float,
) -> None:
    release = learn(snapshots(100), features, recipe)
    seen = [held_out(value, retained)]
    made = calibrated(release, replace(recipe, corrected=True), seen)
    assert made.retained.factor == pytest.approx(release.retained.factor * factor)
    assert made.churned == release.churned
    assert calibrated(release, recipe, seen).retained == release.retained


def test_probabilities_are_calibrated_by_the_recipe_s_method(
    features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    release = learn(snapshots(100), features, recipe)
    for method in METHODS:
        seen = held_out(10, 10)
        seen = replace(seen, churned=(np.linspace(0.1, 0.9, 40) > 0.55).astype(float))
        made = calibrated(release, replace(recipe, calibration=method), [seen])
        assert made.churn.calibration.method == method


def test_the_same_recipe_gives_the_same_scores(
    features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    frame, other = snapshots(500), snapshots(100, seed=2)
    first, second = (learn(frame, features, recipe).score(other) for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_a_customer_falls_into_one_fold_whatever_the_order(snapshots: Maker) -> None:
    frame = pd.concat([snapshots(200, seed=s) for s in (1, 2, 3)], ignore_index=True)
    shuffled = frame.sample(frac=1, random_state=1)
    seen: list[str] = []
    for read, again in zip(grouped_folds(frame), grouped_folds(shuffled), strict=True):
        train, watched = read()
        assert not set(train["customer_id"]) & set(watched["customer_id"])
        assert len(train) + len(watched) == len(frame)
        assert set(again()[1]["customer_id"]) == set(watched["customer_id"])
        seen += watched["customer_id"].unique().tolist()
    assert sorted(seen) == sorted(frame["customer_id"].unique())


def test_folds_with_one_outcome_are_left_out(snapshots: Maker) -> None:
    frame = snapshots(20).assign(churned=0)
    assert grouped_folds(frame) == []
    two = frame.assign(churned=frame["customer_id"].isin(["k00000", "k00001"]).astype(int))
    sizes = [watched["churned"].sum() for _, watched in (read() for read in grouped_folds(two))]
    assert sizes == [1, 1]
    assert grouped_folds(two[:3]) == []


@pytest.mark.parametrize("start", ["lightgbm", "logistic"])
def test_two_leavers_are_enough_to_fit(
    features: FeatureSet, recipe: Recipe, snapshots: Maker, start: str
) -> None:
    frame = snapshots(30)
    frame["churned"] = frame["customer_id"].isin(["k00000", "k00001"]).astype(int)
    recipe = recipe if start == "lightgbm" else LOGISTIC
    chosen, seen = explore(grouped_folds(frame), features, recipe)
    scores = calibrated(learn(frame, features, chosen), chosen, seen).score(frame)
    assert np.isfinite(scores.iloc[:, :MODELLED].to_numpy()).all()


@pytest.mark.parametrize("columns", [["attribute_region"], ["overdue_ratio", "attribute_region"]])
def test_features_that_are_never_known_do_no_harm(
    features: FeatureSet, recipe: Recipe, snapshots: Maker, columns: list[str]
) -> None:
    frame = snapshots(300)
    frame[columns] = np.nan
    scores = learn(frame, features, recipe).score(snapshots(50, seed=2))
    assert np.isfinite(scores.iloc[:, :MODELLED].to_numpy()).all()


def test_values_of_zero_are_predicted_as_zero(
    features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    frame = snapshots(300).assign(value=0.0)
    assert not learn(frame, features, recipe).score(frame).iloc[:, 1:MODELLED].any().any()
