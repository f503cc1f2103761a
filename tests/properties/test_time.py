"""Nothing that was unknown at the cutoff changes a feature; what follows it is a label."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from features.asof import Spine
from features.grains import Tables
from features.labels import Target, labels
from features.population import active
from tests.oracle.histories import (
    CUSTOMERS,
    CUTOFF,
    FEW,
    FEWER,
    History,
    Row,
    everybody,
    features_of,
    histories,
    random_history,
    spine_of,
    tables_of,
    without_recording,
)
from tests.oracle.rows import TIMES

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
OUTCOMES = {
    "complaints": ("resolved_at", ("resolved_at", "satisfaction", "compensation", "cost")),
    "contacts": ("responded_at", ("responded_at", "redeemed_cost")),
    "subscriptions": ("ended_at", ("ended_at",)),
}
"""By table: when the outcome came, and what could not be known before."""


def as_seen_at(history: History, cutoff: datetime) -> History:
    """Give the history as the company itself could have extracted it at the cutoff."""
    for table, time in TIMES.items():
        if table in history.rows and time in history.columns[table]:
            kept = [r for r in history.rows[table] if happened(r, time, cutoff)]
            history = history.with_rows(table, [blinded(r, table, cutoff) for r in kept])
    return history


def happened(row: Row, time: str, cutoff: datetime) -> bool:
    recorded = row.get("recorded_at") or row[time]
    return bool(row[time] < cutoff and recorded < cutoff)


def blinded(row: Row, table: str, cutoff: datetime) -> Row:
    came, outcomes = OUTCOMES.get(table, ("", ()))
    at = row.get(came)
    # The end of a subscription is known from when it was recorded: a notice period, say.
    foreseen = table == "subscriptions" and row.get("recorded_at") is not None
    if at is not None and (at < cutoff or foreseen):
        return row
    return {k: None if k in outcomes else v for k, v in row.items()}


@FEWER
@given(histories())
def test_what_came_after_the_cutoff_changes_no_feature(history: History) -> None:
    later = features_of(tables_of(history), everybody())
    then = features_of(tables_of(as_seen_at(history, CUTOFF)), everybody())
    assert_frame_equal(later, then, check_exact=True)


@FEW
@given(histories(), st.sampled_from([1, 30, 365]))
def test_what_came_after_the_cutoff_changes_no_population(history: History, days: int) -> None:
    def population(seen: History) -> set[str]:
        found = active(tables_of(seen), CUTOFF.date(), days).table.to_pandas()
        return set(found["customer_id"])

    assert population(history) == population(as_seen_at(history, CUTOFF))


def line(moment: datetime, amount: int = 7, customer: str = "a") -> Row:
    return {"customer_id": customer, "occurred_at": moment, "amount": Decimal(amount)}


def bought(*lines: Row) -> Tables:
    columns = {"transactions": ["customer_id", "occurred_at", "amount"]}
    return tables_of(History({"transactions": lines}, columns))


def label_of(tables: Tables, aim: Target) -> tuple[int, float]:
    spine = spine_of([("a", CUTOFF)], shared=True)
    (row,) = labels(tables, spine, aim).to_pandas().to_dict("records")
    return row["churned"], row["value"]


def test_a_row_exactly_at_the_cutoff_is_a_label_and_no_feature() -> None:
    tables = bought(line(CUTOFF), line(CUTOFF - 40 * DAY, 3))
    assert label_of(tables, Target("inactivity", 1, 0, 1)) == (0, 7.0)
    (row,) = features_of(tables, spine_of([("a", CUTOFF)], shared=True)).to_dict("records")
    assert (row["days_since_purchase"], row["purchase_days_count"], row["spend_sum"]) == (40, 1, 3)


def test_the_last_instant_before_the_cutoff_is_a_feature_and_no_label() -> None:
    tables = bought(line(CUTOFF - INSTANT))
    assert label_of(tables, Target("inactivity", 30, 0, 30)) == (1, 0.0)
    (row,) = features_of(tables, spine_of([("a", CUTOFF)], shared=True)).to_dict("records")
    assert (row["days_since_purchase"], row["purchase_days_count"], row["spend_sum"]) == (1, 1, 7)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (CUTOFF + 10 * DAY - INSTANT, (1, 0.0)),
        (CUTOFF + 10 * DAY, (0, 7.0)),
        (CUTOFF + 30 * DAY - INSTANT, (0, 7.0)),
        (CUTOFF + 30 * DAY, (1, 7.0)),
        (CUTOFF + 40 * DAY - INSTANT, (1, 7.0)),
        (CUTOFF + 40 * DAY, (1, 0.0)),
    ],
)
def test_both_windows_open_after_the_gap_and_are_half_open(
    moment: datetime, expected: tuple[int, float]
) -> None:
    assert label_of(bought(line(moment)), Target("inactivity", 20, 10, 30)) == expected


def test_a_return_alone_is_no_sign_of_staying_and_lowers_the_value() -> None:
    assert label_of(bought(line(CUTOFF, -7)), Target("inactivity", 30, 0, 30)) == (1, -7.0)


@FEW
@given(histories(), st.sampled_from([1, 29, 30]), st.sampled_from([1, 30, 60]))
def test_the_gap_shifts_both_label_windows(history: History, gap: int, horizon: int) -> None:
    tables = tables_of(history)

    def made(cutoff: datetime, gap: int) -> object:
        spine = spine_of([(customer, cutoff) for customer in CUSTOMERS])
        found = labels(tables, spine, Target("inactivity", horizon, gap, 45)).to_pandas()
        return found.sort_values("customer_id")[["churned", "value"]].to_dict("list")

    assert made(CUTOFF, gap) == made(CUTOFF + gap * DAY, 0)


Knowledge = Callable[[Row], Row]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda row: row, (0, 5.0)),
        (lambda row: {**row, "resolved_at": CUTOFF}, (1, None)),
        (lambda row: {**row, "resolved_at": CUTOFF - INSTANT}, (0, 5.0)),
        (lambda row: {**row, "resolved_at": None}, (1, None)),
        (lambda row: {**row, "recorded_at": CUTOFF}, (0, None)),
        (lambda row: {**row, "recorded_at": CUTOFF - INSTANT}, (0, 5.0)),
        (lambda row: {**row, "opened_at": CUTOFF}, (0, None)),
    ],
)
def test_a_complaint_is_open_until_its_outcome_is_known(
    change: Knowledge, expected: tuple[int, float | None]
) -> None:
    complaint = {
        "customer_id": "a",
        "opened_at": CUTOFF - 9 * DAY,
        "resolved_at": CUTOFF - 3 * DAY,
        "satisfaction": 5.0,
        "recorded_at": CUTOFF - 9 * DAY,
    }
    history = History(
        {"transactions": [line(CUTOFF - DAY)], "complaints": [change(complaint)]},
        {"transactions": ["customer_id", "occurred_at", "amount"], "complaints": list(complaint)},
    )
    (row,) = features_of(tables_of(history), spine_of([("a", CUTOFF)])).to_dict("records")
    satisfaction = row["complaint_satisfaction_last"]
    known = None if satisfaction != satisfaction else satisfaction  # noqa: PLR0124 - NaN
    assert (row["complaints_open"], known) == expected


WIDER = ["tenure_days", "lifecycle_stage", "loyalty_type", "loyalty_evidence"]
"""Features that other tables make better, but that need none of them."""

OF_OTHERS = (
    *("complaint", "attribute_", "products_", "categor", "channel", "orders_", "units_"),
    *("discount_", "margin_", "contact", "activit", "points_", "subscription", "wallet_observed"),
    *("survey", "nps_", "csat_", "referr", "value_influence", "was_referred"),
)
"""How features begin that need another table, or a column besides the amount."""


def test_a_table_that_is_absent_drops_its_features_and_invents_no_zeros() -> None:
    whole = without_recording(random_history(random.Random(5)))  # noqa: S311 - no secret
    bare = History(
        {"transactions": whole.rows["transactions"]},
        {"transactions": ["customer_id", "occurred_at", "amount"]},
    )
    everything = features_of(tables_of(whole), everybody()).drop(columns=WIDER)
    found = features_of(tables_of(bare), everybody()).drop(columns=WIDER)
    assert [name for name in map(str, found) if name.startswith(OF_OTHERS)] == []
    assert not {"days_to_first_purchase", "purchase_days_count_since_complaint"} & set(found)
    assert_frame_equal(found, everything[list(found)], check_exact=True)


def test_a_spine_without_its_own_cutoff_may_hold_several() -> None:
    tables = bought(line(CUTOFF - DAY), line(CUTOFF - 10 * DAY))
    spine = spine_of([("a", CUTOFF), ("a", CUTOFF - 5 * DAY), ("b", CUTOFF)])
    found = features_of(tables, Spine(spine.table, None))
    assert found["purchase_days_count"].tolist() == [1.0, 2.0, 0.0]
