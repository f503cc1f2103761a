"""What the families aggregate, where a company's rows are out of the ordinary."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from features.grains import complaints, days, fold_days, last_year
from tests.oracle.histories import CUTOFF, History, Row, spine_of, tables_of

DAY = timedelta(days=1)


def day_of(*lines: Row) -> Row:
    """Fold the lines of one customer's day."""
    rows = [
        {"customer_id": "a", "occurred_at": CUTOFF, "amount": Decimal(1), **line} for line in lines
    ]
    tables = tables_of(History({"transactions": rows}, {"transactions": list(rows[0])}), "grains")
    (folded,) = fold_days(tables["transactions"]).to_pyarrow().to_pylist()
    return dict(folded)


@pytest.mark.parametrize(
    ("orders", "expected"),
    [(["1", "1"], 1), (["1", "2"], 2), ([None, None], 1), (["1", None, None], 2)],
)
def test_lines_without_an_order_are_one_order_together(
    orders: list[str | None], expected: int
) -> None:
    assert day_of(*[{"order_id": order} for order in orders])["orders"] == expected


def test_a_returned_order_is_no_order() -> None:
    lines: list[Row] = [{"order_id": "1"}, {"order_id": "2", "amount": Decimal(-1)}]
    assert day_of(*lines)["orders"] == 1


def test_a_quantity_beyond_all_measure_is_unknown() -> None:
    assert day_of({"quantity": 1e20}, {"quantity": 2.5})["units"] == Decimal("2.5")


def test_outcomes_are_left_out_where_nothing_dates_them() -> None:
    complaint = {"customer_id": "a", "opened_at": CUTOFF - DAY, "satisfaction": 1.0}
    history = History({"complaints": [complaint]}, {"complaints": list(complaint)})
    rows = complaints(tables_of(history, "grains"), spine_of([("a", CUTOFF)]))
    assert rows is not None
    assert "satisfaction" not in rows.columns


@pytest.mark.parametrize("shared", [True, False])
def test_the_last_year_has_the_days_of_365_days_as_they_are(*, shared: bool) -> None:
    ages = (1, 364, 365, 366, 900)
    lines = [
        {"customer_id": "a", "occurred_at": CUTOFF - age * DAY, "amount": Decimal(age)}
        for age in ages
    ]
    tables = tables_of(History({"transactions": lines}, {"transactions": list(lines[0])}), "grains")
    spine = spine_of([("a", CUTOFF)], shared=shared)
    year, ever = last_year(tables, spine), days(tables, spine)
    assert year is not None
    assert ever is not None
    recent = year.filter(year["age"] <= 365).order_by("age").to_pyarrow()
    assert recent["age"].to_pylist() == [1, 364, 365]
    same = ever.filter(ever["age"] <= 365).order_by("age").to_pyarrow()
    assert recent.select(["net", "bought"]) == same.select(["net", "bought"])
    assert year.equals(ever) is not shared
