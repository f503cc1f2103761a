"""Contacts as snapshots: what was known before them, what came after, and which are taken."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd

from features.contacted import contacted, last_contacts, write_contacted
from features.labels import Target
from features.tables import Tables
from tests.oracle.histories import History, Row, tables_of

AIM = Target("inactivity", 30, 0, 60)
AS_OF = date(2024, 6, 1)
CONTACT = datetime(2024, 2, 10, 9)  # noqa: DTZ001 - local time, as in the tables


def line(customer: str, hours: float, amount: int = 5) -> Row:
    """Make a line so many hours after the contact."""
    moment = CONTACT + timedelta(hours=hours)
    return {"customer_id": customer, "occurred_at": moment, "amount": Decimal(amount)}


def contact(customer: str, *, treated: bool = True, days: int = 0, action: str = "call") -> Row:
    moment = CONTACT + timedelta(days=days)
    return {
        "customer_id": customer,
        "contacted_at": moment,
        "action": action,
        "treated": treated,
        "redeemed_cost": Decimal(3) if treated else None,
    }


def tables(lines: list[Row], contacts: list[Row], name: str) -> Tables:
    columns = {
        "transactions": ["customer_id", "occurred_at", "amount"],
        "contacts": ["customer_id", "contacted_at", "action", "treated", "redeemed_cost"],
    }
    return tables_of(History({"transactions": lines, "contacts": contacts}, columns), name)


def taken(found: Tables, as_of: date = AS_OF) -> pd.DataFrame:
    frame: pd.DataFrame = contacted(found, AIM, 90, as_of).to_pandas()
    return frame.set_index("customer_id")


def test_what_is_known_ends_before_the_contact_and_outcomes_begin_with_it(tmp_path: Path) -> None:
    lines = [
        *[line("stays", hours, amount) for hours, amount in ((-240, 7), (-1, 11), (1, 13))],
        *[line("leaves", hours) for hours in (-240, -1, 24 * 31)],
    ]
    found = tables(lines, [contact("stays"), contact("leaves", treated=False)], "known")
    path = tmp_path / "contacted.parquet"
    write_contacted(found, contacted(found, AIM, 90, AS_OF), path)
    frame = pd.read_parquet(path).set_index("customer_id")
    # Neither the purchase of that morning nor the one just after the contact is a feature.
    assert frame["spend_sum_30d"].to_dict() == {"stays": 7, "leaves": 5}
    assert frame["days_since_purchase"].to_dict() == {"stays": 10, "leaves": 10}
    # The morning's purchase is no outcome either: it came before the contact.
    assert frame["churned"].to_dict() == {"stays": 0, "leaves": 1}
    assert frame["value"].to_dict() == {"stays": 13, "leaves": 5}
    assert frame["treated"].to_dict() == {"stays": True, "leaves": False}
    assert frame["redeemed"].to_dict() == {"stays": True, "leaves": False}


def test_windows_must_have_ended() -> None:
    found = tables([line("a", -240)], [contact("a")], "ended")
    # 60 days of value from 9 o'clock on: over during 10 April, known at its end.
    assert len(taken(found, date(2024, 4, 11))) == 1
    assert taken(found, date(2024, 4, 10)).empty


def test_the_lapsed_and_the_unknown_are_nobody_to_keep() -> None:
    lines = [line("lapsed", -24 * 100), line("here", -24 * 80)]
    sent = [contact(who) for who in ("lapsed", "here", "unknown")]
    assert list(taken(tables(lines, sent, "here")).index) == ["here"]


def test_a_contact_that_is_told_twice_counts_once() -> None:
    sent = [contact("a"), contact("a"), contact("a", action="mail", treated=False)]
    frame = taken(tables([line("a", -240)], sent, "twice"))
    assert sorted(zip(frame["action"], frame["treated"], strict=True)) == [
        ("call", True),
        ("mail", False),
    ]


def test_the_last_contact_is_that_of_either_arm() -> None:
    sent = [contact("a"), contact("a", treated=False, days=9), contact("b", treated=False)]
    found = last_contacts(tables([line("a", 1)], sent, "last")).set_index("customer_id")
    assert found["contacted_at"].to_dict() == {"a": CONTACT + timedelta(days=9), "b": CONTACT}


def test_without_contacts_nobody_has_a_last_one() -> None:
    assert list(last_contacts({})) == ["customer_id", "contacted_at"]
    assert last_contacts({}).empty
