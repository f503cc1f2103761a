"""What is odd but kept: counted and told, of one table and of tables together."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.loading import load
from features.settings import DataSettings, TableSettings
from features.sources import connect
from features.tables import Loaded

NOW = datetime(2024, 1, 1)  # noqa: DTZ001 - local time, as everywhere within
SALE = {"customer_id": "a", "occurred_at": "2023-05-01", "amount": "1"}
ABSENT = "tables that are not given"


def read(folder: Path, **rows: list[dict[str, Any]]) -> Loaded:
    """Read tables of text; none of their rows is rejected."""
    tables = {}
    for name, found in rows.items():
        frame = pd.DataFrame(found, dtype="string")
        frame.to_parquet(folder / f"{name}.parquet")
        columns = {str(column): str(column) for column in frame.columns}
        tables[name] = TableSettings(source=f"{name}.parquet", columns=columns)
    loaded = load(connect(DataSettings(), folder), tables, DataSettings(), folder, NOW)
    assert not any(report.rejected for report in loaded.reports.values())
    return loaded


def warnings(folder: Path, name: str, *rows: dict[str, Any]) -> tuple[str, ...]:
    """Give the warnings of one table, beside one of transactions."""
    columns = dict.fromkeys(column for row in rows for column in row)
    full = [{**columns, **row} for row in rows]
    return read(folder, **{"transactions": [SALE], name: full}).reports[name].warnings


def contract(start: str, end: str | None, customer: str = "a") -> dict[str, str | None]:
    return {"customer_id": customer, "started_at": start, "ended_at": end}


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("transactions", SALE),
        ("complaints", {"customer_id": "a", "opened_at": "2023-05-01"}),
        ("subscriptions", {"customer_id": "a", "started_at": "2023-05-01"}),
        ("referrals", {"customer_id": "a", "referred_id": "b", "occurred_at": "2023-05-01"}),
    ],
)
def test_rows_that_do_not_say_when_they_were_recorded(
    tmp_path: Path, table: str, row: dict[str, str]
) -> None:
    other = {**row, "occurred_at": "2023-05-03"} if "occurred_at" in row else row
    found = warnings(tmp_path, table, row, {**other, "recorded_at": "2023-05-04"})
    assert found[0] == (
        "rows that do not say when they were recorded (recorded_at is empty): 1; each counts from "
        "its event on"
    )


def test_rows_recorded_in_the_future(tmp_path: Path) -> None:
    (said,) = warnings(tmp_path, "transactions", {**SALE, "recorded_at": "2024-02-01"})
    assert said == (
        "rows that were recorded in the future: 1; they are not used before then: check the "
        "mapping of recorded_at and [data] timezone"
    )


def test_outcomes_without_the_column_that_says_when(tmp_path: Path) -> None:
    opened = {"customer_id": "a", "opened_at": "2023-05-01"}
    assert warnings(tmp_path, "complaints", {**opened, "cost": "5", "satisfaction": "3"}) == (
        (
            "satisfaction, cost: not used, because nothing tells since when it is known; map "
            "resolved_at"
        ),
    )
    sent = {"customer_id": "a", "contacted_at": "2023-05-01", "action": "x", "treated": "1"}
    assert warnings(tmp_path, "contacts", {**sent, "redeemed_cost": "5"}) == (
        "redeemed_cost: not used, because nothing tells since when it is known; map responded_at",
    )


def test_outcomes_of_rows_that_have_none_yet(tmp_path: Path) -> None:
    opened = {"customer_id": "a", "opened_at": "2023-05-01", "compensation": "5"}
    closed = {**opened, "resolved_at": "2023-05-02"}
    assert warnings(tmp_path, "complaints", opened, closed) == (
        (
            "rows with compensation but without resolved_at, so that nothing tells since "
            "when it is "
            "known: 1; it is not used"
        ),
    )


def test_responses_of_the_control_group(tmp_path: Path) -> None:
    sent = {"customer_id": "a", "contacted_at": "2023-05-01", "action": "x", "treated": "no"}
    answered = {**sent, "responded_at": "2023-05-02", "redeemed_cost": "3"}
    found = warnings(tmp_path, "contacts", sent, answered, {**answered, "treated": "yes"})
    assert found == tuple(
        f"rows of the control group (treated is false) with {outcome}: 1; who was not contacted "
        "cannot respond: check the mapping of treated"
        for outcome in ("responded_at", "redeemed_cost")
    )


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([("2023-01-01", "2023-02-01"), ("2023-02-01", None)], 0),
        ([("2023-01-01", "2023-02-02"), ("2023-02-01", None)], 1),
        ([("2023-01-01", None), ("2023-02-01", "2023-03-01")], 1),
        ([("2023-01-01", None), ("2023-02-01", "2023-02-02"), ("2023-03-01", None)], 2),
        ([("2023-01-01", "2023-01-01"), ("2023-01-01", None)], 0),
        ([("2023-01-01", None), ("2023-01-01", None)], 1),
    ],
)
def test_subscriptions_that_overlap(
    tmp_path: Path, rows: list[tuple[str, str | None]], count: int
) -> None:
    other = contract("2023-01-01", None, "b")
    frame = [*(contract(*row) for row in rows), other]
    for ordered in (frame, frame[::-1]):
        found = [w for w in warnings(tmp_path, "subscriptions", *ordered) if "start while" in w]
        expected = (
            f"subscriptions that start while another of the same customer runs: {count}; they are "
            "kept (where they are changes of plan or price, end the row before)"
        )
        assert found == ([expected] if count else [])


@pytest.mark.parametrize("end", [None, "2024-01-02", "2023-12-31"])
def test_subscriptions_of_which_none_has_ended_for_good(tmp_path: Path, end: str | None) -> None:
    rows = [contract("2023-01-01", "2023-02-01"), contract("2023-02-01", None)]
    found = warnings(tmp_path, "subscriptions", *rows, contract("2023-01-01", end, "b"))
    said = (
        "a subscription still runs for each of the 2 customers, so that nobody has left: check "
        "the mapping of ended_at, and that a change of plan ends the row before"
    )
    assert found == (() if end == "2023-12-31" else (said,))


def test_subscriptions_of_the_future_and_without_a_price(tmp_path: Path) -> None:
    early = {**contract("2023-01-01", "2023-02-01", "b"), "price": "5"}
    late = {**contract("2024-02-01", None), "price": None}
    assert warnings(tmp_path, "subscriptions", early, late) == (
        "subscriptions that start in the future: 1; they count from then on",
        "subscriptions without a price: 1; they add nothing to the value",
    )


def test_answers_that_tell_nothing(tmp_path: Path) -> None:
    answer = {"customer_id": "a", "answered_at": "2023-05-01"}
    assert warnings(tmp_path, "surveys", {**answer, "nps": "9"}, {**answer, "csat": "4"}) == ()
    (said,) = warnings(tmp_path, "surveys", {**answer, "nps": "9", "csat": "1"}, answer)
    assert said == "rows with neither nps nor csat: 1; they tell nothing"
    (said,) = warnings(tmp_path, "surveys", answer)
    assert said == (
        "neither nps nor csat is mapped, so that the answers tell nothing; map one of them"
    )


def test_customers_who_were_referred_twice(tmp_path: Path) -> None:
    first = {"customer_id": "a", "referred_id": "c", "occurred_at": "2023-05-01"}
    again = {**first, "customer_id": "b"}
    assert warnings(tmp_path, "referrals", first, {**again, "referred_id": "d"}) == ()
    assert warnings(tmp_path, "referrals", first, again) == (
        "rows that refer a customer who was referred before: 1; they are kept",
    )


def test_repeats_of_other_tables_name_a_key_that_fits(tmp_path: Path) -> None:
    visit = {"customer_id": "a", "occurred_at": "2023-05-01", "kind": "visit"}
    (said,) = warnings(tmp_path, "activities", visit, visit)
    assert said.endswith('they are kept (name a key, such as key = ["id"], to reject repeats)')


def joint(folder: Path, **rows: list[dict[str, Any]]) -> list[str]:
    return [w for w in read(folder, **rows).warnings if not w.startswith(ABSENT)]


def test_customers_whom_the_customers_table_does_not_know(tmp_path: Path) -> None:
    sales = [SALE, {**SALE, "customer_id": "b"}, {**SALE, "customer_id": "c"}]
    visits = [{"customer_id": c, "occurred_at": "2023-05-01", "kind": "x"} for c in "ab"]
    surveys = [{"customer_id": "a", "answered_at": "2023-05-01", "nps": "1"}]
    tables = {"transactions": sales, "activities": visits, "surveys": surveys}
    assert joint(tmp_path, **tables, customers=[{"customer_id": c} for c in "abc"]) == []
    assert joint(tmp_path, **tables, customers=[{"customer_id": "a"}]) == [
        (
            "customers without a row in the customers table: transactions (2 of 3), "
            "activities (1 of "
            "2); their attributes are missing"
        )
    ]


def test_rows_from_before_the_customer_joined(tmp_path: Path) -> None:
    customers: list[dict[str, Any]] = [
        {"customer_id": "a", "joined_at": "2023-05-01 12:00:00"},
        {"customer_id": "b", "joined_at": "2023-05-02"},
        {"customer_id": "c", "joined_at": None},
    ]
    sales = [{**SALE, "customer_id": customer} for customer in "abc"]
    assert joint(tmp_path, transactions=sales, customers=customers) == [
        (
            "customers with rows from before they joined (joined_at): transactions (1 of 3); "
            "the rows "
            "are kept: check the mapping of joined_at"
        )
    ]


def test_a_customer_joined_with_the_first_of_their_versions(tmp_path: Path) -> None:
    customers = [
        {"customer_id": "a", "valid_from": day, "joined_at": day}
        for day in ("2023-05-01", "2023-06-01")
    ]
    assert joint(tmp_path, transactions=[SALE], customers=customers) == []


def test_tables_whose_customers_are_others(tmp_path: Path) -> None:
    opened = {"customer_id": "00a", "opened_at": "2023-05-01"}
    said = "none of the 1 customers of complaints has {}; check that the tables use the same "
    tables = {"transactions": [SALE], "complaints": [opened]}
    assert joint(tmp_path, **tables) == [said.format("transactions") + "customer_id"]
    contracts = [contract("2023-01-01", None, "z")]
    assert joint(tmp_path, **tables, subscriptions=contracts) == [
        said.format("transactions or subscriptions") + "customer_id"
    ]
    contracts = [contract("2023-01-01", None, "00a")]
    assert joint(tmp_path, **tables, subscriptions=contracts) == []
