"""The moments at which a label turns over, by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from features.grains import Tables
from features.labels import Target, labels
from features.population import population
from tests.oracle.histories import CUTOFF, History, Row, spine_of, tables_of

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
AIM = Target("subscription", 30, 10, 30)
OPENS, CLOSES = CUTOFF + 10 * DAY, CUTOFF + 40 * DAY
LONG_AGO = CUTOFF - 400 * DAY


def span(started: datetime, ended: datetime | None, price: str = "30") -> Row:
    return {
        "customer_id": "a",
        "started_at": started,
        "ended_at": ended,
        "price": Decimal(price),
    }


def subscribed(*rows: Row) -> Tables:
    return tables_of(History({"subscriptions": rows}, {"subscriptions": list(rows[0])}))


def label(*rows: Row, aim: Target = AIM) -> int | None:
    found = labels(subscribed(*rows), spine_of([("a", CUTOFF)], shared=True), aim).to_pandas()
    return None if found.empty else int(found["churned"][0])


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (CUTOFF, None),
        (OPENS - INSTANT, None),
        (OPENS, 1),
        (CLOSES - INSTANT, 1),
        (CLOSES, 0),
        (None, 0),
    ],
)
def test_an_end_counts_from_the_first_moment_of_the_window_to_before_its_last(
    ended: datetime | None, expected: int | None
) -> None:
    assert label(span(LONG_AGO, ended)) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, 0), (1, 0), (30, 0), (30 + 1e-9, 1), (31, 1)],
)
def test_another_that_begins_within_regrace_undoes_an_end(days: float, expected: int) -> None:
    end = OPENS + 5 * DAY
    begins = end + (timedelta(days=days) if days != 30 + 1e-9 else 30 * DAY + INSTANT)
    assert label(span(LONG_AGO, end), span(begins, None)) == expected


def test_a_change_of_plan_is_no_end() -> None:
    change = OPENS + 5 * DAY
    assert label(span(LONG_AGO, change), span(change, None, "40")) == 0


def test_who_leaves_after_a_change_of_plan_has_left() -> None:
    change = OPENS + 5 * DAY
    assert label(span(LONG_AGO, change), span(change, change + 9 * DAY)) == 1


def test_who_comes_back_within_regrace_and_leaves_again_has_left() -> None:
    end = OPENS + DAY
    assert label(span(LONG_AGO, end), span(end + 9 * DAY, end + 20 * DAY)) == 1
    assert label(span(LONG_AGO, end), span(end + 9 * DAY, CLOSES)) == 0


def test_who_comes_back_after_regrace_had_left() -> None:
    end = OPENS + DAY
    assert label(span(LONG_AGO, end), span(end + 31 * DAY, None)) == 1


def test_of_several_the_last_end_counts() -> None:
    end = OPENS + 5 * DAY
    assert label(span(LONG_AGO, end), span(LONG_AGO, None)) == 0
    assert label(span(LONG_AGO, end), span(LONG_AGO, CLOSES + DAY)) == 0
    assert label(span(LONG_AGO, end), span(LONG_AGO + DAY, end + DAY)) == 1
    assert label(span(LONG_AGO, end), span(LONG_AGO, end)) == 1


def test_one_that_never_ran_undoes_nothing() -> None:
    end = OPENS + 5 * DAY
    assert label(span(LONG_AGO, end), span(end + DAY, end + DAY)) == 1


def test_who_ended_in_the_gap_and_came_back_stays() -> None:
    assert label(span(LONG_AGO, CUTOFF + DAY), span(CUTOFF + 9 * DAY, None)) == 0


@pytest.mark.parametrize(
    ("row", "there"),
    [
        (span(CUTOFF - DAY, None), True),
        (span(CUTOFF - INSTANT, CUTOFF), True),
        (span(CUTOFF, None), False),
        (span(LONG_AGO, CUTOFF - INSTANT), False),
        ({**span(LONG_AGO, None), "recorded_at": CUTOFF}, False),
        ({**span(LONG_AGO, CUTOFF + DAY), "recorded_at": CUTOFF - INSTANT}, True),
    ],
)
def test_a_subscription_runs_from_its_start_until_its_end(row: Row, there: bool) -> None:  # noqa: FBT001
    found = population(subscribed(row), CUTOFF.date(), "subscription", 1)
    assert len(found.table.to_pandas()) == there


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (span(LONG_AGO, None), 30.0),
        (span(LONG_AGO, OPENS + 10 * DAY), 10.0),
        (span(CLOSES - 10 * DAY, None), 10.0),
        (span(LONG_AGO, OPENS), 0.0),
        ({**span(LONG_AGO, None), "price_period_days": 365.0}, 30 * 30 / 365),
        ({**span(LONG_AGO, None), "price_period_days": None}, 30.0),
    ],
)
def test_value_is_the_price_of_the_days_that_overlap(row: Row, expected: float) -> None:
    aim = Target("subscription", 30, 10, 30, regrace=0)
    found = labels(subscribed(row), spine_of([("b", CUTOFF), ("a", CUTOFF)]), aim).to_pandas()
    assert found.set_index("customer_id")["value"].to_dict().get("a", 0.0) == pytest.approx(
        expected
    )


def bought(*lines: tuple[datetime, str]) -> Tables:
    rows = [{"customer_id": "a", "occurred_at": at, "amount": Decimal(n)} for at, n in lines]
    return tables_of(History({"transactions": rows}, {"transactions": list(rows[0])}))


@pytest.mark.parametrize(
    ("after", "expected"),
    [("50", 0), ("49.9999", 1), ("200", 0), ("-10", 1)],
)
def test_half_of_the_usual_spend_is_not_below_half_of_it(after: str, expected: int) -> None:
    usual = [(CUTOFF - k * 30 * DAY, "100") for k in range(1, 5)]
    beyond = [(CUTOFF - 4 * 30 * DAY - INSTANT, "5000"), (CUTOFF + 30 * DAY, "5000")]
    tables = bought(*usual, *beyond, (CUTOFF, after), (CUTOFF - DAY, "-1000"))
    spine = spine_of([("a", CUTOFF)], shared=True)
    found = labels(tables, spine, Target("partial", 30, 0, 30)).to_pandas()
    assert found["churned"][0] == expected


def test_who_spent_nothing_lately_cannot_spend_less() -> None:
    tables = bought((CUTOFF - 200 * DAY, "10"))
    spine = spine_of([("a", CUTOFF)], shared=True)
    assert labels(tables, spine, Target("partial", 30, 0, 30)).to_pandas()["churned"][0] == 0


@pytest.mark.parametrize(
    ("aim", "reach"),
    [
        (Target("inactivity", 30, 5, 60, regrace=30), 65),
        (Target("partial", 30, 5, 30), 35),
        (Target("subscription", 30, 5, 30, regrace=30), 65),
        (Target("subscription", 30, 5, 90, regrace=30), 95),
    ],
)
def test_a_cutoff_is_complete_when_every_window_and_regrace_have_ended(
    aim: Target, reach: int
) -> None:
    assert aim.reach == reach
