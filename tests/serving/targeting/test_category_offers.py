"""Offers of a category, worked out by hand, and plans that mix them with offers that keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.bundle import Bundle
from serving.targeting.actions import ASSUMED, ESTIMATED, changed
from serving.targeting.offers import Offers, make_offers
from serving.targeting.order import Order
from serving.targeting.plan import Plan, make_plan
from serving.targeting.settings import ActionSettings
from tests.serving.targeting.made import NOBODY
from tests.serving.targeting.test_offers import Learnt, scores

Maker = Callable[..., pd.DataFrame]

COFFEE = ActionSettings(
    level="customised", contact_cost=1.0, incentive_cost=10.0, category="coffee", lift=0.5
)
CALL = ActionSettings(level="social", contact_cost=6.0, acceptance=0.3)


@pytest.fixture
def people(snapshots: Maker) -> pd.DataFrame:
    return snapshots(4, seed=3).assign(complaints_open=[0.0, 1.0, 2.0, np.nan])


@pytest.fixture
def first(people: pd.DataFrame) -> pd.DataFrame:
    """Give first purchases: the second customer has bought coffee already."""
    ids = people["customer_id"].tolist()
    return pd.DataFrame(
        {
            "customer_id": [ids[0], ids[2], ids[3], ids[1]],
            "category": ["coffee", "coffee", "coffee", "tea"],
            "probability": [0.2, 0.8, 0.01, 0.9],
            "expected_amount": [60.0, 60.0, 60.0, 500.0],
        }
    )


def made(
    shop: Bundle,
    people: pd.DataFrame,
    first: pd.DataFrame,
    uplift: Learnt | None = None,
    **actions: ActionSettings,
) -> Offers:
    return make_offers(actions, shop.release, uplift, [(people, scores(people))], first)


def other(**settings: Any) -> ActionSettings:  # noqa: ANN401 - of any setting
    return COFFEE.model_copy(update=settings)


def plan(offers: Offers, budget: float) -> Plan:
    return make_plan(offers, Order(budget, 0.0), NOBODY, date(2025, 1, 1))


def test_a_first_purchase_worked_out_by_hand(
    shop: Bundle, people: pd.DataFrame, first: pd.DataFrame
) -> None:
    found = made(shop, people, first, coffee=COFFEE)
    # The second has bought it before; .005 x 60 of the fourth does not pay for the contact.
    assert (found.actions[0].basis, found.actions[0].customers) == (ASSUMED, 3)
    assert list(found.customers["customer_id"]) == ["k00000", "k00002"]
    # .1 more begin, and .3 in all redeem; .8 rises to 1 at most.
    assert found.profit[:, 0] == pytest.approx([0.1 * 60 - 0.3 * 10 - 1, 0.2 * 60 - 10 - 1])
    assert found.cost[:, 0] == pytest.approx([1 + 0.3 * 10, 1 + 10])
    assert found.begins[:, 0] == pytest.approx([0.2, 0.8])
    assert found.churn[:, 0].tolist() == [0, 0]
    # What a first purchase brings spreads by its mean: .1 x 2 x 60^2 - (.1 x 60)^2.
    variance = 0.1 * 2 * 60**2 - 6**2 + 0.3 * 0.7 * 10**2
    assert found.deviation[0, 0] == pytest.approx(variance**0.5)


def test_it_is_for_those_who_are_eligible_besides(
    shop: Bundle, people: pd.DataFrame, first: pd.DataFrame
) -> None:
    found = made(shop, people, first, coffee=other(eligible="complaints_open > 0"))
    assert found.actions[0].customers == 1
    assert list(found.customers["customer_id"]) == ["k00002"]
    found = made(shop, people, first, coffee=other(category="tea", eligible="complaints_open > 1"))
    assert found.actions[0].customers == 0


def test_an_experiment_takes_over_and_the_category_stays_new(
    shop: Bundle, people: pd.DataFrame, first: pd.DataFrame
) -> None:
    found = made(shop, people, first, Learnt({"coffee": (0.0, 20.0, 0.4)}), coffee=COFFEE)
    assert (found.actions[0].basis, found.actions[0].customers) == (ESTIMATED, 3)
    # 20 - .4 x 10 - 1, of all but the one who has bought it.
    assert list(found.customers["customer_id"]) == ["k00000", "k00002", "k00003"]
    assert found.profit[:, 0] == pytest.approx([15, 15, 15])
    (row,) = plan(found.take(np.array([True, False, False])), 100.0).rows.to_dict("records")
    assert row["reasons"] == (
        "never bought coffee: 20.0% likely to begin without it; 50% likely to leave, 50% with it "
        "(estimated); 200.00 at stake"
    )


def test_without_lift_or_experiment_it_is_not_planned(
    shop: Bundle, people: pd.DataFrame, first: pd.DataFrame
) -> None:
    found = made(shop, people, first, coffee=other(lift=None), call=CALL)
    assert [a.basis for a in found.actions] == [ASSUMED, None]
    (note,) = (n for n in plan(found, 20.0).facts.notes if "coffee" in n)
    assert "has neither an estimated effect nor an assumed one; give lift, or let" in note
    gone = replace(found.actions[1], basis=ASSUMED, customers=0)
    offers = replace(found, actions=(found.actions[0], gone))
    (note,) = (n for n in plan(offers, 20.0).facts.notes if "coffee" in n)
    assert note == (
        "[actions.coffee] is not planned: no customer is eligible to whom coffee is new"
    )


def test_a_plan_mixes_both_kinds_within_a_budget(
    shop: Bundle, people: pd.DataFrame, first: pd.DataFrame
) -> None:
    offers = made(shop, people, first, coffee=other(incentive_cost=2.5), call=CALL)
    # Calls pay 24, 3.84 and 21 for 6 each; coffee 4.25 for 1.75 and 8.5 for 3.5, with the first and
    # the third: 24 + 8.5 is more than 4.25 + 21, and 24 + 21 costs more than there is.
    found = plan(offers, 9.5)
    chosen = found.rows.set_index("customer_id")["action"].to_dict()
    assert chosen == {"k00000": "call", "k00002": "coffee"}
    assert found.facts.expected_profit == pytest.approx(24 + 8.5)
    assert found.rows["cost"].sum() == pytest.approx(6 + 3.5)
    (reasons,) = found.rows.loc[found.rows["action"] == "coffee", "reasons"]
    assert reasons == "never bought coffee: 80.0% likely to begin, 100.0% with it (assumed)"
    # One customer has one action.
    assert found.rows["customer_id"].is_unique
    lift = next(note for note in found.facts.notes if "the lift behind" in note)
    # Of .2 x (60 - 2.5) of gain by the lift, 1 pays the contact and .8 x 2.5 who begin anyway.
    assert "the lift behind 1 of the offers; together they pay as long as it is above 26% " in lift
    assert any("the acceptance behind 1 of the offers" in note for note in found.facts.notes)


def test_a_change_of_the_lift_is_told(
    shop: Bundle, people: pd.DataFrame, first: pd.DataFrame
) -> None:
    found = made(shop, people, first, coffee=COFFEE)
    assert changed(found.actions, {"coffee": COFFEE}) == []
    assert changed(found.actions, {"coffee": other(lift=0.6, category="tea")}) == [
        "[actions.coffee] category was 'coffee' and is 'tea'",
        "[actions.coffee] lift was 0.5 and is 0.6",
    ]
