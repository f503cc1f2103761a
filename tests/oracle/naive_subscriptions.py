"""Subscriptions, naively: the rows of one customer, in loops."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.oracle.naive import Facts, Figures, Row, best, days_ago, divide, mean, total

FOREVER = datetime(9999, 1, 1)  # noqa: DTZ001 - local time, as in the tables


def subscriptions(facts: Facts) -> Figures:
    """Subscriptions and what was known of their ends."""
    if "subscriptions" not in facts.rows:
        return {}
    cutoff, has = facts.cutoff, facts.has
    rows = existing(facts.rows["subscriptions"])
    running = [r for r in rows if runs_at(r, cutoff)]
    starts = sorted({r["started_at"] for r in rows})
    past = [r["ended_at"] for r in rows if not runs_at(r, cutoff)]
    figures: Figures = {
        "subscriptions_count": len(running),
        "subscription_tenure_days": (starts and days_ago(starts[0].date(), cutoff)) or None,
        "subscription_age_days": best(min, [_age(r["started_at"], cutoff) for r in running]),
        "days_since_subscription_change": best(min, [_age(m, cutoff) for m in [*starts, *past]]),
        "subscription_changes_count_365d": len([m for m in starts[1:] if _age(m, cutoff) <= 365]),
        **_terms(rows, running, facts),
        **_plans(rows, starts, facts),
    }
    if "subscriptions.ended_at" in has:
        # At the cutoff, what has not ended may go on for ever.
        then = [r if r["ended_at"] in past else {**r, "ended_at": None} for r in rows]
        left = sorted({e for e in past if is_last_end(e, then, 30)})
        figures["subscription_cancellations_count"] = len(left)
        figures["days_since_subscription_cancellation"] = (left and _age(left[-1], cutoff)) or None
    if "subscriptions.recorded_at" in has:
        ahead = [_end(r) for r in running if r["recorded_at"] is not None and _end(r) is not None]
        figures["subscriptions_ending_count"] = len(ahead)
        figures["days_to_subscription_end"] = best(min, [-_age(e, cutoff) for e in ahead])
    return figures


def existing(rows: Iterable[Row]) -> list[Row]:
    """Leave out subscriptions that ended before they ran."""
    return [r for r in rows if _end(r) is None or _end(r) > r["started_at"]]


def runs_at(row: Row, moment: datetime) -> bool:
    """Whether a subscription that has begun has not ended before a moment."""
    return (_end(row) or FOREVER) >= moment


def is_last_end(end: datetime, rows: Sequence[Row], regrace: int) -> bool:
    """Whether no subscription covers an end or begins from it on to the end of regrace."""
    limit = end + timedelta(days=regrace)
    covered = [r for r in rows if r["started_at"] <= end < (_end(r) or FOREVER)]
    return not covered and not [r for r in rows if end <= r["started_at"] <= limit]


def price_per_day(row: Row) -> Fraction | None:
    """Give the price of a day; unknown where the price is."""
    if row["price"] is None:
        return None
    return Fraction(row["price"]) / Fraction(row.get("price_period_days") or 30)


def _end(row: Row) -> Any:  # noqa: ANN401 - a moment or None
    return row.get("ended_at")


def _age(moment: datetime, cutoff: datetime) -> int:
    return days_ago(moment.date(), cutoff)


def _terms(rows: list[Row], running: list[Row], facts: Facts) -> Figures:
    figures: Figures = {}
    if "subscriptions.price" in facts.has:
        now = _price(running)
        before = _price(_before_the_last(rows, facts)) if rows else None
        figures["subscription_price_per_30d"] = now
        gained = None if now is None or before is None else now - before
        figures["subscription_price_change"] = divide(gained, before)
    if "subscriptions.renews_at" in facts.has:
        renewals = [_renews_in(r, facts) for r in running if r["renews_at"] is not None]
        figures["subscription_days_to_renewal"] = best(min, renewals)
    if "subscriptions.auto_renew" in facts.has:
        said = [int(r["auto_renew"]) for r in running if r["auto_renew"] is not None]
        figures["subscription_auto_renew_share"] = mean(said)
    return figures


def _price(rows: Iterable[Row]) -> Fraction | None:
    prices = [p for p in map(price_per_day, rows) if p is not None]
    return 30 * total(prices) if prices else None


def _before_the_last(rows: list[Row], facts: Facts) -> list[Row]:
    last = max(r["started_at"] for r in rows)
    eve = last.date() - timedelta(days=1)
    return [
        r
        for r in rows
        if r["started_at"] < last
        and (_known_end(r, facts.cutoff) is None or _known_end(r, facts.cutoff).date() >= eve)
    ]


def _known_end(row: Row, cutoff: datetime) -> Any:  # noqa: ANN401 - a moment or None
    end = _end(row)
    foreseen = row.get("recorded_at") is not None
    return end if end is not None and (end < cutoff or foreseen) else None


def _renews_in(row: Row, facts: Facts) -> int:
    day, today = row["renews_at"].date(), facts.cutoff.date()
    if row.get("recorded_at") is not None and day >= today:
        return int((day - today).days)
    period = round(row.get("price_period_days") or 30)
    while day > today:
        day -= timedelta(days=period)
    while day < today:
        day += timedelta(days=period)
    return int((day - today).days)


def _plans(rows: list[Row], starts: list[datetime], facts: Facts) -> Figures:
    if "subscriptions.plan" not in facts.has:
        return {}
    plans = [best(max, [r["plan"] for r in rows if r["started_at"] == m]) for m in starts]
    changes = [
        moment
        for moment, plan, before in zip(starts[1:], plans[1:], plans, strict=False)
        if plan is not None and before is not None and plan != before
    ]
    running = [r for r in rows if runs_at(r, facts.cutoff)]
    newest = max((r["started_at"] for r in running), default=None)
    return {
        "subscription_plan_changes_count_365d": len(
            [m for m in changes if _age(m, facts.cutoff) <= 365]
        ),
        "subscription_plan": best(max, [r["plan"] for r in running if r["started_at"] == newest]),
    }
