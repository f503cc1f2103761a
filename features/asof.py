"""Time: cutoffs, windows and what was known at them. The only place that filters on time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import ibis
from ibis import ir

KEYS = ("customer_id", "cutoff")
"""What identifies a snapshot."""


def midnight(day: date) -> datetime:
    """Give the first moment of a day, in the local time of the tables."""
    return datetime.combine(day, time())


@dataclass(frozen=True)
class Spine:
    """The snapshots whose features are wanted.

    Parameters
    ----------
    table : ibis Table
        Columns ``customer_id`` (string) and ``cutoff`` (timestamp at midnight), one row each.
    cutoff : date or None
        The cutoff when all snapshots share it. It lets history be filtered by a constant
        instead of joined with the spine, which costs neither memory nor a second scan.
    """

    table: ir.Table
    cutoff: date | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells its snapshots apart: a cutoff that all share is no key to group by."""
        return KEYS if self.cutoff is None else KEYS[:1]


def known(rows: ir.Table, spine: Spine, at: str = "occurred_at") -> ir.Table:
    """Keep what was known at each cutoff: rows before it, recorded before it.

    Parameters
    ----------
    rows : ibis Table
        Events with ``customer_id``, the event time ``at`` and perhaps ``recorded_at``.
    spine : Spine
        The snapshots.
    at : str
        The column with the event time.

    Returns
    -------
    ibis Table
        The rows, once per snapshot that knows them, with two more columns: ``cutoff`` and
        ``age``, the whole days from the day of the event to the cutoff (1 is the day before).
    """
    rows = _with_cutoff(rows, spine)
    rows = rows.filter(rows[at] < rows["cutoff"])
    if "recorded_at" in rows.columns:
        rows = rows.filter(_recorded(rows, at) < rows["cutoff"])
    return rows.mutate(age=days_between(rows[at], rows["cutoff"]))


def lately(rows: ir.Table, spine: Spine, days: int, at: str = "occurred_at") -> ir.Table:
    """Keep what was known at each cutoff and lies in the ``days`` before it; see :func:`known`."""
    rows = known(rows, spine, at)
    return rows.filter(rows[at] >= rows["cutoff"] - ibis.interval(days=days))


def undated(rows: ir.Table, spine: Spine) -> ir.Table:
    """Give every row to every snapshot of its customer: facts without a time of their own."""
    return _with_cutoff(rows, spine)


def following(rows: ir.Table, spine: Spine, start: int, length: int) -> ir.Table:
    """Keep the rows of the window ``[cutoff + start, cutoff + start + length)``, in days."""
    rows = _with_cutoff(rows, spine)
    opens = rows["cutoff"] + ibis.interval(days=start)
    closes = rows["cutoff"] + ibis.interval(days=start + length)
    return rows.filter(rows["occurred_at"] >= opens, rows["occurred_at"] < closes)


def overlapping(rows: ir.Table, spine: Spine, start: int, length: int) -> ir.Table:
    """Keep the spans that overlap the window ``[cutoff + start, cutoff + start + length)``.

    Parameters
    ----------
    rows : ibis Table
        Spans with ``customer_id``, ``started_at`` and ``ended_at`` (null: it goes on).
    spine : Spine
    start, length : int
        Days.

    Returns
    -------
    ibis Table
        With ``cutoff`` and ``days``, the midnights of the overlap, above 0.
    """
    rows = _with_cutoff(rows, spine)
    opens = rows["cutoff"] + ibis.interval(days=start)
    closes = rows["cutoff"] + ibis.interval(days=start + length)
    since = ibis.greatest(rows["started_at"], opens)
    till = ibis.least(rows["ended_at"].coalesce(closes), closes)
    rows = rows.mutate(days=days_between(since, till))
    return rows.filter(rows["days"] > 0)


def before(rows: ir.Table, moment: date, at: str = "occurred_at") -> ir.Table:
    """Keep the rows that happened, and were recorded, before midnight of a day."""
    limit = ibis.literal(midnight(moment))
    rows = rows.filter(rows[at] < limit)
    if "recorded_at" in rows.columns:
        rows = rows.filter(_recorded(rows, at) < limit)
    return rows


def between(rows: ir.Table, since: date | None, until: date | None, at: str) -> ir.Table:
    """Keep the rows of the days ``[since, until)``; None: without end."""
    if since is not None:
        rows = rows.filter(rows[at] >= ibis.literal(midnight(since)))
    return rows if until is None else rows.filter(rows[at] < ibis.literal(midnight(until)))


def without_outcomes(
    rows: ir.Table, moment: date, happened_at: str, outcomes: Sequence[str]
) -> ir.Table:
    """Hide outcomes, and that they happened, where that was at or after midnight of a day."""
    late = rows[happened_at] >= ibis.literal(midnight(moment))
    hidden = [c for c in (happened_at, *outcomes) if c in rows.columns]
    return rows.mutate(**{c: ibis.ifelse(late, ibis.null(rows[c].type()), rows[c]) for c in hidden})


def until(outcome: ir.Column, cutoff: ir.Column, happened_at: ir.Column) -> ir.Column:
    """Hide an outcome until it happened: null where ``happened_at`` is not before the cutoff."""
    return ibis.ifelse(happened_at < cutoff, outcome, ibis.null(outcome.type()))


def has_ended(cutoff: ir.Column, days: int, as_of: date) -> ir.BooleanColumn:
    """Tell whether the so many days from a cutoff on were over by midnight of a day."""
    return cutoff + ibis.interval(days=days) <= ibis.literal(midnight(as_of))


def days_between(earlier: ir.Value, later: ir.Value) -> ir.Value:
    """Count the midnights between two moments."""
    return later.date().delta(earlier.date(), unit="day").cast("int64")


def grid(newest: date, oldest: date, every: int) -> list[date]:
    """List cutoffs from ``newest`` backwards in steps of ``every`` days, none before ``oldest``."""
    steps = max((newest - oldest).days // every, -1)
    return [newest - timedelta(days=every * k) for k in range(steps + 1)]


def _recorded(rows: ir.Table, at: str) -> ir.Column:
    # A row that does not say when it was recorded counts from its event on: it is not lost.
    return rows["recorded_at"].coalesce(rows[at])


def _with_cutoff(rows: ir.Table, spine: Spine) -> ir.Table:
    if spine.cutoff is not None:
        return rows.mutate(cutoff=ibis.literal(midnight(spine.cutoff)).cast("timestamp(6)"))
    return rows.inner_join(spine.table.select(*KEYS), "customer_id")
