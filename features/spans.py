"""Subscriptions as spans of time: which ran, which ended for good, what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import ibis
from ibis import ir

PRICE_PERIOD = 30
"""Days that a price is for where ``price_period_days`` does not say."""

REGRACE = 30
"""Days after the end of a subscription in which another one undoes it, unless told otherwise."""

_NEVER = ibis.literal(datetime(9000, 1, 1)).cast("timestamp(6)")  # noqa: DTZ001 - local time
_EXACT = "decimal(38,12)"


def ran(rows: ir.Table) -> ir.Table:
    """Keep subscriptions that ran: ``[started_at, ended_at)`` is not empty.

    Parameters
    ----------
    rows : ibis Table
        Canonical subscriptions.

    Returns
    -------
    ibis Table
        With ``ended_at`` in any case; null: it has not ended.
    """
    if "ended_at" not in rows.columns:
        return rows.mutate(ended_at=ibis.null("timestamp(6)"))
    return rows.filter(rows["ended_at"].isnull() | (rows["ended_at"] > rows["started_at"]))


def last_ends(rows: ir.Table, by: Sequence[str], regrace: int) -> ir.Table:
    """Give the ends that nothing followed: when a customer left.

    An end is followed when another subscription of the customer covers it, as where two run side
    by side, or begins within ``regrace`` days of it, the last of them included, as with a change
    of plan or a return.

    Parameters
    ----------
    rows : ibis Table
        Subscriptions that :func:`ran`.
    by : sequence of str
        The columns that tell customers (and snapshots) apart.
    regrace : int
        Days.

    Returns
    -------
    ibis Table
        ``by`` and ``occurred_at``, one row an end.
    """
    ends = rows.group_by(*by, occurred_at=rows["ended_at"].coalesce(_NEVER)).aggregate(
        _started=rows["started_at"].min()
    )
    # Whatever runs beyond an end either covers it or begins after it; one that ends at the same
    # moment does neither.
    beyond = ibis.window(group_by=list(by), order_by=ends["occurred_at"].desc(), rows=(None, -1))
    ends = ends.mutate(_next=ends["_started"].min().over(beyond))
    limit = ends["occurred_at"] + ibis.interval(days=regrace)
    unfollowed = ends["_next"].isnull() | (ends["_next"] > limit)
    return ends.filter(ends["occurred_at"] < _NEVER, unfollowed).select(*by, "occurred_at")


def price_of(rows: ir.Table, days: ir.Value | int) -> ir.Value:
    """Give what subscriptions cost over so many days, each; exact enough to be summed exactly."""
    if "price_period_days" in rows.columns:
        period = rows["price_period_days"].coalesce(float(PRICE_PERIOD))
    else:
        period = ibis.literal(float(PRICE_PERIOD))
    return ((rows["price"] * days).cast("float64") / period).cast(_EXACT)
