from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.measures_uplift import (
    auuc,
    deciles,
    gain,
    mean_effect,
    policy_value,
    qini,
    qini_curve,
    ranking_measures,
)

Floats = NDArray[np.float64]

# Eight customers, the highest estimate first: the first two treated ones stay.
OUTCOME = np.array([1, 0, 1, 0, 0, 1, 0, 1.0])
TREATED = np.array([1, 0, 1, 0, 1, 0, 1, 0.0])
UPLIFT = np.array([8, 7, 6, 5, 4, 3, 2, 1.0])


def drawn(seed: int, decimals: int) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(seed)
    treated = rng.integers(2, size=500)
    x = rng.normal(size=500)
    outcome = rng.random(500) < 0.3 + 0.1 * treated * (x > 0)
    return (
        outcome.astype(float),
        np.round(x + rng.normal(size=500), decimals),
        treated.astype(float),
    )


def test_the_qini_curve_by_hand() -> None:
    curve = qini_curve(OUTCOME, UPLIFT, TREATED)
    # Treated who stayed, less controls who stayed per control times treated.
    assert curve.gained.tolist() == pytest.approx([0, 1, 1, 2, 2, 2, 1, 2 - 4 / 3, 0])
    assert curve.reached.tolist() == list(range(9))
    assert curve.area() == pytest.approx(1 + 1 + 2 + 2 + 2 + 1 + 2 / 3)


def test_the_qini_coefficient_by_hand() -> None:
    # The best ranking: two treated who stayed, four who left or were controls that left, then two
    # controls who stayed. Its curve: 1, 2, then 2 until the controls who stayed come.
    best = qini_curve(OUTCOME, OUTCOME * (2 * TREATED - 1), TREATED)
    assert best.gained.tolist() == pytest.approx([0, 2, 2, 0])
    assert best.reached.tolist() == [0, 2, 6, 8]
    assert best.area() == pytest.approx(12)
    assert qini(OUTCOME, UPLIFT, TREATED) == pytest.approx((29 / 3) / 12)


@pytest.mark.parametrize(
    ("seed", "decimals", "coefficient", "area"),
    [
        (0, 8, 0.02405265207711295, 0.02726608238598991),
        (1, 1, 0.02641797818666585, 0.022096535800592468),
        (2, 0, 0.036591555226093815, 0.027612666860282402),
    ],
)
def test_as_scikit_uplift_has_it(seed: int, decimals: int, coefficient: float, area: float) -> None:
    # Worked out once by qini_auc_score and uplift_auc_score of scikit-uplift 0.5.1.
    outcome, uplift, treated = drawn(seed, decimals)
    assert qini(outcome, uplift, treated) == pytest.approx(coefficient, abs=1e-12)
    assert auuc(outcome, uplift, treated) == pytest.approx(area, abs=1e-12)


@given(st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    outcome, uplift, treated = drawn(seed, 0)
    order = np.random.default_rng(seed).permutation(len(outcome))
    for measure in (qini, auuc, gain):
        straight = measure(outcome, uplift, treated)
        assert measure(outcome[order], uplift[order], treated[order]) == pytest.approx(straight)


def test_equal_estimates_rank_like_chance() -> None:
    outcome, _, treated = drawn(3, 0)
    assert ranking_measures(outcome, np.ones(500), treated) == {"qini": 0.0, "auuc": 0.0}
    assert ranking_measures(7 * outcome, np.ones(500), treated) == {"gain": 0.0}


def test_a_measure_without_an_outcome_is_unknown() -> None:
    treated = np.array([1.0, 0.0, 1.0, 0.0])
    assert np.isnan(qini(np.zeros(4), np.arange(4.0), treated))


def test_the_mean_effect_by_hand() -> None:
    outcome, treated = np.array([1, 1, 0, 1, 0, 0.0]), np.array([1, 1, 1, 0, 0, 0.0])
    found = mean_effect(outcome, treated, np.full(6, 0.5))
    assert found.estimate == pytest.approx(2 / 3 - 1 / 3)
    # Each arm: sum of squares 2/3, over 3 squared.
    assert found.error == pytest.approx(np.sqrt(2 * (2 / 3) / 9))


def test_campaigns_that_treated_different_shares_are_evened_out() -> None:
    # In one campaign everybody stays, in the other nobody: no effect in either.
    propensity = np.repeat([0.8, 0.2], 10)
    treated = np.r_[np.ones(8), np.zeros(2), np.ones(2), np.zeros(8)]
    outcome = np.repeat([1.0, 0.0], 10)
    assert mean_effect(outcome, treated, np.full(20, 0.5)).estimate == pytest.approx(0.6)
    assert mean_effect(outcome, treated, propensity).estimate == pytest.approx(0.0)


def test_rows_of_one_customer_are_not_independent() -> None:
    outcome, _, treated = drawn(4, 0)
    half = np.full(500, 0.5)
    alone = mean_effect(outcome, treated, half)
    twice = mean_effect(
        np.tile(outcome, 2), np.tile(treated, 2), np.full(1000, 0.5), np.tile(np.arange(500), 2)
    )
    assert twice.estimate == pytest.approx(alone.estimate)
    assert twice.error == pytest.approx(alone.error)


def test_one_arm_alone_tells_nothing() -> None:
    assert np.isnan(mean_effect([1, 0], [1, 1], [0.5, 0.5]).estimate)
    assert np.isnan(policy_value([1, 0], [1, 1], [0.5, 0.5], [0, 0]).estimate)


def test_the_value_of_a_policy_by_hand() -> None:
    outcome, treated = np.array([4.0, 2, 6, 0]), np.array([1.0, 0, 1, 0])
    half = np.full(4, 0.5)
    assert policy_value(outcome, treated, half, np.ones(4)).estimate == 5
    assert policy_value(outcome, treated, half, np.zeros(4)).estimate == 1
    mixed = policy_value(outcome, treated, half, np.array([1.0, 1, 0, 0]))
    # Those whose arm was the chosen one: the first and the last.
    assert mixed.estimate == 2
    assert mixed.error == pytest.approx(np.sqrt(2 * (2 / 4 * 2) ** 2))


def test_deciles_are_whole_and_the_highest_first() -> None:
    outcome, uplift, treated = drawn(5, 8)
    found = deciles(outcome, uplift, treated, np.full(500, 0.5))
    assert len(found) == 10
    assert sum(d["treated"] + d["control"] for d in found) == 500
    assert [d["predicted"] for d in found] == sorted((d["predicted"] for d in found), reverse=True)
    top = uplift >= np.quantile(uplift, 0.9)
    arms = [outcome[top & (treated == arm)].mean() for arm in (1, 0)]
    assert found[0]["observed"] == pytest.approx(arms[0] - arms[1])


def test_equal_estimates_are_one_decile() -> None:
    outcome, _, treated = drawn(6, 8)
    assert len(deciles(outcome, np.full(500, 0.1), treated, np.full(500, 0.5))) == 1
