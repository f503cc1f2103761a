"""Frequency: how often the customer buys, how regularly, and whether that changes."""

from __future__ import annotations

from ibis import ir

from features.catalogue import Feature, Reason
from features.family import Columns, Family
from features.windows import (
    SEASON_WINDOWS,
    TREND_WINDOWS,
    WINDOWS,
    YEAR,
    deviation,
    just_before,
    ratio,
    season,
    trend,
    within,
    year_before,
)

ORDER_WINDOWS = (90, 365)


def _lately(days: ir.Table) -> Columns:
    bought = days["bought"]
    counts = {
        f"purchase_days_count_{w}d": days.count(where=bought & within(days, w)) for w in WINDOWS
    }
    earlier = {
        f"_purchase_days_before_{w}d": days.count(where=bought & just_before(days, w))
        for w in TREND_WINDOWS
    }
    orders = {
        f"orders_count_{w}d": days["orders"].sum(where=within(days, w))
        for w in ORDER_WINDOWS
        if "orders" in days.columns
    }
    return {**counts, **earlier, **orders}


def _ever(days: ir.Table) -> Columns:
    bought, gap = days["bought"], days["gap"]
    seasons = {
        f"_purchase_days_year_before_{w}d": days.count(where=bought & year_before(days, w))
        for w in SEASON_WINDOWS
    }
    return {
        **seasons,
        "purchase_days_count": days.count(where=bought),
        "purchase_gap_mean": gap.mean(),
        "purchase_gap_max": gap.max(),
        "_gaps": gap.count(),
        "_gap_sum": gap.sum(),
        "_gap_squares": (gap * gap).sum(),
    }


def _derive(table: ir.Table) -> Columns:
    spread = deviation(table["_gap_sum"], table["_gap_squares"], table["_gaps"])
    trends = {
        f"purchase_days_trend_{w}d": trend(
            table[f"purchase_days_count_{w}d"], table[f"_purchase_days_before_{w}d"]
        )
        for w in TREND_WINDOWS
    }
    seasons = {
        f"purchase_days_season_trend_{w}d": season(
            trend(table[f"purchase_days_count_{w}d"], table[f"_purchase_days_year_before_{w}d"]),
            table["_first_purchase_age"],
            w,
        )
        for w in SEASON_WINDOWS
    }
    return {
        **trends,
        **seasons,
        "purchase_gap_std": spread,
        "purchase_gap_regularity": ratio(spread, table["purchase_gap_mean"]),
        "purchases_per_30d": ratio(table["purchase_days_count"] * 30, table["_first_purchase_age"]),
    }


def _count(window: int) -> Feature:
    name = f"purchase_days_count_{window}d"
    text = f"{{{name}:only purchases}} in the last {window} days"
    return Feature(
        name,
        "frequency",
        "purchases",
        window,
        f"Days with a purchase in the last {window} days.",
        Reason(text, "changed needs", "low"),
        empty=0,
    )


def _orders(window: int) -> Feature:
    name = f"orders_count_{window}d"
    return Feature(
        name,
        "frequency",
        "orders",
        window,
        f"Orders in the last {window} days.",
        Reason(f"{{{name}:only orders}} in the last {window} days", "changed needs", "low"),
        empty=0,
    )


def _trend(window: int) -> Feature:
    name = f"purchase_days_trend_{window}d"
    text = (
        f"buys less often than in the {window} days before: "
        f"{{purchase_days_count_{window}d:purchases}} in the last {window} days"
    )
    return Feature(
        name,
        "frequency",
        "ratio",
        2 * window,
        f"Purchases of the last {window} days against the {window} days before, from -1 to 1.",
        Reason(text, "changed needs", "low", gauge=name),
    )


def _season(window: int) -> Feature:
    name = f"purchase_days_season_trend_{window}d"
    doc = (
        f"Purchases of the last {window} days against the same days a year earlier, "
        "from -1 to 1; unknown where the first purchase is later than those."
    )
    text = (
        f"buys less often than in the same {window} days a year earlier: "
        f"{{purchase_days_count_{window}d:purchases}}"
    )
    reason = Reason(text, "changed needs", "low", gauge=name)
    return Feature(name, "frequency", "ratio", YEAR + window, doc, reason)


FAMILY = Family(
    name="frequency",
    features=(
        *[_count(w) for w in WINDOWS],
        *[_trend(w) for w in TREND_WINDOWS],
        *[_season(w) for w in SEASON_WINDOWS],
        *[_orders(w) for w in ORDER_WINDOWS],
        Feature(
            "purchase_days_count",
            "frequency",
            "purchases",
            None,
            "Days with a purchase, ever.",
            Reason("{purchase_days_count:only purchases} so far", "changed needs", "low"),
            empty=0,
        ),
        Feature(
            "purchase_gap_mean",
            "frequency",
            "days",
            None,
            "Mean days between purchases.",
            Reason("buys only about {purchase_gap_mean:interval}", "changed needs", "high"),
        ),
        Feature(
            "purchase_gap_max",
            "frequency",
            "days",
            None,
            "The longest time between two purchases.",
            Reason(
                "has stayed away for as long as {purchase_gap_max:days} before",
                "changed needs",
                "high",
            ),
        ),
        Feature(
            "purchase_gap_std",
            "frequency",
            "days",
            None,
            "Standard deviation of the days between purchases.",
        ),
        Feature(
            "purchase_gap_regularity",
            "frequency",
            "ratio",
            None,
            "Deviation of the days between purchases over their mean; 0 is clockwork.",
        ),
        Feature(
            "purchases_per_30d",
            "frequency",
            "purchases",
            None,
            "Purchases per 30 days since the first one.",
            Reason(
                "buys seldom: {purchases_per_30d:mean purchases} in 30 days on average",
                "changed needs",
                "low",
            ),
        ),
    ),
    aggregates={"days": _ever, "last_year": _lately},
    derive=_derive,
    needs=("days",),
)
