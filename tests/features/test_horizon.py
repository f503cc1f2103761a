"""The proposed horizon: when four in five returning customers have usually bought again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from features.horizon import propose
from tests.oracle.histories import CUTOFF, History, tables_of

LONG = 10_000


def proposed(days: Mapping[str, Sequence[int]], history: int = LONG, amount: int = 1) -> int:
    """Propose from the days, counted from any first one, on which customers bought."""
    rows = [
        {
            "customer_id": customer,
            "occurred_at": CUTOFF + timedelta(days=day, hours=9),
            "amount": Decimal(amount),
        }
        for customer, theirs in days.items()
        for day in theirs
    ]
    columns = {"transactions": ["customer_id", "occurred_at", "amount"]}
    return propose(tables_of(History({"transactions": rows}, columns))["transactions"], history)


@pytest.mark.parametrize(("gap", "expected"), [(1, 7), (7, 7), (8, 14), (28, 28), (29, 35)])
def test_a_steady_rhythm_is_rounded_up_to_weeks(gap: int, expected: int) -> None:
    assert proposed({"a": [0, gap, 2 * gap]}) == expected


def test_four_in_five_customers_would_have_returned() -> None:
    rhythms = {str(k): [0, 10 * k] for k in range(1, 12)}  # 10, 20, … 110 days
    assert proposed(rhythms) == 91  # the 80th percentile is 90 days


def test_a_customer_counts_once_however_often_they_buy() -> None:
    daily = list(range(200))
    assert proposed({"daily": daily, "slow": [0, 100], "slower": [0, 100]}) == 105


def test_purchases_of_one_day_are_one_purchase() -> None:
    assert proposed({"a": [0, 0, 0, 28, 28]}) == 28


def test_one_purchase_and_returns_say_nothing() -> None:
    assert proposed({"a": [0], "b": [0, 20, 40]}) == 21
    assert proposed({"a": [0], "b": [5]}) == 91  # 90 days in whole weeks
    assert proposed({"a": [0, 20, 40]}, amount=-1) == 91


@pytest.mark.parametrize(("history", "expected"), [(400, 98), (112, 28), (30, 7), (3, 7)])
def test_at_most_a_quarter_of_the_history_and_at_least_a_week(history: int, expected: int) -> None:
    assert proposed({"a": [0, 300]}, history) == expected
