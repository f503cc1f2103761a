"""The rows of subscriptions as they were known at each cutoff.

What a row says of its future is known from when the row was recorded: with ``recorded_at``, an
``ended_at`` that lies ahead is a notice that has been given, and ``renews_at`` is the date as it
then stood. Of a row that does not say when it was recorded, an end counts once it has come, and
``renews_at`` is taken as overwritten at every renewal, as most systems do: it then tells the day
of the cycle alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import ir

from features.asof import KEYS, Spine, days_between, known, until
from features.spans import PRICE_PERIOD, REGRACE, last_ends, price_of, ran

Tables = Mapping[str, ir.Table]

_TABLE = "subscriptions"


def subscriptions(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the subscriptions that had started by the cutoff.

    Returns
    -------
    ibis Table or None
        Beside the canonical columns ``running`` (had not ended), ``end_age`` (days since it
        ended), ``end_ahead`` (days to an end that is known to come), ``is_newest`` (none that
        runs began later), ``before_last`` (ran until the customer's last start, or the day
        before) and, where the columns exist, ``price_per_30d`` and ``renews_in`` (days).
    """
    if _TABLE not in tables:
        return None
    rows = _known(tables, spine)
    running, started = rows["running"], rows["started_at"]
    customer = ibis.window(group_by=list(KEYS))
    last = started.max().over(customer)
    newest = ibis.ifelse(running, started, ibis.null(started.type())).max().over(customer)
    # A day between the end of one row and the start of the next is the same change.
    lasted = rows["ended_at"].isnull() | (days_between(rows["ended_at"], last) <= 1)
    rows = rows.mutate(
        is_newest=running & (started == newest), before_last=(started < last) & lasted
    )
    if "price" in rows.columns:
        rows = rows.mutate(price_per_30d=price_of(rows, PRICE_PERIOD))
    return rows.mutate(renews_in=_renews_in(rows)) if "renews_at" in rows.columns else rows


def subscription_starts(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the moments at which subscriptions of a customer began.

    Returns
    -------
    ibis Table or None
        With ``age``, ``is_first`` and, where plans are known, ``is_other_plan``: the plan differs
        from the one begun before.
    """
    if _TABLE not in tables:
        return None
    rows = _known(tables, spine)
    measures = {"age": rows["age"].min()}
    if "plan" in rows.columns:
        measures["plan"] = rows["plan"].max()
    folded = rows.group_by(*KEYS, "started_at").aggregate(**measures)
    order = ibis.window(group_by=list(KEYS), order_by="started_at")
    folded = folded.mutate(is_first=folded["started_at"].lag().over(order).isnull())
    if "plan" not in folded.columns:
        return folded
    return folded.mutate(is_other_plan=folded["plan"] != folded["plan"].lag().over(order))


def subscription_ends(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the ends that nothing had followed within 30 days: when the customer had cancelled."""
    if _TABLE not in tables or "ended_at" not in tables[_TABLE].columns:
        return None
    rows = _known(tables, spine)
    ended = ibis.ifelse(rows["running"], ibis.null("timestamp(6)"), rows["ended_at"])
    ends = last_ends(rows.mutate(ended_at=ended), KEYS, REGRACE)
    return ends.mutate(age=days_between(ends["occurred_at"], ends["cutoff"]))


def _known(tables: Tables, spine: Spine) -> ir.Table:
    """Give the subscriptions known, their ends as far as they are, and what these amount to."""
    rows = ran(known(tables[_TABLE], spine, at="started_at"))
    ended = until(rows["ended_at"], rows["cutoff"], rows["ended_at"])
    seen = ended
    if "recorded_at" in rows.columns:
        seen = rows["recorded_at"].notnull().ifelse(rows["ended_at"], ended)
    ahead = ibis.ifelse(ended.isnull(), days_between(rows["cutoff"], seen), ibis.null("int64"))
    return rows.mutate(
        ended_at=seen,
        running=ended.isnull(),
        end_age=days_between(ended, rows["cutoff"]),
        end_ahead=ahead,
    )


def _renews_in(rows: ir.Table) -> ir.Value:
    ahead = days_between(rows["cutoff"], rows["renews_at"])
    period = ibis.literal(PRICE_PERIOD)
    if "price_period_days" in rows.columns:
        period = rows["price_period_days"].coalesce(float(PRICE_PERIOD)).round().cast("int64")
        period = ibis.greatest(period, 1)
    # A remainder of negative numbers is negative: the next renewal is never behind.
    cycle = (ahead % period + period) % period
    if "recorded_at" not in rows.columns:
        return cycle
    return ibis.ifelse(rows["recorded_at"].notnull() & (ahead >= 0), ahead, cycle)
