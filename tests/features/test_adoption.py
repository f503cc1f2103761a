"""What is sold by category, and what it leaves."""

from __future__ import annotations

import math

import ibis
import pandas as pd
import pytest

from features.adoption import margin_share, sold

LINES = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "b", "c", "c"],
        "category": ["tea", "tea", "milk", "tea", "milk", "soap"],
        "amount": [10.0, -2.0, 5.0, 8.0, 5.0, 4.0],
        "margin": [4.0, -0.8, 1.0, None, 1.5, None],
    }
)


def tables(frame: pd.DataFrame = LINES) -> dict[str, ibis.ir.Table]:
    return {"transactions": ibis.memtable(frame)}


def test_what_most_customers_bought_comes_first() -> None:
    lines = pd.concat([LINES, LINES.tail(1).assign(amount=-4.0, category="returned")])
    # Two bought tea, two milk; what was only given back was never bought.
    assert sold(tables(lines)) == ["milk", "tea", "soap"]


def test_the_margin_of_a_category_by_hand() -> None:
    # Returns count; lines that do not tell their margin do not.
    assert margin_share(tables(), "tea") == pytest.approx(3.2 / 8)
    assert margin_share(tables(), "milk") == pytest.approx(2.5 / 10)
    # Of soap nobody knows it: that of all sales stands for it.
    assert margin_share(tables(), "soap") == pytest.approx(5.7 / 18)
    assert math.isnan(margin_share(tables(LINES.assign(margin=math.nan)), "tea"))
    assert math.isnan(margin_share(tables(LINES.drop(columns="margin")), "tea"))
