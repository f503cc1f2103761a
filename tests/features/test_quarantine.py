"""Bad rows: told apart, counted once, kept in a file, and too many of them refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import InputError
from features.loading import load
from features.settings import DataSettings, TableSettings
from features.sources import connect
from features.tables import TableReport

NOW = datetime(2024, 1, 1)  # noqa: DTZ001 - local time, as everywhere within
GOOD = {"customer_id": "a", "occurred_at": "2023-05-01", "amount": "1.00", "order_id": "o"}
BAD: dict[str, dict[str, str | None]] = {
    "customer_id is missing": {"customer_id": " "},
    "occurred_at is missing": {"occurred_at": ""},
    "amount is missing": {"amount": None},
    "occurred_at is not a time": {"occurred_at": "2023-13-01"},
    "amount is not a finite number within 10^14": {"amount": "ten"},
    "occurred_at is in the future": {"occurred_at": "2024-01-02"},
}


def read(
    folder: Path,
    frame: pd.DataFrame,
    name: str = "transactions",
    allowed: float = 0.99,
    key: tuple[str, ...] = (),
) -> TableReport:
    """Read one table, beside a sound one of transactions."""
    data = DataSettings(max_rejected=allowed)
    tables = {}
    for table, rows in {"transactions": pd.DataFrame([GOOD]), name: frame}.items():
        rows.to_parquet(folder / f"{table}.parquet")
        columns = {str(column): str(column) for column in rows.columns}
        keyed = key if table == name else ()
        tables[table] = TableSettings(source=f"{table}.parquet", columns=columns, key=keyed)
    return load(connect(data, folder), tables, data, folder, NOW).reports[name]


def frame_of(*changes: Mapping[str, str | None]) -> pd.DataFrame:
    return pd.DataFrame([{**GOOD, **change} for change in changes])


@pytest.mark.parametrize("reason", BAD)
def test_each_kind_of_bad_row_is_told(tmp_path: Path, reason: str) -> None:
    report = read(tmp_path, frame_of({}, BAD[reason]))
    assert report.rejected == {reason: 1}
    assert (report.read, report.kept) == (2, 1)


@pytest.mark.parametrize("amount", [float("inf"), float("-inf"), 1e14, float("nan")])
def test_amounts_that_are_not_finite_or_too_large(tmp_path: Path, amount: float) -> None:
    frame = pd.DataFrame([{**GOOD, "amount": 1.0}, {**GOOD, "amount": amount}])
    (reason,) = read(tmp_path, frame).rejected
    assert reason.startswith("amount is ")


def test_a_row_with_many_faults_is_counted_once_by_its_first(tmp_path: Path) -> None:
    worst = {"customer_id": None, "occurred_at": "never", "amount": "ten"}
    assert read(tmp_path, frame_of({}, worst)).rejected == {"customer_id is missing": 1}


def test_the_file_holds_the_rows_as_they_were_read(tmp_path: Path) -> None:
    report = read(tmp_path, frame_of({}, {"amount": "ten"}, {"occurred_at": "never"}))
    assert report.quarantine == tmp_path / "quarantine" / "transactions.csv"
    found = pd.read_csv(report.quarantine, dtype=str).to_dict("records")
    assert found == [
        {**GOOD, "amount": "ten", "reason": "amount is not a finite number within 10^14"},
        {**GOOD, "occurred_at": "never", "reason": "occurred_at is not a time"},
    ]


def test_the_file_goes_when_no_row_is_bad(tmp_path: Path) -> None:
    read(tmp_path, frame_of({}, {"amount": "ten"}))
    assert read(tmp_path, frame_of({})).quarantine is None
    assert list((tmp_path / "quarantine").iterdir()) == []


def test_too_many_bad_rows_stop_with_counts_an_example_and_the_remedy(tmp_path: Path) -> None:
    frame = frame_of({}, {}, {"amount": "£12"}, {"amount": "£7"}, {"customer_id": None})
    with pytest.raises(InputError) as raised:
        read(tmp_path, frame, allowed=0.05)
    assert str(raised.value) == (
        "tables.transactions: 3 of 5 rows (60.0%) cannot be used; data.max_rejected allows 5.0%\n"
        "  2 x amount is not a finite number within 10^14 (such as '£12', '£7'); turn it into a "
        "number with an SQL expression, such as TRY_CAST(replace(replace(\"amount\", '$', ''), "
        "',', '') AS DECIMAL(18,4))\n"
        "  1 x customer_id is missing; leave such rows out with where, or map another column\n"
        "All of them are in quarantine/transactions.csv"
    )
    assert len(pd.read_csv(tmp_path / "quarantine" / "transactions.csv")) == 3


def test_the_allowed_share_itself_is_allowed(tmp_path: Path) -> None:
    report = read(tmp_path, frame_of({}, {}, {}, {"amount": "ten"}), allowed=0.25)
    assert sum(report.rejected.values()) == 1


def test_a_table_of_bad_rows_only_is_refused_whatever_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 of 2 rows"):
        read(tmp_path, frame_of({"amount": "x"}, {"amount": "y"}), allowed=1.0)


def test_repeats_of_a_key_are_rejected_and_unkeyed_rows_kept(tmp_path: Path) -> None:
    frame = frame_of(
        {}, {}, {"amount": "9"}, {"order_id": "p"}, {"order_id": None}, {"order_id": None}
    )
    report = read(tmp_path, frame, key=("order_id",))
    assert report.rejected == {"repeats the key (order_id)": 2}
    assert report.kept == 4


def test_a_bad_row_does_not_make_a_good_one_a_repeat(tmp_path: Path) -> None:
    report = read(tmp_path, frame_of({"amount": "ten"}, {}), key=("order_id",))
    assert report.kept == 1
    assert "repeats the key (order_id)" not in report.rejected


def test_a_customer_is_told_once(tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer_id": ["a", "a", "b"], "age": [1, 2, 3]})
    report = read(tmp_path, frame, name="customers")
    assert report.rejected == {"repeats the key (customer_id)": 1}


def test_a_customers_history_may_not_repeat_a_moment(tmp_path: Path) -> None:
    days = ["2023-01-01", "2023-01-01", "2023-02-01", None]
    frame = pd.DataFrame({"customer_id": "a", "valid_from": days})
    report = read(tmp_path, frame, name="customers")
    assert report.rejected == {
        "repeats the key (customer_id, valid_from)": 1,
        "valid_from is missing": 1,
    }


@pytest.mark.parametrize(
    ("resolved", "reason"),
    [
        ("2023-05-02 11:00:00", None),
        ("2023-05-02", None),
        (None, None),
        ("2023-05-02 09:59:59", "resolved_at is before opened_at"),
        ("2023-05-01", "resolved_at is before opened_at"),
        ("soon", "resolved_at is not a time"),
    ],
)
def test_a_complaint_is_not_resolved_before_it_is_opened(
    tmp_path: Path, resolved: str | None, reason: str | None
) -> None:
    sound = {"customer_id": "a", "opened_at": "2023-05-02 10:00:00", "resolved_at": None}
    frame = pd.DataFrame([sound, {**sound, "resolved_at": resolved}])
    report = read(tmp_path, frame, name="complaints")
    assert report.rejected == ({reason: 1} if reason else {})


SOUND: dict[str, dict[str, str | None]] = {
    "wallets": {"observed_at": "2023-05-01", "period_days": "365", "amount": "0"},
    "contacts": {"contacted_at": "2023-05-02 10:00:00", "action": "call", "treated": "yes"},
    "subscriptions": {"started_at": "2023-05-02 10:00:00"},
    "activities": {"occurred_at": "2023-05-01", "kind": "visit"},
    "surveys": {"answered_at": "2023-05-01"},
    "referrals": {"referred_id": "b", "occurred_at": "2023-05-01"},
}
LATER = "2024-01-02"


@pytest.mark.parametrize(
    ("table", "change", "reason"),
    [
        ("wallets", {"observed_at": LATER}, "observed_at is in the future"),
        ("wallets", {"period_days": "0"}, "period_days is not above zero"),
        ("wallets", {"period_days": "month"}, "period_days is not a finite number"),
        ("wallets", {"period_days": "inf"}, "period_days is not a finite number"),
        ("wallets", {"period_days": " "}, "period_days is missing"),
        ("wallets", {"period_days": "NaN"}, "period_days is missing"),
        ("wallets", {"amount": "-0.01"}, "amount is negative"),
        ("contacts", {"contacted_at": LATER}, "contacted_at is in the future"),
        ("contacts", {"action": " "}, "action is missing"),
        ("contacts", {"treated": "perhaps"}, "treated is neither yes nor no"),
        ("contacts", {"treated": "2"}, "treated is neither yes nor no"),
        ("contacts", {"treated": None}, "treated is missing"),
        ("contacts", {"treated": "nan"}, "treated is missing"),
        ("contacts", {"responded_at": "2023-05-01"}, "responded_at is before contacted_at"),
        ("contacts", {"cost": "-1"}, "cost is negative"),
        ("contacts", {"redeemed_cost": "-1"}, "redeemed_cost is negative"),
        ("subscriptions", {"started_at": ""}, "started_at is missing"),
        ("subscriptions", {"ended_at": "2023-05-01"}, "ended_at is before started_at"),
        ("subscriptions", {"ended_at": "never"}, "ended_at is not a time"),
        ("subscriptions", {"renews_at": "2023-05-01"}, "renews_at is before started_at"),
        ("subscriptions", {"price": "-1"}, "price is negative"),
        ("subscriptions", {"price_period_days": "0"}, "price_period_days is not above zero"),
        ("activities", {"occurred_at": LATER}, "occurred_at is in the future"),
        ("activities", {"kind": ""}, "kind is missing"),
        ("activities", {"count": "-1"}, "count is negative"),
        ("surveys", {"answered_at": LATER}, "answered_at is in the future"),
        ("surveys", {"nps": "-1"}, "nps is not between 0 and 10"),
        ("surveys", {"nps": "10.5"}, "nps is not between 0 and 10"),
        ("referrals", {"occurred_at": LATER}, "occurred_at is in the future"),
        ("referrals", {"referred_id": " "}, "referred_id is missing"),
        ("referrals", {"referred_id": "a"}, "referred_id is the customer's own"),
        *(
            (table, {"recorded_at": "soon"}, "recorded_at is not a time")
            for table in ("wallets", "contacts", "subscriptions")
        ),
    ],
)
def test_each_rule_of_the_other_tables(
    tmp_path: Path, table: str, change: dict[str, str | None], reason: str
) -> None:
    sound = {"customer_id": "a", **dict.fromkeys(change), **SOUND[table]}
    report = read(tmp_path, pd.DataFrame([sound, {**sound, **change}]), name=table)
    assert report.rejected == {reason: 1}


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("wallets", {"period_days": "0.5"}),
        ("contacts", {"responded_at": "2023-05-02", "cost": "0", "redeemed_cost": "0"}),
        ("contacts", {"treated": "0.0", "channel": ""}),
        ("subscriptions", {"started_at": LATER}),
        ("subscriptions", {"ended_at": "2023-05-02", "renews_at": "2023-05-02"}),
        ("subscriptions", {"ended_at": "2023-05-02 10:00:00", "price": "0"}),
        ("subscriptions", {"price_period_days": "", "auto_renew": "perhaps"}),
        ("activities", {"count": "0", "points_balance": "-5"}),
        ("surveys", {"nps": "0", "csat": "-2"}),
        ("surveys", {"nps": "10", "csat": ""}),
        ("referrals", {"recorded_at": None}),
    ],
)
def test_what_is_unusual_but_sound(
    tmp_path: Path, table: str, change: dict[str, str | None]
) -> None:
    row = {"customer_id": "a", **SOUND[table], **change}
    assert read(tmp_path, pd.DataFrame([row]), name=table).rejected == {}


def test_flags_and_numbers_that_cannot_be_read_come_with_a_remedy(tmp_path: Path) -> None:
    sound = {"customer_id": "a", **SOUND["contacts"]}
    frame = pd.DataFrame([sound, {**sound, "treated": "group B"}])
    with pytest.raises(InputError) as raised:
        read(tmp_path, frame, name="contacts", allowed=0.1)
    assert (
        "1 x treated is neither yes nor no (such as 'group B'); turn it into true or false with "
        "an SQL expression, such as \"treated\" = 'treated'\n"
    ) in str(raised.value)
    sound = {"customer_id": "a", **SOUND["wallets"]}
    frame = pd.DataFrame([sound, {**sound, "period_days": "year"}])
    with pytest.raises(InputError) as raised:
        read(tmp_path, frame, name="wallets", allowed=0.1)
    assert (
        "1 x period_days is not a finite number (such as 'year'); turn it into a number with an "
        'SQL expression, such as TRY_CAST("period_days" AS DOUBLE)\n'
    ) in str(raised.value)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(faults=st.lists(st.sets(st.sampled_from(sorted(BAD))), min_size=1, max_size=8))
def test_every_row_is_kept_or_rejected_once(tmp_path: Path, faults: list[set[str]]) -> None:
    changes: list[dict[str, str | None]] = [{}]
    changes += [
        {k: v for reason in sorted(fault) for k, v in BAD[reason].items()} for fault in faults
    ]
    report = read(tmp_path, frame_of(*changes))
    assert report.kept == sum(not change for change in changes)
    assert report.kept + sum(report.rejected.values()) == report.read == len(changes)
