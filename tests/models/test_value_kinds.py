"""Every kind of value model on amounts of every kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from models import churn, value
from models.matrix import Encoder, Floats
from models.recipe import ChurnedKind, Recipe, ValueKind
from models.value import FITTED, ConditionalValue, fit_churned, fit_retained, rounds_of

Maker = Callable[..., pd.DataFrame]

KINDS = get_args(ValueKind)


def total(model: ConditionalValue, frame: pd.DataFrame, encoder: Encoder) -> float:
    return float(model.predict(frame, encoder.matrix(frame)).sum())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_the_total_and_ranks(
    features: FeatureSet, snapshots: Maker, recipe: Recipe, kind: ValueKind
) -> None:
    frame = snapshots(1500).assign(churned=0)
    encoder = Encoder.fit(frame, features)
    model = fit_retained(frame, encoder, replace(recipe, value=kind))
    other = snapshots(800, seed=3).query("churned == 0")
    said = model.predict(other, encoder.matrix(other))
    assert total(model, frame, encoder) == pytest.approx(frame["value"].sum(), rel=0.03)
    assert np.corrcoef(np.log1p(said), np.log1p(other["value"]))[0, 1] > 0.4
    assert (rounds_of(model) > 0) == (kind in FITTED)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_travels_as_text_to_the_bit(
    features: FeatureSet, snapshots: Maker, recipe: Recipe, kind: ValueKind
) -> None:
    frame = snapshots(400)
    encoder = Encoder.fit(frame, features)
    model = fit_retained(frame, encoder, replace(recipe, value=kind))
    fields, texts = model.to_files("retained")
    read = ConditionalValue.from_files(json.loads(json.dumps(fields)), texts)
    matrix = encoder.matrix(frame)
    np.testing.assert_array_equal(read.predict(frame, matrix), model.predict(frame, matrix))


def amounts(name: str, rows: int) -> Floats:
    rng = np.random.default_rng(4)
    tail = rng.pareto(1.1, rows) * 10
    return {
        "heavy tails": tail,
        "mostly zero": np.where(rng.random(rows) < 0.9, 0.0, tail),
        "net-negative customers": np.where(rng.random(rows) < 0.3, -5.0, tail),
        "a negative total": np.where(rng.random(rows) < 0.1, 3.0, -20.0),
        "one amount": np.where(np.arange(rows) == 7, 40.0, 0.0),
        "the same for all": np.full(rows, 12.5),
        "all zero": np.zeros(rows),
    }[name]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    [
        "heavy tails",
        "mostly zero",
        "net-negative customers",
        "a negative total",
        "one amount",
        "the same for all",
        "all zero",
    ],
)
def test_amounts_of_any_kind_keep_their_total(
    features: FeatureSet, snapshots: Maker, recipe: Recipe, kind: ValueKind, name: str
) -> None:
    frame = snapshots(300).assign(churned=0, value=amounts(name, 300))
    encoder = Encoder.fit(frame, features)
    model = fit_retained(frame, encoder, replace(recipe, value=kind))
    wanted = float(frame["value"].sum())
    assert total(model, frame, encoder) == pytest.approx(wanted, rel=0.1, abs=1e-6)
    matrix = encoder.matrix(frame)
    assert np.isfinite(model.predict(frame, matrix)).all()


@pytest.mark.parametrize("kind", get_args(ChurnedKind))
def test_leavers_with_a_longer_value_horizon_are_modelled_as_asked(
    features: FeatureSet, snapshots: Maker, recipe: Recipe, kind: ChurnedKind
) -> None:
    frame = snapshots(1500).assign(churned=1)
    back = np.random.default_rng(1).random(1500) < 0.5
    frame["value"] = np.where(back, frame["spend_sum_365d"] / 10, 0.0)
    encoder = Encoder.fit(frame, features)
    model = fit_churned(frame, encoder, replace(recipe, churned_value=kind))
    assert total(model, frame, encoder) == pytest.approx(frame["value"].sum(), rel=0.05)
    assert (model.estimator is None) == (kind == "mean")
    owing = frame.assign(value=-frame["value"])
    less = fit_churned(owing, encoder, replace(recipe, churned_value=kind))
    assert total(less, frame, encoder) == pytest.approx(-frame["value"].sum(), rel=0.05)


class Middle:
    """A trial that proposes the middle of every range, on its scale."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Propose a number."""
        assert low < high, name
        return float(np.sqrt(low * high)) if log else (low + high) / 2

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Propose a whole number."""
        return round(self.suggest_float(name, low, high, log=log))


def test_what_the_search_spaces_propose_can_be_trained(
    features: FeatureSet, snapshots: Maker, recipe: Recipe
) -> None:
    frame = snapshots(400)
    encoder = Encoder.fit(frame, features)
    proposed = replace(
        recipe,
        churn_parameters={**recipe.churn_parameters, **churn.space(Middle())},
        value_parameters={**recipe.value_parameters, **value.space(Middle())},
    )
    matrix = encoder.matrix(frame)
    assert churn.fit(frame, encoder, proposed).raw(frame, matrix).std() > 0
    assert fit_retained(frame, encoder, proposed).predict(frame, matrix).std() > 0
