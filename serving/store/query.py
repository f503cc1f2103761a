"""Risk lists as SQL: filters, orders, and the place where a page begins."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Row,
    Select,
    Table,
    Text,
    TypeDecorator,
    cast,
    exists,
    literal,
    select,
)

from serving.columns import SEGMENTS
from serving.errors import StoreError
from serving.store.contact_table import CONTACTS
from serving.store.cursor import Cursor
from serving.store.records import Run
from serving.store.schema import SORTS, score_table

Sort = Literal["value_at_risk", "churn_probability", "expected_value"]
_LONGEST_REST = 36_500
"""Days, as good as for ever: dates do not reach further back by much."""

_BARE = re.compile(r"-?\d+(\.\d+)?|true|false")


class _AttributeName(TypeDecorator[str]):
    """The name of an attribute: PostgreSQL takes it as it is, SQLite inside a path."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return f'$."{value}"' if dialect.name == "sqlite" else value


@dataclass(frozen=True, kw_only=True)
class RiskQuery:
    """Which customers, in which order.

    Parameters
    ----------
    sort : str
        The measure to order by, the greatest first; ties by customer id. A run without values is
        always in the order of the churn probability.
    min_probability : float, optional
        Least churn probability.
    min_value : float, optional
        Least expected value, in the currency.
    min_days_since_purchase, max_days_since_purchase : int, optional
        Customers without a purchase meet neither.
    attributes : mapping of str to str
        Attributes that must have these values; numbers and booleans as JSON writes them.
    segments : mapping of str to str
        Segments that the customer must be in, by column, such as ``{"value_tier": "MVC"}``.
    since_run : int, optional
        Only who is *new* on this list: those whom the same filters did not find in that earlier
        run, because they were not scored then or did not meet them.
    rest_days : int
        Leave out whom a contact of the so many days before the scores are as of, or a later one,
        has reached, in either arm: a control who is contacted is no control any more. 0: nobody.
    run : int, optional
        The publication; the current one by default.
    """

    sort: Sort = "value_at_risk"
    min_probability: float | None = None
    min_value: float | None = None
    min_days_since_purchase: int | None = None
    max_days_since_purchase: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    since_run: int | None = None
    rest_days: int = 0
    run: int | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown order and a name that cannot be looked for.

        Raises
        ------
        StoreError
            When `sort` is no measure that a list can be ordered by, a column is none of a
            segment, or the name of an attribute has a quotation mark in it.
        """
        if self.sort not in SORTS:
            raise StoreError(f'unknown sort "{self.sort}"; write one of {", ".join(SORTS)}')
        for name in self.segments:
            if name not in SEGMENTS:
                raise StoreError(f'unknown segment "{name}"; write one of {", ".join(SEGMENTS)}')
        for name in self.attributes:
            if '"' in name:
                raise StoreError(f"no list can be filtered by {name!r}: it has a quotation mark")

    @property
    def digest(self) -> str:
        """A fingerprint of sort and filters, not of the run."""
        parts = [
            self.sort,
            self.min_probability,
            self.min_value,
            self.min_days_since_purchase,
            self.max_days_since_purchase,
            sorted(self.attributes.items()),
            sorted(self.segments.items()),
            self.since_run,
            self.rest_days,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def conditions(table: Table, query: RiskQuery) -> list[ColumnElement[bool]]:
    """Return what a row must meet, but for being new.

    Parameters
    ----------
    table : Table
        The scores of a run.
    query : RiskQuery
    """
    days = table.c.days_since_purchase
    bounds = [
        (query.min_probability, table.c.churn_probability.__ge__),
        (query.min_value, table.c.expected_value.__ge__),
        (query.min_days_since_purchase, days.__ge__),
        (query.max_days_since_purchase, days.__le__),
    ]
    met: list[ColumnElement[bool]] = [compare(x) for x, compare in bounds if x is not None]
    met += [table.c[name] == segment for name, segment in query.segments.items()]
    return met + [_has(table, name, value) for name, value in query.attributes.items()]


def _has(table: Table, name: str, value: str) -> ColumnElement[bool]:
    # Both databases give an attribute's value as JSON; a text query may mean a number too.
    meant = [json.dumps(value, ensure_ascii=False)]
    if _BARE.fullmatch(value):
        meant.append(value)
    named = table.c.attributes.op("->")(literal(name, _AttributeName))
    return cast(named, Text).in_(meant)


def order(query: RiskQuery, run: Run) -> Sort:
    """Return the measure that a list of a run is ordered by."""
    return query.sort if run.valued else "churn_probability"


def scored(run: Run) -> Select[Any]:
    """Return the scores of a run, each with the customer's last contact."""
    table = score_table(run.id)
    # Looked up in the index for the rows that are given out alone, whatever the list's order.
    newest = select(CONTACTS.c.contacted_at, CONTACTS.c.action)
    newest = newest.where(CONTACTS.c.customer_id == table.c.customer_id).limit(1)
    newest = newest.order_by(CONTACTS.c.contacted_at.desc(), CONTACTS.c.key.desc())
    last = {"last_contacted_at": CONTACTS.c.contacted_at, "last_action": CONTACTS.c.action}
    told = [newest.with_only_columns(c).scalar_subquery().label(n) for n, c in last.items()]
    return select(table, *told)


def rested(customer: ColumnElement[str], run: Run, days: int) -> ColumnElement[bool]:
    """Return that nobody has contacted a customer in the days before a run's as-of, or since."""
    day = run.as_of or run.published_at.date()
    since = datetime.combine(day, time(), UTC) - timedelta(days=min(days, _LONGEST_REST))
    recent = CONTACTS.c.contacted_at >= since
    return ~exists().where(CONTACTS.c.customer_id == customer, recent)


def listing(query: RiskQuery, run: Run) -> Select[Any]:
    """Return the whole list of a run, in order."""
    table = score_table(run.id)
    chosen = scored(run).where(*conditions(table, query))
    if query.rest_days:
        chosen = chosen.where(rested(table.c.customer_id, run, query.rest_days))
    if query.since_run is not None:
        before = score_table(query.since_run)
        same = before.c.customer_id == table.c.customer_id
        chosen = chosen.where(~exists().where(same, *conditions(before, query)))
    return chosen.order_by(table.c[order(query, run)].desc(), table.c.customer_id)


def page(
    connection: Connection, query: RiskQuery, run: Run, after: Cursor | None, rows: int
) -> list[Row[Any]]:
    """Return the rows of a list that follow a place.

    Parameters
    ----------
    connection : Connection
    query : RiskQuery
    run : Run
    after : Cursor or None
        None: from the first.
    rows : int
        Rows at most.

    Notes
    -----
    The place is sought in two steps, customers tied with the last one and then those below it:
    each is one range of an index, while a single condition with OR would read every row before.
    """
    whole = listing(query, run)
    if after is None:
        return list(connection.execute(whole.limit(rows)))
    columns = whole.selected_columns
    value, customer = columns[order(query, run)], columns.customer_id
    tied = whole.where(value == after.value, customer > after.customer_id)
    found = list(connection.execute(tied.limit(rows)))
    if len(found) < rows:
        found += connection.execute(whole.where(value < after.value).limit(rows - len(found)))
    return found
