"""The economics of an offer, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.economics import break_even, contact_profit, effect_profit, lifted_effect


def test_contact_profit_worked_out_by_hand() -> None:
    # .5 x .3 x 190 - .5 x 10 - 1
    assert contact_profit(0.5, 0.3, 10, 1, 200) == pytest.approx(22.5)
    assert contact_profit([0.0, 1.0], 0.3, 10, 1, [200, 100]) == pytest.approx([-11, 26])


def test_break_even_of_the_usual_economics() -> None:
    assert break_even(0.3, 10, 1, 200) == pytest.approx(11 / 67)
    assert float(break_even(0.3, 10, 1, 200)) == pytest.approx(0.164, abs=5e-4)


@given(st.floats(0.01, 1), st.floats(0, 50), st.floats(0.01, 20), st.floats(60, 500))
def test_profit_is_zero_at_break_even_and_rises_through_it(
    gamma: float, d: float, f: float, value: float
) -> None:
    threshold = float(break_even(gamma, d, f, value))
    assert contact_profit(threshold, gamma, d, f, value) == pytest.approx(0, abs=1e-6)
    assert contact_profit(threshold + 0.1, gamma, d, f, value) > 0
    assert contact_profit(threshold - 0.1, gamma, d, f, value) < 0


def test_an_offer_dearer_than_the_customer_pays_for_nobody() -> None:
    values = [200, 10, 0, -500]
    threshold = break_even(0.3, 10, 1, values)
    assert (threshold > 1).tolist() == [False, True, True, True]
    assert threshold[3] == np.inf
    assert (contact_profit(1.0, 0.3, 10, 1, values) > 0).tolist() == [True, False, False, False]


def test_break_even_broadcasts_costs_against_one_value() -> None:
    assert break_even(0.5, 0, [1, 10], 20) == pytest.approx([0.1, 1.0])


def test_an_offer_of_a_category_worked_out_by_hand() -> None:
    effect = lifted_effect(np.array([0.2, 0.8, 0.0]), np.array([50.0, 50.0, 50.0]), 0.5)
    # Begun anyway .2 and with the offer .3; .8 can rise to 1 at most.
    assert effect.redemption == pytest.approx([0.3, 1.0, 0.0])
    assert effect.churn.tolist() == [0, 0, 0]
    # .1 x 50 - .3 x 10 - 1; .2 x 50 - 10 - 1. What the customer would lose by leaving is no part.
    profit = effect_profit(effect, 10.0, 1.0, np.array([1e6, 1e6, 1e6]))
    assert profit == pytest.approx([1.0, -1.0, -1.0])
