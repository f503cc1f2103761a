"""The proposed horizon: when four in five returning customers have usually bought again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

import ibis
import pandas as pd
import pytest
from ibis import ir

from features.horizon import propose, propose_period
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


def priced(*periods: float | None) -> ir.Table:
    return ibis.memtable(pd.DataFrame({"price_period_days": pd.Series(periods, dtype="float64")}))


@pytest.mark.parametrize(
    ("periods", "history", "expected"),
    [
        ((30.0, 365.0, 365.0), 2000, 365),
        ((30.0, 365.0), 2000, 30),
        ((None, None, 90.0), 2000, 90),
        ((None,), 2000, 30),
        ((365.0,), 400, 100),
        ((30.0,), 20, 7),
    ],
)
def test_the_commonest_price_period_is_proposed(
    periods: tuple[float | None, ...], history: int, expected: int
) -> None:
    assert propose_period(priced(*periods), history) == expected


def test_without_price_periods_the_default_is_proposed() -> None:
    bare = ibis.memtable(pd.DataFrame({"started_at": pd.to_datetime(["2024-01-01"])}))
    assert propose_period(bare, 2000) == 30
