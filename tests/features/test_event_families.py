"""Contacts, activities, surveys, referrals and the calendar, on cases worked out by hand."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from features import activities, calendar, contacts, referrals, surveys
from features.family import Family, snapshots
from tests.oracle.histories import CUTOFF, History, Row, spine_of, tables_of

DAY = timedelta(days=1)


def figures(family: Family, cutoff: datetime = CUTOFF, **tables: list[Row]) -> dict[str, Any]:
    """Compute the family's features of customer "a"."""
    rows = {
        table: [{"customer_id": "a", **row} for row in given] for table, given in tables.items()
    }
    columns = {table: list(given[0]) for table, given in rows.items()}
    made = snapshots(
        [family], tables_of(History(rows, columns), "events"), spine_of([("a", cutoff)])
    )
    (found,) = made.table.to_pyarrow().to_pylist()
    return dict(found)


def contact(days: int, **more: object) -> Row:
    return {"contacted_at": CUTOFF - days * DAY, "action": "call", "treated": True, **more}


def test_whoever_is_in_the_control_group_was_not_contacted() -> None:
    found = figures(contacts.FAMILY, contacts=[contact(3), contact(1, treated=False)])
    assert (found["contacts_count"], found["days_since_contact"]) == (1, 3)


def test_a_response_counts_from_when_it_came() -> None:
    rows = [
        contact(20, responded_at=CUTOFF - 10 * DAY, redeemed_cost=Decimal(7)),
        contact(12, responded_at=None, redeemed_cost=None),
        contact(5, responded_at=CUTOFF, redeemed_cost=Decimal(9)),
    ]
    found = figures(contacts.FAMILY, contacts=rows)
    assert (found["contact_responses_count"], found["days_since_response"]) == (1, 10)
    assert (found["contacts_redeemed_count"], found["contacts_redeemed_sum"]) == (1, 7)
    assert found["contacts_unanswered_count"] == 1
    assert found["contact_response_share"] == pytest.approx(1 / 3)


def test_what_was_redeemed_is_left_out_where_nothing_dates_it() -> None:
    found = figures(contacts.FAMILY, contacts=[contact(3, redeemed_cost=Decimal(7))])
    assert [name for name in found if "redeemed" in name or "respon" in name] == []


def test_a_month_like_all_others_is_no_pressure() -> None:
    monthly = [contact(days) for days in range(15, 365, 30)]
    found = figures(contacts.FAMILY, contacts=monthly)
    assert found["contacts_pressure_30d"] == pytest.approx(1, abs=0.02)


def activity(days: int, kind: str = "login", **more: object) -> Row:
    return {"occurred_at": CUTOFF - days * DAY, "kind": kind, **more}


def test_the_main_kind_is_the_first_by_name_of_equals() -> None:
    rows = [activity(3, "visit"), activity(9, "login"), activity(400, "visit")]
    found = figures(activities.FAMILY, activities=rows)
    assert found["activity_kind_main_365d"] == "login"
    assert (found["activity_kind_share_365d"], found["days_since_main_activity"]) == (0.5, 9)


def test_a_count_of_nothing_is_silence() -> None:
    rows = [activity(9, count=None), activity(2, count=0.0), activity(4, count=2.5)]
    found = figures(activities.FAMILY, activities=rows)
    assert (found["activities_count_30d"], found["days_since_activity"]) == (3.5, 4)


def test_a_balance_is_compared_with_the_one_ninety_days_before() -> None:
    balances = [activity(d, points_balance=b) for d, b in ((91, 10.0), (90, 70.0), (2, 25.0))]
    found = figures(activities.FAMILY, activities=balances)
    assert (found["points_balance_last"], found["points_balance_change_90d"]) == (25, 15)


def test_an_answer_is_compared_with_the_last_one_that_was_given() -> None:
    answers = [(90, 9.0, 5.0), (90, 10.0, 5.0), (60, None, 4.0), (30, 0.0, None)]
    rows = [
        {"answered_at": CUTOFF - days * DAY, "nps": nps, "csat": csat}
        for days, nps, csat in answers
    ]
    found = figures(surveys.FAMILY, surveys=rows)
    assert (found["nps_last"], found["nps_change"], found["nps_detractor"]) == (0, -9, 1)
    assert (found["csat_last"], found["csat_change"]) == (4, -1)


def referral(days: int, who: str, **more: object) -> Row:
    return {"referred_id": who, "occurred_at": CUTOFF - days * DAY, **more}


def bought(days: int, who: str, amount: int) -> Row:
    return {"customer_id": who, "occurred_at": CUTOFF - days * DAY, "amount": Decimal(amount)}


def test_the_value_of_those_referred_counts_each_of_them_once() -> None:
    found = figures(
        referrals.FAMILY,
        referrals=[referral(9, "b"), referral(8, "b"), referral(400, "c"), referral(0, "d")],
        transactions=[
            *[bought(5, "b", 30), bought(5, "b", -10), bought(366, "b", 1000)],
            *[bought(1, "c", 2), bought(0, "c", 500), bought(1, "d", 70), bought(1, "a", 90)],
        ],
    )
    assert found["referred_value_sum_365d"] == 22
    assert found["value_influence"] == 2 * 22
    assert found["was_referred"] == 0


def test_who_was_referred() -> None:
    rows = [referral(9, "a", customer_id="b"), referral(0, "c")]
    assert figures(referrals.FAMILY, referrals=rows)["was_referred"] == 1
    assert "value_influence" not in figures(referrals.FAMILY, referrals=rows)


@pytest.mark.parametrize(
    ("month", "day", "sine"), [(1, 1, 0.0), (4, 1, 1.0), (7, 2, 0.0), (10, 1, -1.0), (12, 31, 0.0)]
)
def test_the_year_is_a_circle(month: int, day: int, sine: float) -> None:
    cutoff = datetime(2024, month, day)  # noqa: DTZ001 - local time, as in the tables
    found = figures(calendar.FAMILY, cutoff, transactions=[bought(1, "a", 1)])
    assert found["calendar_month"] == month
    assert found["calendar_year_sin"] == pytest.approx(sine, abs=0.02)
    assert math.hypot(found["calendar_year_sin"], found["calendar_year_cos"]) == pytest.approx(1)
