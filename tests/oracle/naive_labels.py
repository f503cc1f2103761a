"""Populations and labels of every kind of churn, naively."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from features.labels import Target
from tests.oracle.naive import Row, known, spend, total
from tests.oracle.naive_care import is_active, label
from tests.oracle.naive_subscriptions import existing, is_last_end, price_per_day, runs_at

Rows = Mapping[str, Sequence[Row]]
"""All rows of one customer, by table."""


def belongs(rows: Rows, cutoff: datetime, aim: Target, active_within: int) -> bool:
    """Whether a customer is in the population at a cutoff."""
    if aim.kind != "subscription":
        lines = known(rows["transactions"], "occurred_at", cutoff)
        return is_active(lines, cutoff, active_within)
    subscribed = existing(known(rows["subscriptions"], "started_at", cutoff))
    return any(runs_at(r, cutoff) for r in subscribed)


def churned(rows: Rows, cutoff: datetime, aim: Target) -> bool | None:
    """Whether a customer left in the window; None: was gone before it."""
    opens = cutoff + timedelta(days=aim.gap)
    if aim.kind == "subscription":
        subscribed = existing(rows["subscriptions"])
        ends = [r["ended_at"] for r in subscribed if r.get("ended_at") is not None]
        last = [e for e in ends if is_last_end(e, subscribed, aim.regrace)]
        if any(cutoff <= e < opens for e in last):
            return None
        return any(opens <= e < opens + timedelta(days=aim.horizon) for e in last)
    after = spend(label(rows["transactions"], opens, aim.horizon))
    if aim.kind == "inactivity":
        return after == 0
    lines = known(rows["transactions"], "occurred_at", cutoff)
    starts = [cutoff - timedelta(days=k * aim.horizon) for k in range(1, aim.norm_windows + 1)]
    windows = [spend(label(lines, start, aim.horizon)) for start in starts]
    return after < Fraction(str(aim.share)) * sum(windows) / aim.norm_windows


def bought(rows: Rows, cutoff: datetime, as_of: datetime | None) -> bool | None:
    """Whether a customer buys within 30 days; None: these have not ended yet."""
    if as_of is not None and cutoff + timedelta(days=30) > as_of:
        return None
    return spend(label(rows["transactions"], cutoff, 30)) > 0


def worth(rows: Rows, cutoff: datetime, aim: Target) -> Fraction:
    """Add up what a customer brought over the value window."""
    opens = cutoff + timedelta(days=aim.gap)
    closes = opens + timedelta(days=aim.value_horizon)
    if "transactions" in rows:
        column = {"net": "amount", "margin": "margin"}[aim.measure]
        return total(r[column] for r in label(rows["transactions"], opens, aim.value_horizon))
    paid = Fraction(0)
    for row in existing(rows["subscriptions"]):
        since = max(row["started_at"], opens).date()
        till = min(row.get("ended_at") or closes, closes).date()
        if since < till:
            paid += (price_per_day(row) or 0) * (till - since).days
    return paid
