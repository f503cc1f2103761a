"""Activities: log-ins, visits, calls, usage; how many, on how many days, of which kinds.

The kinds are the company's own words, so that no feature is named after one: the features tell
how many kinds there are, how many fell away, and of the main kind (the one with most activities
in the last year; of equals, the first by name) which it is, its share and how long ago it was.

A balance of points is what leaving costs the customer: a low one holds nobody back.
"""

from __future__ import annotations

from ibis import ir

from features.catalogue import Feature, Reason, Risk
from features.family import Columns, Family
from features.windows import just_before, ratio, trend, within

_WINDOWS = (7, 30, 90)
_TRENDS = (30, 90)


def _from_days(days: ir.Table) -> Columns:
    amount = days["amount"]
    counts = {f"activities_count_{w}d": amount.sum(where=within(days, w)) for w in _WINDOWS}
    active = {f"activity_days_count_{w}d": within(days, w).sum() for w in _WINDOWS}
    earlier = {f"_activities_before_{w}d": amount.sum(where=just_before(days, w)) for w in _TRENDS}
    return {**counts, **active, **earlier, "days_since_activity": days["age"].min()}


def _from_kinds(kinds: ir.Table) -> Columns:
    last, amount = kinds["last_age"], kinds["amount_365d"]
    is_main = (kinds["rank"] == 0) & (amount > 0)
    return {
        "activity_kinds_count_90d": (last <= 90).sum(),  # noqa: PLR2004 - the window in the name
        "activity_kinds_lapsed_90d": ((last > 90) & (last <= 365)).sum(),  # noqa: PLR2004
        "activity_kind_main_365d": kinds["kind"].max(where=is_main),
        "activity_kind_share_365d": ratio(amount.max(), amount.sum()),
        "days_since_main_activity": last.max(where=is_main),
    }


def _from_points(points: ir.Table) -> Columns:
    # Of several balances of one moment the lowest: the customer can be sure of no more.
    balance = points["points_balance"]
    return {
        "points_balance_last": balance.min(where=points["is_last"]),
        "_points_balance_before": balance.min(where=points["was_last_90d"]),
    }


def _derive(table: ir.Table) -> Columns:
    derived: Columns = {
        f"activities_trend_{w}d": trend(
            table[f"activities_count_{w}d"], table[f"_activities_before_{w}d"].coalesce(0)
        )
        for w in _TRENDS
    }
    if "points_balance_last" in table.columns:
        change = table["points_balance_last"] - table["_points_balance_before"]
        derived["points_balance_change_90d"] = change
    return derived


def _feature(
    name: str,
    unit: str,
    doc: str,
    reason: Reason | None = None,
    *,
    window: int | None = None,
    empty: float | None = None,
) -> Feature:
    return Feature(name, "activities", unit, window, doc, reason, empty=empty)


def _needs(text: str, risk: Risk = "low") -> Reason:
    return Reason(text, "changed needs", risk)


def _counts(window: int) -> tuple[Feature, Feature]:
    period = f"in the last {window} days"
    count, days = f"activities_count_{window}d", f"activity_days_count_{window}d"
    return (
        _feature(
            count,
            "activities",
            f"Activities {period}.",
            _needs(f"{{{count}:only activities}} {period}"),
            window=window,
            empty=0,
        ),
        _feature(
            days,
            "days",
            f"Days with an activity {period}.",
            _needs(f"active on {{{days}:only days}} {period}"),
            window=window,
            empty=0,
        ),
    )


def _trend(window: int) -> Feature:
    name = f"activities_trend_{window}d"
    words = (
        f"less active than in the {window} days before: "
        f"{{activities_count_{window}d:activities}} in the last {window} days"
    )
    return _feature(
        name,
        "ratio",
        f"Activities of the last {window} days against the {window} days before, from -1 to 1.",
        Reason(words, "changed needs", "low", gauge=name),
        window=2 * window,
    )


_KINDS = (
    _feature(
        "activity_kinds_count_90d",
        "kinds",
        "Kinds of activity in the last 90 days.",
        Reason(
            "{activity_kinds_count_90d:only kinds} of activity in the last 90 days",
            "product no longer fits",
            "low",
        ),
        window=90,
        empty=0,
    ),
    _feature(
        "activity_kinds_lapsed_90d",
        "kinds",
        "Kinds of activity in the last year, but not in the last 90 days.",
        Reason(
            "{activity_kinds_lapsed_90d:kinds} of activity seen earlier in the year, "
            "but not in the last 90 days",
            "product no longer fits",
            "high",
        ),
        window=365,
        empty=0,
    ),
    Feature(
        "activity_kind_main_365d",
        "activities",
        "category",
        365,
        "The kind of which there were most activities in the last 365 days.",
        dtype="category",
    ),
    _feature(
        "activity_kind_share_365d",
        "share",
        "Share of the main kind in the activities of the last 365 days.",
        window=365,
    ),
    _feature(
        "days_since_main_activity",
        "days",
        "Days since the last activity of the main kind.",
        _needs("main activity last seen {days_since_main_activity:days} ago", "high"),
    ),
)

_POINTS = (
    _feature(
        "points_balance_last",
        "points",
        "Balance of points at the cutoff.",
        Reason(
            "{points_balance_last:only points} to lose by leaving",
            "price or a rival's offer",
            "low",
        ),
    ),
    _feature(
        "points_balance_change_90d",
        "points",
        "Balance of points at the cutoff less that of 90 days before.",
        Reason(
            "has used up points: {points_balance_last:points} left",
            "price or a rival's offer",
            "low",
            gauge="points_balance_change_90d",
        ),
        window=90,
    ),
)

FAMILY = Family(
    name="activities",
    features=(
        *(feature for window in _WINDOWS for feature in _counts(window)),
        *(_trend(window) for window in _TRENDS),
        _feature(
            "days_since_activity",
            "days",
            "Days since the last activity.",
            _needs("no activity for {days_since_activity:days}", "high"),
        ),
        *_KINDS,
        *_POINTS,
    ),
    aggregates={"activities": _from_days, "activity_kinds": _from_kinds, "points": _from_points},
    derive=_derive,
    needs=("activities",),
)
