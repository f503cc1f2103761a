"""Recency, frequency, monetary, tenure, basket and variety features, naively."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from tests.oracle.naive import (
    Facts,
    Figures,
    Row,
    change,
    days_ago,
    deviation,
    divide,
    earlier,
    gaps,
    mean,
    negative,
    positive,
    purchases,
    recent,
    spend,
    total,
)


def recency(facts: Facts) -> Figures:
    """Days since the last purchase and return, beside the customer's rhythm."""
    days, cutoff = purchases(facts.lines), facts.cutoff
    returns = [r["occurred_at"].date() for r in negative(facts.lines)]
    since = days_ago(days[-1], cutoff) if days else None
    usual = mean(gaps(days))
    lately = mean(
        [gap for day, gap in zip(days[1:], gaps(days), strict=True) if days_ago(day, cutoff) <= 365]
    )
    return {
        "days_since_purchase": since,
        "days_since_return": days_ago(max(returns), cutoff) if returns else None,
        "purchase_gap_mean_last_365d": lately,
        "overdue_ratio": divide(since, usual),
        "overdue_ratio_365d": divide(since, lately),
        "overdue_days": None if since is None or usual is None else since - usual,
    }


def frequency(facts: Facts) -> Figures:
    """Days with a purchase, the gaps between them, and their trend."""
    lines, cutoff = facts.lines, facts.cutoff
    days = purchases(lines)
    between = gaps(days)
    counts = {
        f"purchase_days_count_{w}d": len(purchases(recent(lines, cutoff, w)))
        for w in (7, 30, 90, 180, 365)
    }
    trends = {
        f"purchase_days_trend_{w}d": change(
            len(purchases(recent(lines, cutoff, w))), len(purchases(earlier(lines, cutoff, w)))
        )
        for w in (30, 90, 180)
    }
    spread, usual = deviation(between), mean(between)
    return {
        **counts,
        **trends,
        "purchase_days_count": len(days),
        "purchase_gap_mean": usual,
        "purchase_gap_max": max(between) if between else None,
        "purchase_gap_std": spread,
        "purchase_gap_regularity": None if spread is None or not usual else spread / float(usual),
        "purchases_per_30d": divide(30 * len(days), _age(days, facts)),
    }


def monetary(facts: Facts) -> Figures:
    """Spend, returns, and their trend."""
    lines, cutoff = facts.lines, facts.cutoff
    days, year = purchases(lines), recent(lines, cutoff, 365)
    quarter = recent(lines, cutoff, 90)
    per_day = _spend_by_day(lines)
    usual = divide(spend(lines), len(days))
    lately = divide(spend(quarter), len(purchases(quarter)))
    returned = -total(r["amount"] for r in negative(year))
    windows = {f"spend_sum_{w}d": spend(recent(lines, cutoff, w)) for w in (7, 30, 90, 180, 365)}
    trends = {
        f"spend_trend_{w}d": change(
            spend(recent(lines, cutoff, w)), spend(earlier(lines, cutoff, w))
        )
        for w in (30, 90, 180)
    }
    return {
        **windows,
        **trends,
        "returns_sum_90d": -total(r["amount"] for r in negative(quarter)),
        "returns_sum_365d": returned,
        "spend_sum": spend(lines),
        "net_sum_365d": total(r["amount"] for r in year),
        "spend_max": max(per_day.values(), default=None),
        "spend_mean": usual,
        "spend_mean_90d": lately,
        "spend_mean_change_90d": divide(lately, usual),
        "spend_std": deviation(list(per_day.values())),
        "spend_per_30d": divide(30 * spend(lines), _age(days, facts)),
        "returns_count_365d": len({r["occurred_at"].date() for r in negative(year)}),
        "returns_share_365d": divide(returned, spend(year)),
    }


def tenure(facts: Facts) -> Figures:
    """How long the relationship has lasted."""
    days = purchases(facts.lines)
    first = _age(days, facts)
    last = days_ago(days[-1], facts.cutoff) if days else 0
    joined = (facts.version or {}).get("joined_at")
    since_joining = None
    if joined is not None and joined < facts.cutoff:
        since_joining = days_ago(joined.date(), facts.cutoff)
    if "transactions.amount" not in facts.has:
        return {"tenure_days": since_joining} if "customers.joined_at" in facts.has else {}
    figures: Figures = {
        "tenure_days": first if since_joining is None else since_joining,
        "spend_first": _spend_by_day(facts.lines)[days[0]] if days else None,
        "active_share_of_tenure": None if first is None else divide(first - last, first),
    }
    if "customers.joined_at" in facts.has:
        unknown = since_joining is None or first is None
        figures["days_to_first_purchase"] = None if unknown else since_joining - first  # type: ignore[operator]
    return figures


def basket(facts: Facts) -> Figures:
    """How large an order is, and how much of it is discounted."""
    figures: Figures = {}
    for window in (90, 365):
        lines = positive(recent(facts.lines, facts.cutoff, window))
        for name, value in _basket(lines, facts.has).items():
            figures[f"{name}_{window}d"] = value
    return figures


def variety(facts: Facts) -> Figures:
    """How many products and categories the customer buys, and which fell away."""
    figures: Figures = {}
    for kind, column in (("products", "product_id"), ("categories", "category")):
        if f"transactions.{column}" not in facts.has:
            continue

        def bought(rows: list[Row], column: str = column) -> set[str]:
            return {r[column] for r in positive(rows)} - {None}

        ever = bought(list(facts.lines))
        quarter = bought(recent(facts.lines, facts.cutoff, 90))
        year = bought(recent(facts.lines, facts.cutoff, 365))
        inside = recent(facts.lines, facts.cutoff, 90)
        before = bought([r for r in facts.lines if r not in inside])
        figures[f"{kind}_count"] = len(ever)
        figures[f"{kind}_count_90d"] = len(quarter)
        figures[f"{kind}_count_365d"] = len(year)
        figures[f"{kind}_new_90d"] = len(quarter - before)
        figures[f"{kind}_lapsed_90d"] = len(year - quarter)
    return figures


def _age(days: list[date], facts: Facts) -> int | None:
    return days_ago(days[0], facts.cutoff) if days else None


def _spend_by_day(lines: object) -> dict[date, Fraction]:
    by_day: dict[date, Fraction] = {}
    for row in positive(lines):  # type: ignore[arg-type]
        day = row["occurred_at"].date()
        by_day[day] = by_day.get(day, Fraction(0)) + Fraction(row["amount"])
    return by_day


def _basket(lines: list[Row], has: frozenset[str]) -> Figures:
    days = len(purchases(lines))
    figures: Figures = {"lines_mean": divide(len(lines), days)}
    if "transactions.order_id" in has:
        # An order of several days counts once a day; lines without a number are one order a day.
        orders = len({(r["occurred_at"].date(), r["order_id"]) for r in lines})
        figures["orders_count"] = orders
        figures["order_value_mean"] = divide(spend(lines), orders)
    if "transactions.quantity" in has:
        given = [r["quantity"] for r in lines if r["quantity"] is not None]
        figures["units_mean"] = divide(total(given), days) if given else None
    if "transactions.discount" in has:
        off = [r["discount"] for r in lines if r["discount"] is not None]
        whole = spend(lines) + total(off)
        figures["discount_share"] = divide(total(off), whole) if off else None
    return figures
