"""Plans: their rows, figures, control groups and refusals."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.errors import InputError
from serving.targeting.actions import ESTIMATED
from serving.targeting.control import control_group
from serving.targeting.curve import profit_curve
from serving.targeting.offers import Offers
from serving.targeting.order import UNITS, Order
from serving.targeting.plan import COLUMNS, Plan, make_plan, problem_of
from tests.serving.targeting.made import NOBODY, action, drawn, offers

DAY = date(2025, 1, 1)


def plan(
    made: Offers, budget: float, control: float = 0.0, contacts: pd.DataFrame = NOBODY
) -> Plan:
    return make_plan(made, Order(budget, control), contacts, DAY)


def many(customers: int = 400, seed: int = 1) -> Offers:
    """Draw offers of three actions to many customers."""
    profit, cost = drawn(customers, 3, seed)
    chance = np.where(np.isfinite(profit), 5.0, 0.0)
    people = pd.DataFrame(
        {
            "customer_id": [f"c{n:04}" for n in range(customers)],
            "churn_probability": 0.25,
            "expected_value": np.random.default_rng(seed).gamma(2, 50, customers),
            "stake": 120.0,
            "reasons": None,
        }
    )
    names = ("advice", "call", "voucher")
    found = tuple(action(name, incentive_cost=3.0) for name in names)
    return Offers(found, people, profit, cost / UNITS, chance, chance / 100, 0 * chance)


def test_a_plan_worked_out_by_hand() -> None:
    made = offers(
        {"call": [5.0, 4.0, None, 1.0], "voucher": [7.0, 3.0, 2.0, None]},
        {"call": [1.0, 1.0, 0.0, 1.0], "voucher": [4.0, 2.0, 1.0, 0.0]},
        (action("call", capacity=1), action("voucher", incentive_cost=9.0)),
        deviation=3.0,
    )
    found = plan(made, 5.0)
    assert tuple(found.rows.columns) == COLUMNS
    # For 5: a voucher for a, and one of b's call and c's voucher; b's call brings more.
    assert found.rows[["customer_id", "action", "arm"]].to_numpy().tolist() == [
        ["a", "voucher", "treated"],
        ["b", "call", "treated"],
    ]
    assert found.rows["cost"].tolist() == [4, 1]
    assert found.rows["expected_profit"].tolist() == [7, 4]
    assert set(found.rows["basis"]) == {"assumed"}
    assert found.rows["reasons"].tolist() == [
        "50% likely to leave, 35% with it (assumed); 100.00 at stake",
        "50% likely to leave, 35% with it (assumed); 100.00 at stake; no purchase for 90 days",
    ]
    facts = found.facts
    assert (facts.treated, facts.control, facts.cost, facts.worst_cost) == (2, 0, 5, 11)
    assert (facts.expected_profit, facts.forgone) == (11, 0)
    error = 1.645 * 3 * 2**0.5
    assert (facts.low, facts.high) == pytest.approx((11 - error, 11 + error), abs=1e-4)
    assert [a.treated for a in facts.actions] == [1, 1]
    assert [a.paying for a in facts.actions] == [3, 3]


def test_no_order_changes_a_plan_and_it_is_the_same_each_time() -> None:
    made = many()
    again = plan(made, 150.0, 0.2)
    pd.testing.assert_frame_equal(plan(made, 150.0, 0.2).rows, again.rows)
    other = make_plan(made, Order(150.0, 0.2, seed=8), NOBODY, DAY)
    assert list(other.rows["customer_id"]) == list(again.rows["customer_id"])
    assert list(other.rows["arm"]) != list(again.rows["arm"])


@pytest.mark.parametrize("budget", [12.0, 33.33, 150.0, 1e9])
@pytest.mark.parametrize("control", [0.0, 0.1, 0.5])
def test_the_sum_of_a_plan_is_within_its_budget(budget: float, control: float) -> None:
    found = plan(many(), budget, control)
    assert round(float(found.rows["cost"].sum()), 4) <= budget
    assert found.rows["customer_id"].is_unique
    assert found.facts.expected_profit <= found.facts.bound


def test_a_control_group_is_drawn_from_the_plan_and_its_money_is_not_spent_again() -> None:
    whole, held = plan(many(), 150.0), plan(many(), 150.0, 0.2)
    both = whole.rows.merge(held.rows, on=["customer_id", "action"], suffixes=("", "_held"))
    assert len(both) == len(whole.rows) == len(held.rows)
    alone = held.rows[held.rows["arm"] == "control"]
    assert len(alone) == pytest.approx(0.2 * len(held.rows), abs=3)
    assert (alone[["cost", "expected_profit"]] == 0).all(axis=None)
    treated = both[both["arm_held"] == "treated"]
    assert (treated["cost"] == treated["cost_held"]).all()
    assert held.facts.cost < whole.facts.cost
    total = held.facts.expected_profit + held.facts.forgone
    assert total == pytest.approx(whole.facts.expected_profit)
    assert held.facts.marginal == pytest.approx(0.8 * whole.facts.marginal)


def test_everybody_is_as_likely_to_be_held_out_whatever_they_are_worth() -> None:
    value = np.sort(np.random.default_rng(0).gamma(1, 100, 53))
    choice = np.array([0] * 30 + [1] * 23)
    draws = np.mean(
        [control_group(["a", "b"], choice, value, 0.15, seed) for seed in range(4_000)], axis=0
    )
    assert draws == pytest.approx(np.full(53, 0.15), abs=5 * (0.15 * 0.85 / 4_000) ** 0.5)


def test_a_draw_is_spread_over_all_values() -> None:
    value = np.arange(1_000.0)
    held_out = control_group(["a"], np.zeros(1_000, dtype=int), value, 0.1, 3)
    assert held_out.sum() == pytest.approx(100, abs=1)
    assert np.histogram(value[held_out], bins=np.arange(0, 1_001, 100))[
        0
    ].tolist() == pytest.approx([10] * 10, abs=1)


def test_whoever_was_contacted_lately_is_left_out_of_actions_that_ask_for_it() -> None:
    made = offers(
        {"call": [5.0, 5.0, 5.0, 5.0], "voucher": [1.0, 1.0, 1.0, 1.0]},
        actions=(action("call", rest_days=30), action("voucher")),
    )
    contacts = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "x"],
            "contacted_at": pd.to_datetime(
                ["2024-12-01", "2024-12-02", "2025-01-05", "2024-12-30"], utc=True
            ),
        }
    )
    found = plan(made, 100.0, contacts=contacts)
    assert found.rows["action"].tolist() == ["call", "voucher", "voucher", "call"]
    assert any(
        note == "[actions.call]: 2 customers were contacted less than 30 days ago and are left out"
        for note in found.facts.notes
    )


@pytest.mark.parametrize("budget", [0.0, -5.0, 0.5, float("nan")])
def test_a_budget_that_buys_nothing_says_what_to_give(budget: float) -> None:
    said = (
        f"budget = {budget:g}: nobody can be contacted for that. Give what may be spent on "
        "contacts and incentives: the cheapest offer that pays costs 1.00, the dearest to each "
        "of 2 customers 2.00"
    )
    with pytest.raises(InputError, match=re.escape(said)):
        plan(offers({"call": [5.0, 3.0]}), budget)


@pytest.mark.parametrize("control", [1.0, -0.1, float("nan")])
def test_a_control_share_that_is_none_is_refused(control: float) -> None:
    with pytest.raises(InputError, match=r"give the share of planned customers who are left alone"):
        plan(offers({"call": [5.0]}), 10.0, control)


def test_a_capacity_below_the_control_size_is_refused() -> None:
    made = offers({"call": [5.0] * 9}, actions=(action("call", capacity=4),))
    said = (
        "[actions.call] capacity = 4: a control group of 10% of that is less than one customer. "
        "Raise the capacity to 10 at least, or control to 0.25, or plan without control (0)"
    )
    with pytest.raises(InputError, match=re.escape(said)):
        plan(made, 100.0, 0.1)
    assert plan(made, 100.0, 0.25).facts.control == 1


def test_where_nothing_pays_there_is_no_plan() -> None:
    said = "no offer is expected to pay, so that the best plan is to contact nobody (call: 10 elig"
    with pytest.raises(InputError, match=re.escape(said)):
        plan(offers({"call": [None, None]}), 100.0)
    estimated = replace(action("call"), basis=ESTIMATED)
    with pytest.raises(InputError, match="eligible, effect estimated"):
        plan(offers({"call": [None, None]}, actions=(estimated,)), 100.0)


def test_actions_that_cannot_be_planned_are_named_and_the_plan_goes_on() -> None:
    actions = (
        replace(action("call", eligible="complaints_open > 9"), customers=0),
        replace(action("dear"), customers=7),
        replace(action("new", acceptance=None), basis=None),
        action("voucher"),
    )
    nothing: list[float | None] = [None, None]
    made = offers(
        {"call": nothing, "dear": nothing, "new": nothing, "voucher": [5.0, 2.0]}, actions=actions
    )
    found = plan(made, 100.0, 0.1)
    assert len(found.rows) == 2
    notes = "\n".join(found.facts.notes)
    assert "[actions.call] is not planned: no customer is eligible (complaints_open > 9)" in notes
    assert "[actions.dear] is not planned: with none of the 7 eligible" in notes
    assert "[actions.new] is not planned: it has neither an estimated effect nor" in notes
    if not found.facts.control:
        assert "[actions.voucher]: 2 customers are too few for a control group of 10%" in notes


def test_how_wrong_an_assumption_may_be() -> None:
    # 15 of gain by acceptance as assumed, 5 of profit: two thirds of it suffice.
    notes = plan(offers({"call": [5.0]}), 100.0).facts.notes
    assert notes[-1].startswith("assumed, not measured: the acceptance behind 1 of the offers")
    assert notes[-1].endswith("together they pay as long as it is above 67% of what is assumed")


def test_profit_over_budget_rises_ever_more_slowly() -> None:
    made = many()
    curve = profit_curve(problem_of(made, 1.0), 0.1)
    assert (curve.budget[0], curve.profit[0], curve.every) == (0, 0, 1)
    gains = np.diff(curve.profit) / np.diff(curve.budget)
    assert (gains > 0).all()
    assert (np.diff(gains) < 0.1 * gains[0]).all()
    most = plan(made, 1e9)
    assert curve.budget[-1] == pytest.approx(most.facts.cost)
    assert curve.profit[-1] == pytest.approx(0.9 * most.facts.expected_profit)
