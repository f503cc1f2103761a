"""The season a year ago, margins, and the mix of categories and channels, naively."""

from __future__ import annotations

import math
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.oracle.naive import (
    Facts,
    Figures,
    Row,
    change,
    divide,
    earlier,
    positive,
    purchases,
    recent,
    spend,
    total,
)


def seasons(facts: Facts) -> Figures:
    """Purchases and spend against the same days a year earlier."""
    if "transactions.amount" not in facts.has:
        return {}
    figures: Figures = {}
    for window in (30, 90):
        then = facts.cutoff - timedelta(days=365)
        now, before = (recent(facts.lines, end, window) for end in (facts.cutoff, then))
        days = purchases(facts.lines)
        reaches = bool(days) and days[0] <= (then - timedelta(days=window)).date()
        trends = {
            "purchase_days": change(len(purchases(now)), len(purchases(before))),
            "spend": change(spend(now), spend(before)),
        }
        for name, value in trends.items():
            figures[f"{name}_season_trend_{window}d"] = value if reaches else None
    return figures


def margin(facts: Facts) -> Figures:
    """Give the margin and its trend; unknown where there were lines and none of them says it."""
    if "transactions.margin" not in facts.has:
        return {}
    quarter, year = (recent(facts.lines, facts.cutoff, w) for w in (90, 365))
    now, before = _margin(quarter), _margin(earlier(facts.lines, facts.cutoff, 90))
    return {
        "margin_sum_90d": now,
        "margin_sum_365d": _margin(year),
        "margin_share_365d": divide(_margin(year), spend(year)),
        "margin_trend_90d": signed(now, before),
    }


def _margin(lines: list[Row]) -> Fraction | None:
    said = [r["margin"] for r in lines if r["margin"] is not None]
    return None if lines and not said else total(said)


def signed(now: Fraction | None, before: Fraction | None) -> Fraction | None:
    """Compare two figures that may be negative, from -1 to 1."""
    if now is None or before is None:
        return None
    return divide(now - before, abs(now) + abs(before))


def mix(facts: Facts) -> Figures:
    """Give the main category and channel of the year, and how evenly categories are bought."""
    year = positive(recent(facts.lines, facts.cutoff, 365))
    figures: Figures = {}
    if "transactions.category" in facts.has:
        ranked = _ranked(year, "category")
        figures |= _main(ranked, "category")
        figures["category_second"] = ranked[1][0] if len(ranked) > 1 else None
        figures["categories_entropy_365d"] = entropy(year)
    if "transactions.channel" in facts.has:
        ranked = _ranked(year, "channel")
        figures |= _main(ranked, "channel")
        figures["channels_count_365d"] = len(ranked)
    return figures


def _main(ranked: list[tuple[str, int]], column: str) -> Figures:
    whole = sum(days for _, days in ranked)
    return {
        f"{column}_main": ranked[0][0] if ranked else None,
        f"{column}_main_share": divide(ranked[0][1], whole) if ranked else None,
    }


def _ranked(lines: list[Row], column: str) -> list[tuple[str, int]]:
    days: dict[Any, set[date]] = {}
    for row in lines:
        days.setdefault(row[column], set()).add(row["occurred_at"].date())
    named = [(name, len(found)) for name, found in days.items() if name is not None]
    return sorted(named, key=lambda pair: (-pair[1], pair[0]))


def entropy(lines: list[Row]) -> float | None:
    """Give the Shannon entropy of the categories of positive lines, by days."""
    counts = [days for _, days in _ranked(lines, "category")]
    shares = [count / sum(counts) for count in counts]
    return -math.fsum(p * math.log(p) for p in shares) if shares else None
