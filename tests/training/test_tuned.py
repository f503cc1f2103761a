from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from features.catalogue import FeatureSet
from features.labels import Target
from models.recipe import Recipe
from training.tuned import Found, Tuned, meant, used, with_tuned

AIM = Target("inactivity", 90, 0, 90)


@pytest.fixture
def tuned(features: FeatureSet) -> Tuned:
    models = {
        "churn": Found({"num_leaves": 5, "path_smooth": 2.0}, "log_loss", 0.45, 0.44, 20),
        "value": Found({}, "tweedie_deviance", 2.6, 2.6, 20),
    }
    return Tuned("r1", meant(AIM), features.hash, models)


def test_parameters_that_fit_are_put_over_the_default_ones(
    tuned: Tuned, recipe: Recipe, features: FeatureSet
) -> None:
    found, (note,) = with_tuned(recipe, tuned, AIM, features)
    assert found.churn_parameters == {
        **recipe.churn_parameters,
        "num_leaves": 5,
        "path_smooth": 2.0,
    }
    assert found.value_parameters == recipe.value_parameters
    assert note == (
        "tuned parameters of run r1: churn log_loss 0.4500 → 0.4400 on validation, "
        "value as by default"
    )
    assert used(found, tuned, AIM, features) == "r1"


def test_without_a_search_nothing_changes(recipe: Recipe, features: FeatureSet) -> None:
    assert with_tuned(recipe, None, AIM, features) == (recipe, ())
    assert used(recipe, None, AIM, features) == "none"


def test_the_day_is_no_part_of_the_target(
    tuned: Tuned, recipe: Recipe, features: FeatureSet
) -> None:
    later = replace(AIM, as_of=date(2024, 1, 1))
    assert with_tuned(recipe, tuned, later, features)[0] != recipe


def test_another_target_is_not_mixed(tuned: Tuned, recipe: Recipe, features: FeatureSet) -> None:
    other = replace(AIM, horizon=60)
    found, (note,) = with_tuned(recipe, tuned, other, features)
    assert found == recipe
    assert note == (
        "the tuned parameters of run r1 do not fit: they are for another target "
        "(horizon 90 → 60); the default ones are used. Run `keepwell tune` again"
    )
    assert used(found, tuned, other, features) == "none"


def test_another_feature_set_is_not_mixed(
    tuned: Tuned, recipe: Recipe, features: FeatureSet
) -> None:
    found, (note,) = with_tuned(recipe, tuned, AIM, features.without(["recency"]))
    assert found == recipe
    assert "they are for another feature set" in note


def test_json_holds_all_of_it(tuned: Tuned) -> None:
    assert Tuned.from_dict(json.loads(json.dumps(tuned.to_dict()))) == tuned


def test_a_baseline_in_the_place_of_the_model_uses_nothing(
    tuned: Tuned, features: FeatureSet
) -> None:
    assert used(Recipe("logistic_rfm", "scaled_spend"), tuned, AIM, features) == "none"


def test_a_search_that_has_left_the_default_is_used_where_it_fits_only(
    tuned: Tuned, recipe: Recipe, features: FeatureSet
) -> None:
    stays = replace(tuned, models={"value": tuned.models["value"]})
    assert used(recipe, stays, AIM, features) == "r1"
    assert used(recipe, stays, replace(AIM, gap=7), features) == "none"
