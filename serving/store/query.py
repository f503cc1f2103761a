"""Risk lists as SQL: filters, orders, and the place where a page begins."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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

from serving.errors import StoreError
from serving.store.cursor import Cursor
from serving.store.records import Run
from serving.store.schema import SORTS, score_table

Sort = Literal["value_at_risk", "churn_probability", "expected_value"]
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
    since_run : int, optional
        Only who is *new* on this list: those whom the same filters did not find in that earlier
        run, because they were not scored then or did not meet them.
    run : int, optional
        The publication; the current one by default.
    """

    sort: Sort = "value_at_risk"
    min_probability: float | None = None
    min_value: float | None = None
    min_days_since_purchase: int | None = None
    max_days_since_purchase: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    since_run: int | None = None
    run: int | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown order and a name that cannot be looked for.

        Raises
        ------
        StoreError
            When `sort` is no measure that a list can be ordered by, or the name of an attribute
            has a quotation mark in it.
        """
        if self.sort not in SORTS:
            raise StoreError(f'unknown sort "{self.sort}"; write one of {", ".join(SORTS)}')
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
            self.since_run,
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


def listing(query: RiskQuery, run: Run) -> Select[Any]:
    """Return the whole list of a run, in order."""
    table = score_table(run.id)
    chosen = select(table).where(*conditions(table, query))
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
