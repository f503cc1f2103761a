"""The dates of a training run: where the history begins, and the first moment not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ibis import ir

from features.asof import before, midnight
from features.columns import LAYOUTS
from features.errors import InputError
from features.grains import Tables


@dataclass(frozen=True)
class Dates:
    """The first day of the history, as-of, and what was decided about it."""

    first: date
    as_of: date
    notes: tuple[str, ...] = ()

    @property
    def history(self) -> int:
        """Days of history."""
        return (self.as_of - self.first).days


def dates(tables: Tables, as_of: date | None, today: date) -> Dates:
    """Settle as-of: the first moment that is not known.

    By default midnight after the last transaction, and never later than ``today``. Without
    transactions, after the last start or end of a subscription that lies before today: other
    tables may have been extracted later, and do not tell up to when subscriptions are known.
    A day beyond that is not known: labels would call everybody silent, or loyal.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        Canonical, with transactions or subscriptions.
    as_of : date or None
        What the user asks for.
    today : date

    Raises
    ------
    InputError
        When as-of lies in the future or before the history begins.
    """
    history = _purchases if "transactions" in tables else _subscriptions
    span = history(tables, today)
    end = min(span.last + timedelta(days=1), today)
    if end <= span.first:
        raise InputError(
            f"tables.{span.table}: all times lie in the future: they start on {span.first}, and "
            f"today is {today}; correct the mapping of {LAYOUTS[span.table].time}"
        )
    if as_of is None:
        return Dates(span.first, end)
    if as_of > today:
        raise InputError(f"--as-of {as_of} is later than today, {today}; give today or earlier")
    if as_of <= span.first:
        raise InputError(
            f"--as-of {as_of}: {span.table} start on {span.first}, so nothing is known before it; "
            f"give a day up to {end}"
        )
    if as_of > end:
        note = f"{span.ending} on {end - timedelta(days=1)}, so training is as of {end}"
        return Dates(span.first, end, (note,))
    return Dates(span.first, as_of)


def known_by(tables: Tables, as_of: date) -> Tables:
    """Keep what happened and was recorded before as-of.

    A table without a time of its own (customers without ``valid_from``) is kept whole.
    """
    times = {name: LAYOUTS[name].known_from(table.columns) for name, table in tables.items()}
    return {n: before(t, as_of, at) if (at := times[n]) else t for n, t in tables.items()}


@dataclass(frozen=True)
class _Span:
    """The first and last day that a table tells of, and how to say that it ends."""

    table: str
    first: date
    last: date
    ending: str


def _purchases(tables: Tables, _today: date) -> _Span:
    lines = tables["transactions"]
    row = _one(
        lines,
        first=lines["occurred_at"].min(),
        last=lines["occurred_at"].max(),
        bought=(lines["amount"] > 0).any(),
    )
    if not row["bought"]:
        raise InputError(
            "tables.transactions: no amount is above zero, so nobody ever bought anything; check "
            "the mapping of amount, and its sign"
        )
    first, last = row["first"].date(), row["last"].date()
    return _Span("transactions", first, last, "transactions end")


def _subscriptions(tables: Tables, today: date) -> _Span:
    rows = tables["subscriptions"]
    started = rows["started_at"]
    # What lies ahead was agreed or announced; nothing else is known of that time.
    passed = [rows[c] for c in ("started_at", "ended_at") if c in rows.columns]
    lasts = {c.get_name(): c.max(where=c < midnight(today)) for c in passed}
    row = _one(rows, first=started.min(), **lasts)
    first = row.pop("first").date()
    last = max((moment.date() for moment in row.values() if moment), default=first)
    return _Span("subscriptions", first, last, "the last known start or end of a subscription is")


def _one(table: ir.Table, **measures: ir.Value) -> dict[str, Any]:
    (row,) = table.aggregate(**measures).to_pyarrow().to_pylist()
    return dict(row)
