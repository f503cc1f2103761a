"""Who is scored: the customers at a cutoff. The lapsed belong to win-back, not here."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import ir

from features.asof import KEYS, Spine, before, known, lately, midnight
from features.grains import Tables
from features.spans import ran


def population(tables: Tables, cutoff: date, kind: str, active_within: int) -> Spine:
    """Take the customers who can leave in the sense of a kind of churn.

    Parameters
    ----------
    tables : mapping of str to ibis Table
    cutoff : date
        Midnight of this day is the first moment that is not known.
    kind : str
        ``"subscription"``: those :func:`subscribed`; else those :func:`active`.
    active_within : int
        Days.

    Returns
    -------
    Spine
        One row a customer, at this cutoff.
    """
    if kind == "subscription":
        return subscribed(tables, cutoff)
    return active(tables, cutoff, active_within)


def subscribed(tables: Tables, cutoff: date) -> Spine:
    """Take the customers with a subscription that runs at the cutoff.

    It started, and was recorded, before the cutoff and ended not before it. An end that is known
    beforehand changes nothing: the customer is there until then.
    """
    rows = ran(before(tables["subscriptions"], cutoff, at="started_at"))
    ended = rows["ended_at"]
    running = rows.filter(ended.isnull() | (ended >= ibis.literal(midnight(cutoff))))
    return _spine(running, cutoff)


def active(tables: Tables, cutoff: date, active_within: int) -> Spine:
    """Take the customers with a positive transaction in ``[cutoff - active_within, cutoff)``.

    Parameters
    ----------
    tables : mapping of str to ibis Table
    cutoff : date
        Midnight of this day is the first moment that is not known.
    active_within : int
        Days.

    Returns
    -------
    Spine
        One row a customer, at this cutoff.
    """
    lines = before(tables["transactions"], cutoff)
    opens = ibis.literal(midnight(cutoff)) - ibis.interval(days=active_within)
    lines = lines.filter(lines["amount"] > 0, lines["occurred_at"] >= opens)
    return _spine(lines, cutoff)


def _spine(rows: ir.Table, cutoff: date) -> Spine:
    customers = rows.select("customer_id").distinct()
    at = ibis.literal(midnight(cutoff)).cast("timestamp(6)")
    return Spine(customers.mutate(cutoff=at), cutoff)


def present(tables: Tables, spine: Spine, kind: str, active_within: int) -> Spine:
    """Keep the snapshots of customers who were in the population at their cutoff.

    Parameters
    ----------
    tables : mapping of str to ibis Table
    spine : Spine
        Of any cutoffs.
    kind, active_within
        As in :func:`population`.
    """
    if kind == "subscription":
        rows = known(ran(tables["subscriptions"]), spine, at="started_at")
        ended = rows["ended_at"]
        rows = rows.filter(ended.isnull() | (ended >= rows["cutoff"]))
    else:
        rows = lately(tables["transactions"], spine, active_within)
        rows = rows.filter(rows["amount"] > 0)
    return Spine(rows.select(*KEYS).distinct())
