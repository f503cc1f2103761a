"""Recency: how long ago the customer last bought, beside their own rhythm."""

from __future__ import annotations

from ibis import ir

from features.catalogue import Feature, Reason
from features.family import Columns, Family
from features.windows import within


def _aggregates(days: ir.Table) -> Columns:
    return {
        "days_since_purchase": days["age"].min(where=days["bought"]),
        "days_since_return": days["age"].min(where=days["returned"] > 0),
        "purchase_gap_mean_last_365d": days["gap"].mean(where=within(days, 365)),
    }


def _derive(table: ir.Table) -> Columns:
    since = table["days_since_purchase"].cast("float64")
    return {
        "overdue_ratio": since / table["purchase_gap_mean"].nullif(0),
        "overdue_ratio_365d": since / table["purchase_gap_mean_last_365d"].nullif(0),
        "overdue_days": since - table["purchase_gap_mean"],
    }


FAMILY = Family(
    name="recency",
    features=(
        Feature(
            "days_since_purchase",
            "recency",
            "days",
            None,
            "Days since the last purchase.",
            Reason(
                "no purchase for {days_since_purchase:days}; usually {purchase_gap_mean:every}",
                "changed needs",
                "high",
                gauge="overdue_ratio",
                beyond=1.0,
                fallback="no purchase for {days_since_purchase:days}",
            ),
        ),
        Feature(
            "days_since_return",
            "recency",
            "days",
            None,
            "Days since something was last returned.",
            Reason(
                "returned something {days_since_return:days} ago",
                "quality problem",
                "low",
            ),
        ),
        Feature(
            "purchase_gap_mean_last_365d",
            "recency",
            "days",
            365,
            "Mean days between purchases, over the last year.",
            Reason(
                "in the last year bought only about {purchase_gap_mean_last_365d:interval}",
                "changed needs",
                "high",
            ),
        ),
        Feature(
            "overdue_ratio",
            "recency",
            "ratio",
            None,
            "Days since the last purchase over the customer's mean days between purchases.",
            Reason(
                "no purchase for {days_since_purchase:days}; usually {purchase_gap_mean:every}",
                "changed needs",
                "high",
                gauge="overdue_ratio",
                beyond=1.0,
            ),
        ),
        Feature(
            "overdue_ratio_365d",
            "recency",
            "ratio",
            365,
            "Days since the last purchase over the last year's mean days between purchases.",
            Reason(
                "no purchase for {days_since_purchase:days}; "
                "in the last year usually {purchase_gap_mean_last_365d:every}",
                "changed needs",
                "high",
                gauge="overdue_ratio_365d",
                beyond=1.0,
            ),
        ),
        Feature(
            "overdue_days",
            "recency",
            "days",
            None,
            "Days since the last purchase less the customer's mean days between purchases.",
            Reason(
                "{overdue_days:days} later than usual with the next purchase",
                "changed needs",
                "high",
                gauge="overdue_days",
                beyond=0.5,
            ),
        ),
    ),
    aggregates={"days": _aggregates},
    derive=_derive,
    needs=("days",),
)
