"""Monetary: how much the customer spends, returns, and whether that changes."""

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

RETURN_WINDOWS = (90, 365)


def _lately(days: ir.Table) -> Columns:
    spend, returned, year = days["spend"], days["returned"], within(days, YEAR)
    sums = {f"spend_sum_{w}d": spend.sum(where=within(days, w)) for w in WINDOWS}
    earlier = {f"_spend_before_{w}d": spend.sum(where=just_before(days, w)) for w in TREND_WINDOWS}
    returns = {f"returns_sum_{w}d": returned.sum(where=within(days, w)) for w in RETURN_WINDOWS}
    return {
        **sums,
        **earlier,
        **returns,
        "net_sum_365d": days["net"].sum(where=year),
        "returns_count_365d": days.count(where=year & (returned > 0)),
    }


def _ever(days: ir.Table) -> Columns:
    spend = days["spend"]
    wide = spend.cast("decimal(38,4)")  # else the squares of large amounts would not fit
    seasons = {
        f"_spend_year_before_{w}d": spend.sum(where=year_before(days, w)) for w in SEASON_WINDOWS
    }
    return {
        **seasons,
        "spend_sum": spend.sum(),
        "spend_max": spend.max(where=days["bought"]),
        "_spend_squares": (wide * wide).sum(),
    }


def _derive(table: ir.Table) -> Columns:
    count, total = table["purchase_days_count"], table["spend_sum"]
    trends = {
        f"spend_trend_{w}d": trend(
            table[f"spend_sum_{w}d"], table[f"_spend_before_{w}d"].coalesce(0)
        )
        for w in TREND_WINDOWS
    }
    seasons = {
        f"spend_season_trend_{w}d": season(
            trend(table[f"spend_sum_{w}d"], table[f"_spend_year_before_{w}d"].coalesce(0)),
            table["_first_purchase_age"],
            w,
        )
        for w in SEASON_WINDOWS
    }
    recent_mean = ratio(table["spend_sum_90d"], table["purchase_days_count_90d"])
    return {
        **trends,
        **seasons,
        "spend_mean": ratio(total, count),
        "spend_mean_90d": recent_mean,
        "spend_mean_change_90d": ratio(recent_mean, ratio(total, count)),
        "spend_std": deviation(total, table["_spend_squares"], count),
        "spend_per_30d": ratio(total * 30, table["_first_purchase_age"]),
        "returns_share_365d": ratio(table["returns_sum_365d"], table["spend_sum_365d"]),
    }


def _spend(window: int) -> Feature:
    return Feature(
        f"spend_sum_{window}d",
        "monetary",
        "currency",
        window,
        f"Spend in the last {window} days, returns not deducted.",
        Reason(
            f"spent {{spend_sum_{window}d:only money}} in the last {window} days",
            "changed needs",
            "low",
        ),
        empty=0,
    )


def _trend(window: int) -> Feature:
    name = f"spend_trend_{window}d"
    text = (
        f"spends less than in the {window} days before: "
        f"{{spend_sum_{window}d:money}} in the last {window} days"
    )
    return Feature(
        name,
        "monetary",
        "ratio",
        2 * window,
        f"Spend of the last {window} days against the {window} days before, from -1 to 1.",
        Reason(text, "price or a rival's offer", "low", gauge=name),
    )


def _season(window: int) -> Feature:
    name = f"spend_season_trend_{window}d"
    doc = (
        f"Spend of the last {window} days against the same days a year earlier, "
        "from -1 to 1; unknown where the first purchase is later than those."
    )
    text = (
        f"spends less than in the same {window} days a year earlier: {{spend_sum_{window}d:money}}"
    )
    reason = Reason(text, "price or a rival's offer", "low", gauge=name)
    return Feature(name, "monetary", "ratio", YEAR + window, doc, reason)


def _returns(window: int) -> Feature:
    return Feature(
        f"returns_sum_{window}d",
        "monetary",
        "currency",
        window,
        f"Amount returned in the last {window} days, as a positive number.",
        Reason(
            f"returned goods for {{returns_sum_{window}d:money}} in the last {window} days",
            "quality problem",
            "high",
        ),
        empty=0,
    )


def _plain(name: str, unit: str, doc: str, reason: Reason | None = None, **more: object) -> Feature:
    return Feature(name, "monetary", unit, None, doc, reason, **more)  # type: ignore[arg-type]


FAMILY = Family(
    name="monetary",
    features=(
        *[_spend(w) for w in WINDOWS],
        *[_trend(w) for w in TREND_WINDOWS],
        *[_season(w) for w in SEASON_WINDOWS],
        *[_returns(w) for w in RETURN_WINDOWS],
        _plain(
            "spend_sum",
            "currency",
            "Spend ever, returns not deducted.",
            Reason("spent {spend_sum:only money} so far", "neglect of small customers", "low"),
            empty=0,
        ),
        Feature(
            "net_sum_365d",
            "monetary",
            "currency",
            365,
            "Net amount of the last 365 days, returns deducted.",
            Reason(
                "brought {net_sum_365d:only money} net of returns in the last year",
                "neglect of small customers",
                "low",
            ),
            empty=0,
        ),
        _plain("spend_max", "currency", "Largest spend on one day."),
        _plain(
            "spend_mean",
            "currency",
            "Mean spend on a day with a purchase.",
            Reason(
                "small purchases: {spend_mean:money} on average",
                "neglect of small customers",
                "low",
            ),
        ),
        Feature(
            "spend_mean_90d",
            "monetary",
            "currency",
            90,
            "Mean spend on a day with a purchase, over the last 90 days.",
            Reason(
                "small purchases lately: {spend_mean_90d:money} on average",
                "price or a rival's offer",
                "low",
            ),
        ),
        Feature(
            "spend_mean_change_90d",
            "monetary",
            "ratio",
            90,
            "Mean purchase of the last 90 days over the mean purchase ever.",
            Reason(
                "smaller purchases: {spend_mean_90d:money} lately, usually {spend_mean:money}",
                "price or a rival's offer",
                "low",
                gauge="spend_mean_change_90d",
                beyond=0.95,
            ),
        ),
        _plain("spend_std", "currency", "Standard deviation of the spend on a day."),
        _plain(
            "spend_per_30d",
            "currency",
            "Spend per 30 days since the first purchase.",
            Reason(
                "spends {spend_per_30d:only money} in 30 days on average",
                "neglect of small customers",
                "low",
            ),
        ),
        Feature(
            "returns_count_365d",
            "monetary",
            "days",
            365,
            "Days with a return in the last 365 days.",
            Reason(
                "returned goods {returns_count_365d:times} in the last year",
                "quality problem",
                "high",
            ),
            empty=0,
        ),
        Feature(
            "returns_share_365d",
            "monetary",
            "share",
            365,
            "Amount returned over the spend of the last 365 days.",
            Reason(
                "returned {returns_share_365d:percent} of the spend of the last year",
                "quality problem",
                "high",
            ),
        ),
    ),
    aggregates={"days": _ever, "last_year": _lately},
    derive=_derive,
    needs=("days",),
)
