from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from models.bundle import Bundle
from models.matrix import Encoder
from models.recipe import Recipe
from models.release import DUE, SCORES, medians, mixture
from models.value import ConditionalValue, fit_churned, fit_retained, ratio

Maker = Callable[..., pd.DataFrame]


def test_the_expected_value_is_the_mixture_to_the_bit(shop: Bundle, snapshots: Maker) -> None:
    scores = shop.release.score(snapshots(500, seed=9))
    p, retained, churned = (scores[c].to_numpy() for c in SCORES[:3])
    assert list(scores.columns) == [*SCORES, DUE]
    np.testing.assert_array_equal(scores["expected_value"], (1 - p) * retained + p * churned)
    np.testing.assert_array_equal(scores["value_at_risk"], p * (retained - churned))
    assert (p > 0).all()
    assert (p < 1).all()
    assert mixture(np.array([0.25]), np.array([8.0]), np.array([-4.0])).tolist() == [5.0]


def test_scores_stay_on_the_index_of_the_snapshots(shop: Bundle, snapshots: Maker) -> None:
    frame = snapshots(5).set_axis([9, 3, 7, 1, 5])
    assert shop.release.score(frame).index.tolist() == [9, 3, 7, 1, 5]


def test_the_retained_model_learns_from_those_who_stayed(
    features: FeatureSet, snapshots: Maker, recipe: Recipe
) -> None:
    frame = snapshots(1500)
    other = frame.assign(value=frame["value"].where(frame["churned"] == 0, 1e6))
    encoder = Encoder.fit(frame, features)
    matrix = encoder.matrix(frame)
    model = fit_retained(frame, encoder, recipe)
    np.testing.assert_array_equal(
        fit_retained(other, encoder, recipe).predict(frame, matrix), model.predict(frame, matrix)
    )
    stayed = frame[frame["churned"] == 0]
    predicted = model.predict(stayed, encoder.matrix(stayed))
    assert predicted.min() >= 0
    assert predicted.sum() == pytest.approx(stayed["value"].sum(), rel=0.15)
    assert np.corrcoef(predicted, stayed["value"])[0, 1] > 0.5


def test_returns_lower_the_total_though_not_the_shape(
    features: FeatureSet, snapshots: Maker, recipe: Recipe
) -> None:
    frame = snapshots(1500).assign(churned=0)
    returned = frame.assign(value=np.where(frame.index % 10 == 0, -50.0, frame["value"]))
    encoder = Encoder.fit(frame, features)
    model = fit_retained(returned, encoder, recipe)
    predicted = model.predict(returned, encoder.matrix(returned))
    assert predicted.sum() == pytest.approx(returned["value"].sum())
    assert predicted.min() >= 0


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0.0), (-3.0, -3.0)])
def test_nothing_but_zeros_or_returns_gives_their_mean(
    features: FeatureSet, snapshots: Maker, recipe: Recipe, value: float, expected: float
) -> None:
    frame = snapshots(100).assign(value=value, churned=0)
    encoder = Encoder.fit(frame, features)
    assert fit_retained(frame, encoder, recipe) == ConditionalValue(None, expected)


def test_nobody_stayed_or_nobody_left_is_worth_zero_there(
    features: FeatureSet, snapshots: Maker, recipe: Recipe
) -> None:
    frame = snapshots(50)
    encoder = Encoder.fit(frame, features)
    assert fit_retained(frame.assign(churned=1), encoder, recipe) == ConditionalValue(None, 0.0)
    assert fit_churned(frame.assign(churned=0), encoder, recipe) == ConditionalValue(None, 0.0)


def test_few_returns_of_leavers_give_their_mean(
    features: FeatureSet, snapshots: Maker, recipe: Recipe
) -> None:
    frame = snapshots(100).assign(churned=1, value=[-2.0] * 10 + [0.0] * 90)
    encoder = Encoder.fit(frame, features)
    assert fit_churned(frame, encoder, recipe) == ConditionalValue(None, -0.2)


def test_leavers_who_still_buy_are_modelled(
    features: FeatureSet, snapshots: Maker, recipe: Recipe
) -> None:
    frame = snapshots(1500).assign(churned=1)
    frame["value"] = frame["spend_sum_365d"] / 10 - 5
    encoder = Encoder.fit(frame, features)
    model = fit_churned(frame, encoder, recipe)
    assert isinstance(model.estimator, lgb.Booster)
    predicted = model.predict(frame, encoder.matrix(frame))
    assert np.corrcoef(predicted, frame["value"])[0, 1] > 0.9


def test_the_fallback_scales_past_spend_to_the_actual_total(
    features: FeatureSet, snapshots: Maker, recipe: Recipe
) -> None:
    frame = snapshots(200).assign(churned=0)
    encoder = Encoder.fit(frame, features)
    model = fit_retained(frame, encoder, replace(recipe, value="scaled_spend"))
    assert model.estimator == "net_sum_365d"
    predicted = model.predict(frame, encoder.matrix(frame))
    assert predicted.sum() == pytest.approx(frame["value"].sum())


def test_held_out_snapshots_without_anybody_who_stayed_stop_nothing(
    features: FeatureSet, snapshots: Maker, recipe: Recipe
) -> None:
    frame = snapshots(300)
    encoder = Encoder.fit(frame, features)
    model = fit_retained(frame, encoder, recipe, frame[frame["churned"] == 1])
    assert isinstance(model.estimator, lgb.Booster)
    assert model.estimator.current_iteration() == recipe.value_rounds


@pytest.mark.parametrize(
    ("actual", "predicted", "expected"),
    [
        ([2, 4], [1, 2], 2),
        ([0, 0], [1, 1], 1),
        ([-3, 1], [1, 1], 1),
        ([1, 1], [0, 0], 1),
        ([], [], 1),
    ],
)
def test_the_ratio_of_totals_is_one_where_it_says_nothing(
    actual: list[float], predicted: list[float], expected: float
) -> None:
    assert ratio(np.array(actual), np.array(predicted)) == expected


def test_a_feature_that_is_never_known_has_no_median(
    features: FeatureSet, snapshots: Maker
) -> None:
    frame = snapshots(21).assign(overdue_ratio=np.nan)
    found = medians(frame, Encoder.fit(frame, features))
    assert "overdue_ratio" not in found
    assert "attribute_region" not in found
    assert found["tenure_days"] == frame["tenure_days"].median()
