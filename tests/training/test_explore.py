from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from models.average import Average
from models.recipe import Recipe
from training.choice import ALL
from training.explore import Reader, explore, half_life, harm
from training.fit import calibrated, learn
from training.held_out import predict

Maker = Callable[..., pd.DataFrame]

REACH = 90
GRID = pd.date_range("2023-01-01", periods=6, freq="90D").strftime("%Y-%m-%d").tolist()


@pytest.fixture(scope="module")
def panel(snapshots: Maker) -> list[pd.DataFrame]:
    """Give cutoffs, oldest first, at each of which more of those who would have stayed leave."""
    rng = np.random.default_rng(3)
    frames = []
    for number, day in enumerate(GRID):
        frame = snapshots(1_000, seed=number, cutoff=day)
        pushed = rng.random(len(frame)) < 0.12 * number
        frames.append(frame.assign(churned=np.where(pushed, 1, frame["churned"])))
    return frames


def forward(panel: list[pd.DataFrame]) -> list[Reader]:
    """Predict the last three cutoffs from the ones before, newest first."""

    def reader(number: int) -> Reader:
        return lambda: (pd.concat(panel[number - 2 : number]), panel[number])

    return [reader(n) for n in (4, 3, 2)]


def test_a_drift_that_persists_is_calibrated_away(
    panel: list[pd.DataFrame], features: FeatureSet, recipe: Recipe
) -> None:
    chosen, seen = explore(forward(panel), features, recipe, reach=REACH)
    assert chosen.calibration != "none"
    raw = learn(pd.concat(panel[3:5]), features, chosen)
    left = panel[5]["churned"].mean()
    before = predict(raw, panel[5]).probability.mean() - left
    release = calibrated(raw, chosen, seen)
    after = release.score(panel[5])["churn_probability"].mean() - left
    assert before < -0.08
    assert abs(after) < abs(before) / 2


def test_kinds_are_explored_together(
    snapshots: Maker, features: FeatureSet, recipe: Recipe
) -> None:
    folds: list[Reader] = [lambda: (snapshots(400, seed=1), snapshots(300, seed=2))]
    found, (seen,) = explore(folds, features, recipe, kinds=ALL)
    assert found.churn in ALL.churn
    assert found.value in ALL.value
    assert found.calibration == "none"
    (_, again) = explore(folds, features, found)
    np.testing.assert_allclose(again[0].probability, seen.probability, atol=1e-12)
    np.testing.assert_array_equal(again[0].expected, seen.expected)
    blend, _ = explore(folds, features, replace(recipe, churn="blend"))
    assert blend.extra_rounds > 0
    release = learn(snapshots(400), features, blend)
    assert isinstance(release.churn.estimator, Average)


DAYS = pd.date_range("2023-01-01", periods=4, freq="60D").strftime("%Y-%m-%d")


def test_recent_cutoffs_count_more_where_what_used_to_mean_leaving_means_staying(
    snapshots: Maker, features: FeatureSet, recipe: Recipe
) -> None:
    def reader(seed: int) -> Reader:
        frames = [snapshots(300, seed=seed + n, cutoff=day) for n, day in enumerate(DAYS)]
        turned = [f.assign(churned=1 - f["churned"]) for f in frames[:2]]
        return lambda: (pd.concat([*turned, frames[2]]), frames[3])

    assert half_life([reader(10), reader(20)], features, recipe, 10) == 30


def test_old_cutoffs_count_as_much_where_most_is_learnt_from_them(
    snapshots: Maker, features: FeatureSet, recipe: Recipe
) -> None:
    def reader(seed: int) -> Reader:
        sizes = zip((500, 500, 20, 300), DAYS, strict=True)
        frames = [snapshots(rows, seed=seed + rows, cutoff=day) for rows, day in sizes]
        return lambda: (pd.concat(frames[:3]), frames[3])

    assert half_life([reader(10), reader(20)], features, recipe, 10) is None
    assert half_life([], features, recipe, 10) is None


def test_features_that_tell_one_cutoff_from_another_by_chance_do_harm(
    panel: list[pd.DataFrame], features: FeatureSet, recipe: Recipe
) -> None:
    assert not harm(forward(panel), features, features.without(["recency"]), recipe)
    told, watched = panel[3].assign(tenure_days=panel[3]["churned"]), panel[4]
    once: list[Reader] = [lambda: (told, watched)]
    assert harm(once, features, features.without(["tenure"]), recipe)
