from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from features.panel import Panel
from models.calibration import Calibration
from models.purchase import LABEL
from models.recipe import Recipe
from models.release import Release
from training.fit import Fold, calibrated, grouped_folds, learn, repeat, with_outlook
from training.further import further_measures, unsaid
from training.history import History
from training.splits import Roles
from training.train import two_fits

Maker = Callable[..., pd.DataFrame]


def labelled(frame: pd.DataFrame) -> pd.DataFrame:
    """Let most of those who stay buy within 30 days; of one in four nothing is known yet."""
    rng = np.random.default_rng(1)
    bought = (frame["churned"] == 0) & (rng.random(len(frame)) < 0.8)
    known = np.arange(len(frame)) % 4 > 0
    return frame.assign(**{LABEL: np.where(known, bought.astype(float), np.nan)})


@pytest.fixture(scope="module")
def release(features: FeatureSet, recipe: Recipe, snapshots: Maker) -> Release:
    frame = labelled(snapshots(1500))
    held_out = repeat(grouped_folds(frame, 3), features, recipe)
    return calibrated(learn(frame, features, recipe), recipe, held_out)


def test_intervals_and_purchases_come_true(release: Release, snapshots: Maker) -> None:
    later = labelled(snapshots(2000, seed=9))
    found = further_measures(release, later)
    assert found["interval_coverage_90"] == pytest.approx(0.9, abs=0.05)
    assert found["interval_coverage_80"] == pytest.approx(0.8, abs=0.07)
    assert found["purchase_bias"] == pytest.approx(1, abs=0.15)
    rate = later[LABEL].mean()
    blind = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    assert found["purchase_log_loss"] < blind


def test_what_is_not_predicted_is_not_measured(
    release: Release, features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    bare = learn(snapshots(500), features, recipe)
    assert further_measures(bare, snapshots(100, seed=3)) == {}
    unknown = snapshots(100, seed=3).assign(**{LABEL: np.nan})
    assert set(further_measures(release, unknown)) == {
        "interval_coverage_90",
        "interval_coverage_80",
    }


def test_missing_intervals_are_said(
    release: Release, features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    assert unsaid(release) == ()
    few = snapshots(150)
    alone = learn(few, features, recipe)
    folds: list[Callable[[], Fold]] = grouped_folds(few, 2)
    made = with_outlook(alone, recipe, repeat(folds, features, recipe))
    assert made.intervals is None
    assert made.score(few)["expected_value_low_90"].isna().all()
    (said,) = unsaid(made)
    assert said == (
        "no intervals of expected value: fewer than 200 held-out predictions to learn them from, "
        "or nobody brings anything"
    )


def test_only_the_newest_cutoffs_teach_intervals(
    features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    cutoffs = ("2023-01-01", "2023-02-01", "2023-03-01")
    parts = [snapshots(400, seed=n, cutoff=c) for n, c in enumerate(cutoffs)]
    parts[0] = parts[0].assign(value=parts[0]["value"] * 1_000)
    learnt = learn(parts[2], features, recipe)

    def reader(part: pd.DataFrame) -> Callable[[], Fold]:
        return lambda: (parts[2], part)

    both = repeat([reader(part) for part in parts], features, recipe)
    found = with_outlook(learnt, recipe, both).intervals
    newest = with_outlook(learnt, recipe, both[1:]).intervals
    assert found is not None
    assert newest is not None
    assert found.to_files() == newest.to_files()


def test_a_baseline_has_no_outlook(features: FeatureSet, recipe: Recipe, snapshots: Maker) -> None:
    plain = replace(recipe, churn_parameters={})
    frame = snapshots(600)
    held_out = repeat(grouped_folds(frame, 2), features, recipe)
    made = with_outlook(learn(frame, features, recipe), plain, held_out)
    assert made.intervals is None


class Quiet:
    """Hears how far training has come, and tells nobody."""

    def start(self, stage: str, steps: int) -> None:
        """Begin a stage."""

    def step(self) -> None:
        """Finish a step."""


@pytest.mark.parametrize(("rows", "known"), [(600, True), (120, False)])
def test_other_customers_teach_the_intervals_of_a_single_cutoff(
    features: FeatureSet,
    recipe: Recipe,
    snapshots: Maker,
    tmp_path: Path,
    rows: int,
    *,
    known: bool,
) -> None:
    cutoff = date(2024, 1, 1)
    snapshots(rows).to_parquet(tmp_path / "only.parquet")
    panel = Panel({cutoff: tmp_path / "only.parquet"}, features)
    past = History(panel, Roles(date(2024, 4, 1), 90, [cutoff], [], []))
    fits = two_fits(past, features, recipe, Quiet())
    assert fits.measured is None
    assert fits.serving.churn.calibration == Calibration()
    assert (fits.serving.intervals is not None) is known
    later = snapshots(500, seed=8)
    ends = fits.serving.score(later)[["expected_value_low_90", "expected_value_high_90"]]
    assert ends.notna().all(axis=None) == known
    if known:
        within = later["value"].between(ends.iloc[:, 0], ends.iloc[:, 1])
        assert 0.82 < within.mean() < 0.98
