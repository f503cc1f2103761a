from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from models.matrix import Encoder
from models.purchase import LABEL, LONGEST, PurchaseModel, expected_days, fit
from models.recipe import Recipe

UNKNOWN = np.full(2, np.nan)
Maker = Callable[..., pd.DataFrame]


def bought(frame: pd.DataFrame, share: float = 0.7) -> pd.DataFrame:
    """Let a share of those who stay buy within 30 days: the ones who buy most often."""
    often = frame["purchase_days_count_365d"]
    soon = (frame["churned"] == 0) & (often >= often.quantile(1 - share))
    return frame.assign(**{LABEL: soon.astype(float)})


def fitted(frame: pd.DataFrame, features: FeatureSet, recipe: Recipe) -> PurchaseModel:
    made = fit(frame, Encoder.fit(frame, features), recipe)
    assert made is not None
    return made


def test_it_tells_who_will_buy(features: FeatureSet, recipe: Recipe, snapshots: Maker) -> None:
    model = fitted(bought(snapshots(1500)), features, recipe)
    later = bought(snapshots(800, seed=2))
    matrix = Encoder.fit(later, features).matrix(later)
    outcome = later[LABEL].to_numpy(bool)
    p = np.full(len(later), 1e-6)
    said = model.predict(matrix, p)
    assert said[outcome].mean() > said[~outcome].mean() + 0.2
    assert ((said > 0) & (said < 1)).all()


def test_a_purchase_is_never_more_likely_than_staying(
    features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    frame = bought(snapshots(1500))
    model = fitted(frame, features, recipe)
    matrix = Encoder.fit(frame, features).matrix(frame)
    p = np.linspace(0.5, 1 - 1e-6, len(frame))
    assert model.within
    assert (model.predict(matrix, p) <= 1 - p).all()
    mixed = frame.assign(**{LABEL: np.arange(len(frame)) % 2})
    assert not fitted(mixed, features, recipe).within


def test_where_buying_is_staying_it_is_the_same_number(
    features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    frame = snapshots(300)
    model = fitted(frame.assign(**{LABEL: 1.0 - frame["churned"]}), features, recipe)
    p = np.asarray([0.1, 0.7])
    assert model.estimator is None
    np.testing.assert_allclose(model.predict(np.empty((2, 0)), p), 1 - p)


def test_windows_that_have_not_ended_teach_nothing(
    features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    frame = bought(snapshots(1500))
    newer = snapshots(500, seed=3).assign(**{LABEL: np.nan})
    one = fitted(frame, features, recipe)
    two = fitted(pd.concat([frame, newer], ignore_index=True), features, recipe)
    assert one.to_files() == two.to_files()


def test_there_is_none_where_nothing_is_bought_or_hardly_anybody_tells(
    features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    frame = snapshots(400)
    encoder = Encoder.fit(frame, features)
    assert fit(frame, encoder, recipe) is None
    assert fit(frame.assign(**{LABEL: np.nan}), encoder, recipe) is None
    rare = frame.assign(**{LABEL: (np.arange(400) < 20).astype(float)})
    assert fit(rare, encoder, recipe) is None
    assert fit(bought(frame), encoder, Recipe(churn="logistic_rfm")) is None


def test_calibration_looks_at_known_outcomes_alone(
    features: FeatureSet, recipe: Recipe, snapshots: Maker
) -> None:
    model = fitted(bought(snapshots(1500)), features, recipe)
    rng = np.random.default_rng(4)
    said = rng.uniform(0.3, 0.9, 4_000)
    outcome = (rng.random(4_000) < said / 2).astype(float)
    unknown = np.where(np.arange(4_000) % 5 == 0, np.nan, outcome)
    made = model.calibrated(unknown, said)
    assert made.calibration.apply(said).mean() == pytest.approx(outcome.mean(), abs=0.02)
    assert model.calibrated(np.full(3, np.nan), said[:3]) is model


def test_it_travels_as_text(features: FeatureSet, recipe: Recipe, snapshots: Maker) -> None:
    frame = bought(snapshots(1500))
    model = fitted(frame, features, recipe)
    fields, texts = model.to_files()
    again = PurchaseModel.from_files(fields, texts)
    matrix = Encoder.fit(frame, features).matrix(frame)
    p = np.full(len(frame), 0.3)
    np.testing.assert_array_equal(again.predict(matrix, p), model.predict(matrix, p))
    assert list(texts) == ["next_purchase.txt"]


def test_beyond_thirty_days_the_rate_of_these_goes_on() -> None:
    assert expected_days(np.asarray([0.5, 0.25]), UNKNOWN) == pytest.approx([30, 72.282625])


@pytest.mark.parametrize("gap", [3.0, 20.0, 40.0, 200.0])
def test_half_have_bought_by_then(gap: float) -> None:
    rng = np.random.default_rng(5)
    # One in ten has left for good; the others come at their pace.
    waits = np.where(rng.random(100_000) < 0.1, np.inf, rng.exponential(gap, 100_000))
    days = float(expected_days(np.asarray([np.mean(waits < 30)]), np.asarray([gap]))[0])
    assert np.mean(waits < days) == pytest.approx(0.5, abs=0.06 if days > 30 else 0.01)


def test_without_a_pace_any_of_the_thirty_days_is_as_good() -> None:
    found = expected_days(np.asarray([0.75, 1.0]), UNKNOWN)
    assert found == pytest.approx([20, 15], abs=0.01)


def test_days_fall_as_the_probability_rises_and_end_somewhere() -> None:
    for gap in (1.0, 10.0, 400.0, np.nan):
        days = expected_days(np.linspace(0.03, 1.0, 200), np.full(200, gap))
        assert (np.diff(days) < 0).all()
        assert days.max() < LONGEST
        assert days.min() > 0
    assert np.isnan(expected_days(np.asarray([0.0, 0.01, np.nan]), np.full(3, 5.0))).all()
