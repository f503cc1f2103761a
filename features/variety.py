"""Variety: how many products, categories and channels, their mix, and which fell away."""

from __future__ import annotations

from collections.abc import Callable

import ibis
from ibis import ir

from features.catalogue import Feature, Reason
from features.family import Columns, Family
from features.windows import ratio

_WINDOWS = (90, 365)


def _aggregates(kind: str) -> Callable[[ir.Table], Columns]:
    def measure(rows: ir.Table) -> Columns:
        last, first = rows["last_age"], rows["first_age"]
        counts = {f"{kind}_count_{w}d": rows.count(where=last <= w) for w in _WINDOWS}
        return {
            **counts,
            f"{kind}_count": rows.count(),
            f"{kind}_new_90d": rows.count(where=first <= 90),  # noqa: PLR2004 - the window in the name
            f"{kind}_lapsed_90d": rows.count(where=(last > 90) & (last <= 365)),  # noqa: PLR2004
        }

    return measure


def _from_categories(mix: ir.Table) -> Columns:
    return {
        **_main(mix, "category"),
        "category_second": _ranked(mix, "category", 1),
        "categories_entropy_365d": _entropy(mix["days_365d"]),
    }


def _from_channels(mix: ir.Table) -> Columns:
    return {"channels_count_365d": mix.count(), **_main(mix, "channel")}


def _main(rows: ir.Table, column: str) -> Columns:
    days = rows["days_365d"]
    return {
        f"{column}_main": _ranked(rows, column, 0),
        f"{column}_main_share": ratio(days.max(), days.sum()),
    }


def _ranked(rows: ir.Table, column: str, rank: int) -> ir.Value:
    return rows[column].max(where=rows["rank"] == rank)


def _entropy(counts: ir.Column) -> ir.Value:
    """Give the entropy of the shares p = n / N, -sum(p ln p) = ln N - sum(n ln n) / N."""
    whole = counts.sum()
    # Decimals, because a sum of floating-point numbers depends on the order of the rows.
    parts = (counts * counts.ln()).cast("decimal(18,12)").sum()
    entropy = whole.ln() - ratio(parts, whole)
    return ibis.ifelse(counts.max() == whole, entropy * 0, entropy)


def _features(kind: str, noun: str) -> tuple[Feature, ...]:
    def feature(name: str, window: int | None, doc: str, text: str, risk: str) -> Feature:
        reason = Reason(text, "product no longer fits", risk)  # type: ignore[arg-type]
        return Feature(name, "variety", kind, window, doc, reason, empty=0)

    counts = [
        feature(
            f"{kind}_count_{w}d",
            w,
            f"Different {noun} bought in the last {w} days.",
            f"bought {{{kind}_count_{w}d:only {noun}}} in the last {w} days",
            "low",
        )
        for w in _WINDOWS
    ]
    return (
        *counts,
        feature(
            f"{kind}_count",
            None,
            f"Different {noun} ever bought.",
            f"bought {{{kind}_count:only {noun}}} so far",
            "low",
        ),
        feature(
            f"{kind}_new_90d",
            90,
            f"Different {noun} first bought in the last 90 days.",
            f"tried {{{kind}_new_90d:only new {noun}}} in the last 90 days",
            "low",
        ),
        feature(
            f"{kind}_lapsed_90d",
            365,
            f"Different {noun} bought in the last year, but not in the last 90 days.",
            f"{{{kind}_lapsed_90d:{noun}}} bought earlier in the year, but not in the last 90 days",
            "high",
        ),
    )


def _mix(column: str, noun: str) -> tuple[Feature, ...]:
    return (
        Feature(
            f"{column}_main",
            "variety",
            "category",
            None,
            f"The {column} with the most purchase days in the last 365 days; ties by name.",
            dtype="category",
        ),
        Feature(
            f"{column}_main_share",
            "variety",
            "share",
            None,
            f"Share of the main {column} in the purchase days of all {noun}, last 365 days.",
        ),
    )


_CATEGORIES = (
    *_features("categories", "categories"),
    *_mix("category", "categories"),
    Feature(
        "category_second",
        "variety",
        "category",
        None,
        "The category with the most purchase days after the main one, last 365 days.",
        dtype="category",
    ),
    Feature(
        "categories_entropy_365d",
        "variety",
        "nats",
        365,
        "Shannon entropy of the categories' shares in purchase days of the last 365 days.",
    ),
)

_CHANNELS = (
    Feature(
        "channels_count_365d",
        "variety",
        "channels",
        365,
        "Different channels bought through in the last 365 days.",
        Reason(
            "bought through {channels_count_365d:only channels} in the last 365 days",
            "awkward process",
            "low",
        ),
        empty=0,
    ),
    *_mix("channel", "channels"),
)

FAMILY = Family(
    name="variety",
    features=(*_features("products", "products"), *_CATEGORIES, *_CHANNELS),
    aggregates={
        "products": _aggregates("products"),
        "categories": _aggregates("categories"),
        "category_mix": _from_categories,
        "channel_mix": _from_channels,
    },
)
