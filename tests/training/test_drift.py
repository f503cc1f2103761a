from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from models.bundle import Bundle
from models.profile import profile
from training.drift import chance, drifts, population_stability

Maker = Callable[..., pd.DataFrame]


def test_the_population_stability_index_of_two_bins() -> None:
    # Half a row more in each: 500.5 and 500.5 against 200.5 and 800.5, of 1001.
    expected = (0.2003 - 0.5) * math.log(0.2003 / 0.5) + (0.7997 - 0.5) * math.log(0.7997 / 0.5)
    assert population_stability([0.5, 0.5], [200, 800]) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("counts", [[30, 70], [300, 700], [3, 7]])
def test_the_same_shares_are_stable(counts: list[int]) -> None:
    assert population_stability([0.3, 0.7], counts) == pytest.approx(0, abs=1e-12)


def test_an_empty_bin_stays_finite() -> None:
    assert 1 < population_stability([0.5, 0.5, 0.0], [0, 0, 100]) < 20


def test_two_samples_of_one_distribution_have_the_index_that_chance_gives() -> None:
    rng = np.random.default_rng(3)
    found = [
        population_stability(
            rng.multinomial(400, [0.1] * 10) / 400, rng.multinomial(400, [0.1] * 10)
        )
        for _ in range(300)
    ]
    assert np.mean(found) == pytest.approx(9 * (1 / 400 + 1 / 400), rel=0.1)


def test_chance_is_the_chi_square_test() -> None:
    then, now = np.array([50, 30, 20]), np.array([20, 30, 50])
    expected = chisquare([50, 30, 20, 20, 30, 50], [35, 30, 35, 35, 30, 35], ddof=3).pvalue
    assert chance(then, now) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("then", "now"), [([10, 0], [10, 0]), ([0, 0], [5, 5]), ([1, 1], [1, 1]), ([100], [3])]
)
def test_where_nothing_can_differ_nothing_does(then: list[int], now: list[int]) -> None:
    assert chance(then, now) == 1.0


def test_false_alarms_are_as_rare_as_they_are_said_to_be() -> None:
    rng = np.random.default_rng(1)
    shares = [0.1] * 10
    p = [chance(rng.multinomial(500, shares), rng.multinomial(500, shares)) for _ in range(1000)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.02)


def test_other_customers_of_the_same_kind_have_not_moved(shop: Bundle, snapshots: Maker) -> None:
    before = profile(shop.release, snapshots(1000, seed=1))
    found = drifts(before, shop.release, snapshots(1000, seed=2))
    assert not any(drift.moved for drift in (*found.features, *found.scores))
    assert max(abs(drift.effect) for drift in found.features) < 0.1
    assert found.customers == 1000


def test_longer_silence_moves_the_feature_and_the_scores(shop: Bundle, snapshots: Maker) -> None:
    before = profile(shop.release, snapshots(1000, seed=1))
    now = snapshots(1000, seed=2)
    now["days_since_purchase"] *= 3
    now["overdue_ratio"] *= 3
    found = drifts(before, shop.release, now)
    moved = {drift.name: drift for drift in found.features if drift.moved}
    assert set(moved) == {"days_since_purchase", "overdue_ratio"}
    assert found.features[0].name in moved
    assert sum(drift.effect for drift in moved.values()) > 0.3
    (risk, value) = found.scores
    assert risk.moved
    assert risk.effect == pytest.approx(sum(d.effect for d in found.features), rel=0.25)
    assert value.effect < -0.1


def test_a_table_that_is_no_longer_delivered_shows_as_missing(
    shop: Bundle, snapshots: Maker
) -> None:
    before = profile(shop.release, snapshots(500, seed=1))
    now = snapshots(500, seed=2).assign(purchase_gap_mean=np.nan)
    (gap,) = (
        d for d in drifts(before, shop.release, now).features if d.name == "purchase_gap_mean"
    )
    assert gap.moved
    assert gap.missing[0] < 0.1
    assert gap.missing[1] == 1.0


def test_a_new_region_moves_its_attribute(shop: Bundle, snapshots: Maker) -> None:
    before = profile(shop.release, snapshots(500, seed=1))
    now = snapshots(500, seed=2)
    now.loc[:200, "attribute_region"] = "west"
    found = {d.name for d in drifts(before, shop.release, now).features if d.moved}
    assert found == {"attribute_region"}
