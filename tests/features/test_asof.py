"""Days, windows and grids of cutoffs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import ibis
import pytest

from features.asof import before, days_between, grid, known, midnight, undated, until
from tests.oracle.histories import CUTOFF, History, spine_of, tables_of

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)


def lines(*moments: tuple[datetime, datetime | None], recorded: bool = True) -> ibis.Table:
    columns = ["customer_id", "occurred_at", "amount", *(["recorded_at"] if recorded else [])]
    rows = [
        {"customer_id": "a", "occurred_at": at, "amount": Decimal(k), "recorded_at": known_at}
        for k, (at, known_at) in enumerate(moments, start=1)
    ]
    history = History({"transactions": rows}, {"transactions": columns})
    return tables_of(history, "asof")["transactions"]


def amounts(table: ibis.Table) -> list[int]:
    return sorted(int(amount) for amount in table["amount"].to_pyarrow().to_pylist())


def test_rows_are_known_when_they_happened_and_were_recorded_before_the_cutoff() -> None:
    table = lines(
        (CUTOFF - INSTANT, CUTOFF - INSTANT),
        (CUTOFF - DAY, CUTOFF),
        (CUTOFF, CUTOFF - DAY),
        (CUTOFF - DAY, None),
        (CUTOFF, None),
    )
    for shared in (True, False):
        spine = spine_of([("a", CUTOFF)], shared=shared)
        assert amounts(known(table, spine)) == [1, 4]
    assert amounts(before(table, CUTOFF.date())) == [1, 4]


def test_without_recorded_at_the_event_alone_decides() -> None:
    table = lines((CUTOFF - INSTANT, CUTOFF + DAY), (CUTOFF, None), recorded=False)
    assert amounts(known(table, spine_of([("a", CUTOFF)]))) == [1]
    assert amounts(before(table, CUTOFF.date())) == [1]


def test_age_counts_days_and_yesterday_is_one() -> None:
    moments = (CUTOFF - INSTANT, CUTOFF - DAY, CUTOFF - DAY - INSTANT, CUTOFF - 365 * DAY)
    table = lines(*[(moment, None) for moment in moments])
    found = known(table, spine_of([("a", CUTOFF)], shared=True)).order_by("amount")
    assert found["age"].to_pyarrow().to_pylist() == [1, 1, 2, 365]


def test_facts_without_a_time_go_to_every_snapshot_of_their_customer() -> None:
    table = lines((CUTOFF, None), (CUTOFF + DAY, None))
    spine = spine_of([("a", CUTOFF), ("a", CUTOFF - DAY), ("b", CUTOFF)])
    assert amounts(undated(table, spine)) == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("happened", "expected"), [(CUTOFF - INSTANT, 5), (CUTOFF, None), (None, None)]
)
def test_an_outcome_is_hidden_until_it_happened(
    happened: datetime | None, expected: int | None
) -> None:
    moment = ibis.literal(happened, type="timestamp(6)")
    shown = until(ibis.literal(5), ibis.literal(CUTOFF), moment)
    assert ibis.duckdb.connect().to_pyarrow(shown).as_py() == expected


def test_days_between_counts_midnights() -> None:
    late, early = CUTOFF - INSTANT, CUTOFF
    counted = days_between(ibis.literal(late), ibis.literal(early))
    assert ibis.duckdb.connect().to_pyarrow(counted).as_py() == 1


def test_midnight_is_the_first_moment_of_a_day() -> None:
    assert midnight(date(2024, 3, 1)) == CUTOFF


@pytest.mark.parametrize(
    ("oldest", "expected"),
    [
        (date(2024, 1, 31), [date(2024, 3, 1), date(2024, 1, 31)]),
        (date(2024, 2, 1), [date(2024, 3, 1)]),
        (date(2024, 3, 1), [date(2024, 3, 1)]),
        (date(2024, 3, 2), []),
        (date(2025, 3, 2), []),
    ],
)
def test_a_grid_steps_back_and_never_beyond_the_oldest(oldest: date, expected: list[date]) -> None:
    assert grid(date(2024, 3, 1), oldest, every=30) == expected
