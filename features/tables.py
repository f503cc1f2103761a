"""The contracts of the canonical tables, and the reports of how a table met them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import ibis
import ibis.expr.datatypes as dt
import pandera.ibis as pa
from pandera.ibis import IbisData

from features.columns import LAYOUTS, Kind, TableLayout

Tables = Mapping[str, ibis.Table]
"""Canonical clean tables by name; a column that is absent was not mapped."""


@dataclass(frozen=True)
class Rule:
    """What every row of a table keeps to, beyond its types.

    Attributes
    ----------
    name
        Name of the check.
    columns
        The columns that it needs; it does not apply where one is not mapped.
    holds
        Canonical table and the present local time to a boolean column; false is a bad row.
    reason
        Why a bad row is rejected.
    remedy
        What the user can do about it.
    """

    name: str
    columns: tuple[str, ...]
    holds: Callable[[ibis.Table, datetime], ibis.expr.types.BooleanValue]
    reason: str
    remedy: str


def _in_the_past(column: str) -> Rule:
    return Rule(
        name=f"{column}_in_the_past",
        columns=(column,),
        holds=lambda table, now: table[column] <= now,
        reason=f"{column} is in the future",
        remedy="check the date format and [data] timezone, or leave such rows out with where",
    )


def _not_before(later: str, earlier: str) -> Rule:
    return Rule(
        name=f"{later}_not_before_{earlier}",
        columns=(later, earlier),
        holds=lambda table, _now: _orderly(table[earlier], table[later]),
        reason=f"{later} is before {earlier}",
        remedy=f"check that {later} and {earlier} are mapped to the right columns",
    )


def _not_negative(column: str) -> Rule:
    return Rule(
        name=f"{column}_not_negative",
        columns=(column,),
        holds=lambda table, _now: table[column].isnull() | (table[column] >= 0),
        reason=f"{column} is negative",
        remedy="check the mapping of the column and its sign, or leave such rows out with where",
    )


def _above_zero(column: str) -> Rule:
    return Rule(
        name=f"{column}_above_zero",
        columns=(column,),
        holds=lambda table, _now: table[column].isnull() | (table[column] > 0),
        reason=f"{column} is not above zero",
        remedy="check the mapping of the column, or leave such rows out with where",
    )


_OTHERS = Rule(
    name="referred_id_of_another",
    columns=("referred_id", "customer_id"),
    holds=lambda table, _now: table["referred_id"] != table["customer_id"],
    reason="referred_id is the customer's own",
    remedy="check that customer_id is who refers and referred_id who was referred",
)


_NPS = Rule(
    name="nps_within_0_to_10",
    columns=("nps",),
    holds=lambda table, _now: table["nps"].isnull() | table["nps"].between(0, 10),
    reason="nps is not between 0 and 10",
    remedy="map the single answer from 0 to 10, not a company's score from -100 to 100",
)


def _orderly(earlier: ibis.Column, later: ibis.Column) -> ibis.expr.types.BooleanValue:
    # A date without a time of day stands for the whole day.
    is_date = later == later.truncate("D")
    start = is_date.ifelse(earlier.truncate("D"), earlier)
    return later.isnull() | (later >= start)


RULES: Mapping[str, tuple[Rule, ...]] = {
    "transactions": (_in_the_past("occurred_at"),),
    "customers": (),
    "complaints": (
        _in_the_past("opened_at"),
        _not_before("resolved_at", "opened_at"),
        _not_before("promised_at", "opened_at"),
    ),
    "wallets": (
        _in_the_past("observed_at"),
        _above_zero("period_days"),
        _not_negative("amount"),
    ),
    "contacts": (
        _in_the_past("contacted_at"),
        _not_before("responded_at", "contacted_at"),
        _not_negative("cost"),
        _not_negative("redeemed_cost"),
    ),
    # A contract may be signed before it starts, so that a start in the future is no mistake.
    "subscriptions": (
        _not_before("ended_at", "started_at"),
        _not_before("renews_at", "started_at"),
        _above_zero("price_period_days"),
        _not_negative("price"),
    ),
    "activities": (_in_the_past("occurred_at"), _not_negative("count")),
    "surveys": (_in_the_past("answered_at"), _NPS),
    "referrals": (_in_the_past("occurred_at"), _OTHERS),
}
"""The rules of each table: the quarantine rejects by them, the schemas check them."""


def rules(table: str, columns: tuple[str, ...]) -> list[Rule]:
    """Return the rules of a table that its mapped columns allow to check."""
    return [rule for rule in RULES[table] if set(rule.columns) <= set(columns)]


def schema(table: str, columns: tuple[str, ...], now: datetime) -> pa.DataFrameSchema:
    """Return the contract of a canonical table with the given mapped columns.

    Parameters
    ----------
    table
        Canonical name.
    columns
        The mapped columns.
    now
        The present, in local time of `[data] timezone`.
    """
    layout = LAYOUTS[table]
    return pa.DataFrameSchema(
        {
            name: pa.Column(_dtype(layout, name), nullable=name not in layout.required)
            for name in columns
        },
        checks=[_check(rule, now) for rule in rules(table, columns)],
        strict=True,
        name=table,
    )


def _dtype(layout: TableLayout, column: str) -> dt.DataType | None:
    kind = layout.kind(column)
    return None if kind is Kind.ATTRIBUTE else dt.dtype(kind.dtype)


def _check(rule: Rule, now: datetime) -> pa.Check:
    def holds_everywhere(data: IbisData) -> ibis.expr.types.BooleanValue:
        return rule.holds(data.table, now).all()

    return pa.Check(holds_everywhere, name=rule.name, error=rule.reason)


@dataclass(frozen=True)
class TableReport:
    """How one table was read.

    Attributes
    ----------
    table
        Canonical name.
    read
        Rows read, after `where`.
    left_out
        Rows that `where` left out.
    kept
        Rows that are used.
    rejected
        Rows quarantined, by reason; a row is counted once.
    customers
        Distinct customers in the kept rows.
    first, last
        First and last event time of the kept rows, local; None where rows have no time.
    warnings
        What the user should know, one sentence each.
    quarantine
        The file of the rejected rows; None when there are none.
    """

    table: str
    read: int
    left_out: int
    kept: int
    rejected: Mapping[str, int]
    customers: int
    first: datetime | None
    last: datetime | None
    warnings: tuple[str, ...] = ()
    quarantine: Path | None = None


@dataclass(frozen=True)
class Loaded:
    """The clean tables, how each was read, and what concerns them together."""

    tables: Tables
    reports: Mapping[str, TableReport]
    warnings: tuple[str, ...] = ()
