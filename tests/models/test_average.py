from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from models import churn
from models.average import Average
from models.calibration import logit
from models.churn import MEMBERS, ChurnModel
from models.matrix import Encoder
from models.recipe import Recipe

Maker = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def frame(snapshots: Maker) -> pd.DataFrame:
    return snapshots(600)


@pytest.fixture(scope="module")
def encoder(frame: pd.DataFrame, features: FeatureSet) -> Encoder:
    return Encoder.fit(frame, features)


@pytest.fixture(scope="module")
def blend(frame: pd.DataFrame, encoder: Encoder, recipe: Recipe) -> ChurnModel:
    return churn.fit(frame, encoder, replace(recipe, churn="blend", extra_rounds=20))


def test_a_blend_is_the_mean_of_its_members_log_odds(
    blend: ChurnModel, frame: pd.DataFrame, encoder: Encoder
) -> None:
    matrix = encoder.matrix(frame)
    assert isinstance(blend.estimator, Average)
    alone = [ChurnModel(m).raw(frame, matrix) for m in blend.estimator.members]
    assert len(alone) == len(MEMBERS["blend"]) == 3
    mean = np.mean([logit(p) for p in alone], axis=0)
    np.testing.assert_allclose(logit(blend.raw(frame, matrix)), mean, atol=1e-9)


def test_what_features_add_adds_up_but_for_a_constant(
    blend: ChurnModel, frame: pd.DataFrame, encoder: Encoder
) -> None:
    matrix = encoder.matrix(frame)
    names, shares = blend.contributions(frame, matrix)
    assert names == encoder.features.names
    rest = logit(blend.raw(frame, matrix)) - shares.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-8)


def test_a_blend_travels_as_text(blend: ChurnModel, frame: pd.DataFrame, encoder: Encoder) -> None:
    fields, texts = blend.to_files()
    read = ChurnModel.from_files(json.loads(json.dumps(fields)), texts)
    matrix = encoder.matrix(frame)
    np.testing.assert_array_equal(read.predict(frame, matrix), blend.predict(frame, matrix))
    assert sorted(texts) == ["churn_1.txt", "churn_2.txt"]
    assert read.reads_columns


def test_seeds_are_averaged(frame: pd.DataFrame, encoder: Encoder, recipe: Recipe) -> None:
    model = churn.fit(frame, encoder, replace(recipe, churn="lightgbm", seeds=3))
    assert isinstance(model.estimator, Average)
    first, second, _ = model.estimator.members
    alone = churn.fit(frame, encoder, replace(recipe, churn="lightgbm"))
    matrix = encoder.matrix(frame)
    assert isinstance(first, lgb.Booster)
    np.testing.assert_array_equal(alone.raw(frame, matrix), first.predict(matrix))
    assert not np.array_equal(first.predict(matrix), second.predict(matrix))  # type: ignore[arg-type]
    assert not model.reads_columns


def test_more_open_complaints_never_lower_the_risk(
    frame: pd.DataFrame, encoder: Encoder, recipe: Recipe
) -> None:
    # Those with a complaint stay more often here, by the luck of the draw.
    lucky = frame.assign(churned=frame["churned"].where(frame["complaints_open"] == 0, 0))
    for kind in ("lightgbm", "extra_trees", "blend"):
        model = churn.fit(lucky, encoder, replace(recipe, churn=kind, extra_rounds=30))
        said = [
            model.raw(given, encoder.matrix(given))
            for given in (frame.assign(complaints_open=float(n)) for n in range(4))
        ]
        assert all((more >= less).all() for less, more in pairwise(said))


def test_recent_cutoffs_count_more_where_asked(
    snapshots: Maker, features: FeatureSet, recipe: Recipe
) -> None:
    old, new = snapshots(400, cutoff="2023-01-01"), snapshots(400, seed=2, cutoff="2024-01-01")
    both = pd.concat([old.assign(churned=0), new.assign(churned=1)], ignore_index=True)
    encoder = Encoder.fit(both, features)
    matrix = encoder.matrix(new)
    plain, recent = (
        churn.fit(both, encoder, replace(recipe, half_life=days)).raw(new, matrix).mean()
        for days in (None, 90.0)
    )
    assert plain == pytest.approx(0.5, abs=0.05)
    assert recent > 0.8
