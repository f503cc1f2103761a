"""The search for the best plan beside an exact reference, and its limits as properties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from serving.targeting.assign import assign
from serving.targeting.prices import NOTHING, Problem
from tests.serving.targeting.made import problem


def reference(asked: Problem) -> float:
    """Give the most profit that there is: the integer programme, solved by HiGHS."""
    asked = asked.bounded()
    row, column = np.nonzero(asked.profit > 0)
    if not len(row):
        return 0.0
    n, k = asked.profit.shape
    ones, number = np.ones(len(row)), np.arange(len(row))
    limits = vstack(
        [
            csr_array((ones, (row, number)), shape=(n, len(row))),
            csr_array((ones, (column, number)), shape=(k, len(row))),
            csr_array(asked.cost[row, column][None, :]),
        ]
    )
    ends = np.concatenate([np.ones(n), asked.capacity, [asked.budget]])
    found = milp(
        -asked.profit[row, column],
        constraints=LinearConstraint(limits, ub=ends),
        integrality=1,
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 1e-7},
    )
    return -float(found.fun)


@pytest.mark.parametrize(
    ("customers", "actions", "seed"), [(5, 2, 1), (20, 6, 2), (60, 1, 3), (100, 6, 1), (300, 4, 0)]
)
def test_a_small_plan_is_the_best_one(customers: int, actions: int, seed: int) -> None:
    asked = problem(customers, actions, seed)
    found = assign(asked)
    assert found.profit == pytest.approx(reference(asked), rel=1e-6)
    assert found.bound >= found.profit * (1 - 1e-9)


def test_a_larger_plan_is_within_a_thousandth_of_its_bound() -> None:
    found = assign(problem(4_000, 6, 5))
    assert found.profit >= 0.999 * found.bound


def test_the_best_plan_worked_out_by_hand() -> None:
    # For 5: the first one's 6 alone, or 4 + 4; for 1 more, 6 + 4.
    profit, cost = np.array([[6.0], [4.0], [4.0]]), np.array([[4.0], [2.0], [3.0]])
    asked = Problem(profit, cost, 5, np.array([np.inf]))
    assert list(assign(asked).choice) == [NOTHING, 0, 0]
    assert list(assign(replace(asked, budget=6)).choice) == [0, 0, NOTHING]
    assert list(assign(replace(asked, capacity=np.array([1.0]))).choice) == [0, NOTHING, NOTHING]
    assert list(assign(replace(asked, budget=np.inf)).choice) == [0, 0, 0]


def test_without_a_binding_budget_more_of_it_is_worth_nothing() -> None:
    asked = problem(50, 3, 1)
    assert assign(replace(asked, budget=np.inf)).price == 0
    assert assign(asked).price > 0


def test_more_budget_brings_what_its_price_says() -> None:
    asked = problem(2_000, 3, 2)
    asked = replace(asked, capacity=np.full(3, np.inf))
    more = 0.05 * asked.budget
    now, then = assign(asked), assign(replace(asked, budget=np.floor(asked.budget + more)))
    gained = (then.profit - now.profit) / more
    assert 0.98 * then.price <= gained <= 1.02 * now.price


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(
            arrays(float, (n, 3), elements=st.sampled_from([-np.inf, 0.5, 1.0, 2.5, 7.0])),
            arrays(float, (n, 3), elements=st.integers(0, 9).map(float)),
        )
    ),
    st.integers(0, 40),
    st.lists(st.one_of(st.integers(0, 4), st.just(np.inf)), min_size=3, max_size=3),
)
def test_no_limit_is_ever_exceeded(
    offered: tuple[np.ndarray, np.ndarray], budget: int, capacity: list[float]
) -> None:
    profit, cost = offered
    asked = Problem(profit, cost, float(budget), np.array(capacity, dtype=float))
    found = assign(asked)
    money, places = asked.left(found.choice)
    assert money >= 0
    assert (places >= 0).all()
    chosen = np.flatnonzero(found.choice != NOTHING)
    assert np.isfinite(profit[chosen, found.choice[chosen]]).all()
    assert found.profit == pytest.approx(reference(asked))


@pytest.mark.parametrize("seed", range(3))
def test_many_alike_are_no_trouble(seed: int) -> None:
    rng = np.random.default_rng(seed)
    profit = rng.choice([1.0, 2.0], (9_000, 2))
    asked = Problem(profit, np.full((9_000, 2), 3.0), 5_000.0, np.array([400.0, np.inf]))
    found = assign(asked)
    assert min(asked.left(found.choice)[0], *asked.left(found.choice)[1]) >= 0
    assert found.profit == pytest.approx(found.bound, rel=1e-3)


@pytest.mark.parametrize(
    ("profit", "cost", "budget", "places", "best"),
    [
        # One effect for all, as where an experiment shows the mean alone: a third are paid for.
        ([1.1], [100.0], 500_000.0, [np.inf], 5_500.0),
        # 2 each, of an offer for 1 and one for 3: half of each.
        ([2.0, 5.0], [1.0, 3.0], 32_000.0, [np.inf, np.inf], 56_000.0),
        ([5.0, 2.0], [1.0, 1.0], 16_000.0, [500.0, np.inf], 33_500.0),
    ],
)
def test_all_alike_are_no_trouble(
    profit: list[float], cost: list[float], budget: float, places: list[float], best: float
) -> None:
    alike = [np.tile(row, (16_000, 1)) for row in (profit, cost)]
    found = assign(Problem(alike[0], alike[1], budget, np.array(places)))
    assert found.profit == pytest.approx(best, rel=1e-4)
    assert found.profit <= found.bound <= found.profit * 1.0002
