"""Set bad rows apart: each is counted once, kept in a file and told with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import ibis

from features.columns import INTERNAL, Kind, TableLayout
from features.normalise import raw_name
from features.tables import Rule, rules

REASON = f"{INTERNAL}reason"
"""The internal column that says why a row is rejected; null in good rows."""

_UNREADABLE = {
    Kind.ID: "is not an id",
    Kind.TIME: "is not a time",
    Kind.MONEY: "is not a finite number within 10^14",
    Kind.NUMBER: "is not a finite number",
    Kind.FLAG: "is neither yes nor no",
}
DIALECT = "duckdb"
"""What sqlglot calls the SQL of the remedies, where they end in some."""

_REMEDIES = {
    Kind.ID: "map it to the column that holds the id, or leave such rows out with where",
    Kind.TIME: "read it with an SQL expression, such as "
    "strptime(CAST(\"col\" AS VARCHAR), '%d/%m/%Y %H:%M')",
    Kind.MONEY: "turn it into a number with an SQL expression, such as "
    "TRY_CAST(replace(replace(\"col\", '$', ''), ',', '') AS DECIMAL(18,4))",
    Kind.NUMBER: 'turn it into a number with an SQL expression, such as TRY_CAST("col" AS DOUBLE)',
    Kind.FLAG: "turn it into true or false with an SQL expression, such as \"col\" = 'treated'",
}


@dataclass(frozen=True)
class Problem:
    """A way in which a row can be bad: the column, why, and what to do about it."""

    column: str
    reason: str
    remedy: str
    found: Callable[[ibis.Table], ibis.expr.types.BooleanValue]


@dataclass(frozen=True)
class Key:
    """What makes a row unique.

    Attributes
    ----------
    names
        As the user names the columns.
    parts
        The columns that hold them.
    """

    names: tuple[str, ...]
    parts: tuple[str, ...]
    remedy: str = "correct the key, or remove the repeats from the source"

    @property
    def column(self) -> str:
        """The first column, for examples."""
        return self.names[0]

    @property
    def reason(self) -> str:
        """Why a repeat is rejected."""
        return f"repeats the key ({', '.join(self.names)})"


def customer_key(layout: TableLayout, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that make a row of `customers` unique; none for other tables."""
    if layout.name != "customers":
        return ()
    return tuple(c for c in ("customer_id", "valid_from") if c in columns)


def problems(layout: TableLayout, columns: Sequence[str], now: datetime) -> list[Problem]:
    """Return the problems that one row can have by itself, in the order of telling.

    Parameters
    ----------
    layout
        The canonical table.
    columns
        Its mapped columns.
    now
        The present, in local time of `[data] timezone`.
    """
    required = [*layout.required, *(c for c in columns if c == "valid_from")]
    missing = [_missing(column, layout.kind(column)) for column in required]
    strict = [c for c in columns if c in required or layout.kind(c) is Kind.TIME]
    kinds = {column: layout.kind(column) for column in strict}
    unreadable = [_unreadable(c, kind) for c, kind in kinds.items() if kind in _UNREADABLE]
    broken = [_broken(rule, now) for rule in rules(layout.name, tuple(columns))]
    return [*missing, *unreadable, *broken]


def _broken(rule: Rule, now: datetime) -> Problem:
    return Problem(
        column=rule.columns[0],
        reason=rule.reason,
        remedy=rule.remedy,
        found=lambda table: ~rule.holds(table, now),
    )


def _missing(column: str, kind: Kind) -> Problem:
    return Problem(
        column=column,
        reason=f"{column} is missing",
        remedy="leave such rows out with where, or map another column",
        found=lambda table: _absent(table, column, kind),
    )


def _unreadable(column: str, kind: Kind) -> Problem:
    return Problem(
        column=column,
        reason=f"{column} {_UNREADABLE[kind]}",
        remedy=_REMEDIES[kind],
        found=lambda table: table[column].isnull() & ~_absent(table, column, kind),
    )


def _absent(table: ibis.Table, column: str, kind: Kind) -> ibis.expr.types.BooleanValue:
    if kind is Kind.ID:
        return table[column].isnull()
    raw = table[raw_name(column)]
    blank = raw.isnull() | (raw.strip() == "")
    # A float that is not a number stands for "missing", except in amounts that are required.
    return blank | (raw.lower() == "nan") if kind in (Kind.NUMBER, Kind.FLAG) else blank


def flag(table: ibis.Table, found: Sequence[Problem]) -> ibis.Table:
    """Return the normalised table with the first reason against each row."""
    cases = [(problem.found(table), problem.reason) for problem in found]
    return table.mutate(**{REASON: ibis.cases(*cases)})


def flag_repeats(table: ibis.Table, key: Key) -> ibis.Table:
    """Return the flagged table with a reason against every row that repeats a key.

    The first row in the order of all canonical columns is kept; a row with a missing part of the
    key repeats nothing.
    """
    parts = [table[part] for part in key.parts]
    complete = ibis.and_(table[REASON].isnull(), *(part.notnull() for part in parts))
    position = ibis.row_number().over(
        group_by=[complete, *parts], order_by=[table[column] for column in canonical(table)]
    )
    repeated = ibis.ifelse(complete & (position > 0), key.reason, table[REASON])
    return table.mutate(**{REASON: repeated})


def trim(table: ibis.Table) -> ibis.Table:
    """Return the flagged table with raw texts only where they are wanted.

    That is in rejected rows, and where a value of an optional column could not be read.
    """
    raws = {
        raw_name(column): ibis.ifelse(
            table[REASON].notnull() | table[column].isnull(),
            table[raw_name(column)],
            ibis.null("string"),
        )
        for column in canonical(table)
    }
    columns = {column: table[column] for column in canonical(table)}
    return table.select(**columns, **raws, **{REASON: table[REASON]})


def canonical(table: ibis.Table) -> list[str]:
    """Return the columns of a table that are not internal."""
    return [column for column in table.columns if not column.startswith(INTERNAL)]


def rejected_rows(table: ibis.Table) -> ibis.Table:
    """Return the rejected rows as they were read, as text, with their reason."""
    columns = {column: table[raw_name(column)] for column in canonical(table)}
    rows = table.filter(table[REASON].notnull()).select(**columns, reason=table[REASON])
    return rows.order_by(rows.columns)


def unreadable_optional(table: ibis.Table, layout: TableLayout) -> dict[str, ibis.Value]:
    """Return, by optional column, the count of values in good rows that could not be read."""
    good = table[REASON].isnull()
    return {
        column: (good & table[column].isnull() & ~_absent(table, column, Kind.NUMBER)).sum()
        for column in canonical(table)
        if column in layout.optional and layout.kind(column) in (Kind.NUMBER, Kind.MONEY, Kind.FLAG)
    }


def exact_repeats(clean: ibis.Table) -> int:
    """Return the number of rows that equal an earlier row in every column."""
    groups = clean.group_by(clean.columns).aggregate(n=ibis._.count())
    found = groups.filter(groups["n"] > 1)
    repeats = found.aggregate(n=(found["n"] - 1).sum().coalesce(0)).to_pyarrow()["n"][0].as_py()
    return int(repeats)
