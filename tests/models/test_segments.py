"""Segments: by hand, at their thresholds, and where figures are missing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.matrix import Floats
from models.segment_words import RULES, explain
from models.segments import (
    CELLS,
    GRADES,
    SEGMENTS,
    STRATEGIES,
    TIERS,
    Basis,
    Column,
    Rule,
    Segments,
    Thresholds,
    learn,
    of_customers,
    of_total,
)

NAN = float("nan")
AMOUNTS = st.lists(st.floats(-1e6, 1e6) | st.just(NAN), max_size=60)


def columns(count: int, **known: list[float]) -> Column:
    """Give features by name; NaN where nothing is said."""
    return lambda name: np.asarray(known.get(name, [NAN] * count), dtype=np.float64)


def array(*values: float) -> Floats:
    return np.asarray(values, dtype=np.float64)


def segments(basis: Basis | None = None, **thresholds: float | None) -> Segments:
    basis = basis or Basis("EUR", 73, "net", 0.5)
    return Segments(basis, Rule(), Thresholds(**thresholds))


def test_the_first_so_many_customers() -> None:
    figures = array(1, 10, 3, NAN, 8, -5)
    # 5 are known; the highest fifth is 10, and the next figure 8.
    assert of_customers(figures, 0.2) == 9
    assert of_customers(figures, 0.4) == 5.5
    assert of_customers(figures, 0.9) == 0.5
    assert of_customers(array(4, 4, 4, 1), 0.25) == 2.5
    assert of_customers(array(-1, 0, NAN), 0.5) is None


def test_the_first_so_much_of_the_total() -> None:
    # 60 + 20 of 100 are the first 80 %.
    assert of_total(array(20, 5, 60, 15, -40, NAN), 0.8) == 17.5
    assert of_total(array(20, 5, 60, 15), 0.81) == 10
    assert of_total(array(20, 5, 60, 15), 0.96) == 2.5
    assert of_total(array(-1, 0, NAN), 0.5) is None
    assert of_total(array(), 0.5) is None


@given(AMOUNTS, st.floats(0.01, 0.99))
def test_a_threshold_is_no_customer_s_and_reaches_far_enough(
    amounts: list[float], share: float
) -> None:
    figures = array(*amounts)
    positive = figures[figures > 0]
    for threshold in (of_customers(figures, share), of_total(figures, share)):
        assert (threshold is None) == (len(positive) == 0)
        assert threshold is None or (positive >= threshold).any()
    total = of_total(figures, share)
    if total is not None:
        assert positive[positive >= total].sum() >= share * positive.sum() * (1 - 1e-9)


def test_figures_by_hand() -> None:
    # Over 73 of 365 days; half of the spend is margin where nobody says otherwise.
    found = Basis("EUR", 73, "net", 0.5).figures(
        array(100, 100, 100),
        columns(
            3,
            margin_share_365d=[0.2, NAN, 0.2],
            complaint_cost_sum_365d=[NAN, 50, 150],
            contact_cost_sum_365d=[NAN, NAN, 10],
            wallet_headroom=[1000, NAN, 0],
            wallet_share=[0.1, NAN, 1],
        ),
    )
    np.testing.assert_allclose(found.profit, [20, 40, -12])
    np.testing.assert_allclose(found.headroom, [200, NAN, 0])
    np.testing.assert_allclose(found.potential, [300, 100, 100])


def test_values_that_are_margins_are_profit_already_and_headroom_becomes_margin() -> None:
    column = columns(1, margin_share_365d=[0.2], wallet_headroom=[365.0])
    found = Basis("EUR", 365, "margin", 0.5).figures(array(10), column)
    assert (found.profit[0], found.headroom[0]) == (10, 182.5)


def test_who_is_in_which_tier() -> None:
    column = columns(
        5,
        wallet_headroom=[0, 500, 500, NAN, 500],
        complaint_cost_sum_365d=[0, 0, 0, 0, 9999],
        wallet_share=[1, 0.5, 0.5, NAN, 0.5],
    )
    made = segments(mvc_value=90, mgc_headroom=100)
    found = made.assign(array(100, 100, 50, 10, 100), column)
    assert found["value_tier"].tolist() == ["MVC", "MVC", "MGC", "standard", "BZ"]
    assert found["value_tier_rule"].tolist() == [
        made.words["value_tier"][tier] for tier in found["value_tier"]
    ]


def test_the_better_of_value_and_potential_is_graded() -> None:
    column = columns(5, wallet_headroom=[0, 1000, 500, 0, NAN], wallet_share=[1, 0.1, 0.1, 1, NAN])
    made = segments(a_value=100, b_value=50, a_potential=200, b_potential=100, wallet_share=0.5)
    found = made.assign(array(100, 10, 10, 49, 60), column)
    assert found["grade"].tolist() == ["A", "A", "B", "C", "B"]


def test_the_four_cells_and_their_strategies() -> None:
    column = columns(5, wallet_share=[0.6, 0.4, 0.6, 0.4, NAN])
    made = segments(wallet_share=0.5, profit=10)
    found = made.assign(array(100, 100, 10, 10, 100), column)
    assert found["portfolio_cell"].tolist() == [*CELLS, None]
    assert found["strategy"].tolist() == ["defend", "grow", "maintain", "let go", None]
    assert found["portfolio_rule"].tolist() == [
        "wallet share of 50 % or more; margin net of service cost of 10.00 EUR or more",
        "wallet share below 50 %; margin net of service cost of 10.00 EUR or more",
        "wallet share of 50 % or more; margin net of service cost below 10.00 EUR",
        "wallet share below 50 %; margin net of service cost below 10.00 EUR",
        "the customer's wallet share is not known",
    ]


def test_what_is_unknown_is_null_and_says_why() -> None:
    nothing = learn(Basis("EUR", None), array(NAN, NAN), columns(2), Rule())
    found = nothing.assign(array(NAN, NAN), columns(2))
    assert {name: set(found[name]) for name in SEGMENTS} == {name: {None} for name in SEGMENTS}
    assert set(found["value_tier_rule"]) == {"no value is predicted"}
    (why,) = set(found["portfolio_rule"])
    assert why == "no wallet is known, nor attributes or categories to estimate one from"


def test_thresholds_are_learnt_from_the_customers() -> None:
    value = array(*range(1, 101))
    column = columns(
        100,
        wallet_headroom=[365.0 * (n % 10) for n in range(100)],
        wallet_share=[n / 100 for n in range(1, 101)],
        margin_sum_365d=[30.0] * 50 + [NAN] * 50,
        spend_sum_365d=[100.0] * 100,
    )
    made = learn(Basis("EUR", 365), value, column, Rule())
    assert made.basis.margin == 0.3
    assert made.thresholds.mvc_value == 80.5
    assert made.thresholds.mgc_headroom == 365 * 7.5
    assert made.thresholds.wallet_share == 0.505
    assert made.thresholds.profit == pytest.approx(0.3 * 50.5)
    found = made.assign(value, column)
    tiers = dict(zip(*np.unique(found["value_tier"].astype(str), return_counts=True), strict=True))
    assert tiers == {"MVC": 20, "MGC": 16, "standard": 64}
    # Of 5,050 the 56 highest bring 4,060, the first 80 %; but a fifth of the customers are 20.
    assert of_total(value, 0.8) == 44.5
    assert made.thresholds.a_value == 80.5
    few = Rule(grade_a_customers=0.99)
    assert learn(Basis("EUR", 365), value, column, few).thresholds.a_value == 44.5


def test_what_is_given_takes_the_place_of_what_is_learnt() -> None:
    given = Thresholds(mvc_value=3.0)
    made = learn(Basis("XXX", 30), array(1, 2, 3, 4), columns(4), Rule(), given)
    assert made.assign(array(1, 2, 3, 4), columns(4))["value_tier"].tolist() == [
        *["standard"] * 2,
        *["MVC"] * 2,
    ]
    assert made.words["value_tier"]["MVC"] == (
        "brings 3.00 or more in 30 days if kept (as configured)"
    )
    assert made.words["value_tier"]["BZ"] == (
        "costs more than it brings: value net of service cost (margins are not known) is below zero"
    )


def test_the_rules_in_words() -> None:
    made = segments(a_value=100, a_potential=200, b_value=50, b_potential=80, wallet_share=0.5)
    assert made.words["grade"]["A"] == (
        "value of 100.00 EUR or more in 73 days if kept, or potential (with headroom) of "
        "200.00 EUR (who bring the first 80 %, at most 20 % of customers by each)"
    )
    assert made.words["value_tier"].keys() == {*TIERS, ""}
    assert made.words["grade"].keys() == {*GRADES, ""}
    assert made.words["portfolio_cell"].keys() == {*STRATEGIES, ""}
    row = {"value_tier": "BZ", "grade": None, "portfolio_cell": None}
    assert explain(made.words, row) == {
        "value_tier_rule": made.words["value_tier"]["BZ"],
        "grade_rule": "no value is predicted",
        "portfolio_rule": "the customer's wallet share is not known",
    }
    assert explain(None, row) == dict.fromkeys(RULES)


def test_segments_come_back_from_json() -> None:
    made = learn(Basis("EUR", 30), array(1, 2, 3), columns(3), Rule(0.3), Thresholds(profit=1.0))
    again = Segments.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False)))
    assert again == made


def test_a_customer_alone_is_where_it_is_among_others() -> None:
    value = np.random.default_rng(1).gamma(2.0, 50.0, 200)
    shares = np.random.default_rng(2).random(200).tolist()
    column = columns(200, wallet_share=shares, wallet_headroom=[100 * s for s in shares])
    made = learn(Basis("EUR", 90), value, column, Rule())
    whole = made.assign(value, column)
    for n in range(0, 200, 17):
        one = columns(1, wallet_share=[shares[n]], wallet_headroom=[100 * shares[n]])
        alone = made.assign(value[n : n + 1], one)
        assert {k: v[0] for k, v in alone.items()} == {k: v[n] for k, v in whole.items()}
