"""Subscriptions: how long, on what plan, at what price, and whether an end is in sight."""

from __future__ import annotations

import ibis
from ibis import ir

from features.catalogue import Feature, Reason
from features.family import Columns, Family
from features.windows import ratio, within


def _aggregates(rows: ir.Table) -> Columns:
    running = rows["running"]
    return {
        "subscriptions_count": running.sum(),
        "subscription_tenure_days": rows["age"].max(),
        "subscription_age_days": rows["age"].min(where=running),
        "_subscription_start_age": rows["age"].min(),
        "_subscription_end_age": rows["end_age"].min(),
        **_terms(rows),
        **_notice(rows),
    }


def _terms(rows: ir.Table) -> Columns:
    running, measures = rows["running"], {}
    if "price" in rows.columns:
        measures["subscription_price_per_30d"] = rows["price_per_30d"].sum(where=running)
        measures["_price_before"] = rows["price_per_30d"].sum(where=rows["before_last"])
    if "plan" in rows.columns:
        measures["subscription_plan"] = rows["plan"].max(where=rows["is_newest"])
    if "renews_at" in rows.columns:
        measures["subscription_days_to_renewal"] = rows["renews_in"].min(where=running)
    if "auto_renew" in rows.columns:
        by_itself = rows["auto_renew"].cast("int64")
        measures["subscription_auto_renew_share"] = by_itself.mean(where=running)
    return measures


def _notice(rows: ir.Table) -> Columns:
    # Without recorded_at no end is known before it comes: nothing to count, which is no zero.
    if "recorded_at" not in rows.columns:
        return {}
    return {
        "subscriptions_ending_count": rows["end_ahead"].count(),
        "days_to_subscription_end": rows["end_ahead"].min(),
    }


def _starts(starts: ir.Table) -> Columns:
    recent = within(starts, 365)
    measures: Columns = {"subscription_changes_count_365d": (recent & ~starts["is_first"]).sum()}
    if "plan" in starts.columns:
        other = starts["is_other_plan"].coalesce(ibis.literal(False))  # noqa: FBT003
        measures["subscription_plan_changes_count_365d"] = (recent & other).sum()
    return measures


def _ends(ends: ir.Table) -> Columns:
    return {
        "subscription_cancellations_count": ends.count(),
        "days_since_subscription_cancellation": ends["age"].min(),
    }


def _derive(table: ir.Table) -> Columns:
    start, end = table["_subscription_start_age"], table["_subscription_end_age"]
    derived: Columns = {"days_since_subscription_change": ibis.least(start, end.coalesce(start))}
    if "_price_before" in table.columns:
        now, before = table["subscription_price_per_30d"], table["_price_before"]
        derived["subscription_price_change"] = ratio(now - before, before)
    return derived


def _feature(
    name: str, unit: str, doc: str, reason: Reason | None = None, **more: object
) -> Feature:
    window = 365 if name.endswith("_365d") else None
    return Feature(name, "subscriptions", unit, window, doc, reason, **more)  # type: ignore[arg-type]


_PRICE = "price or a rival's offer"

FAMILY = Family(
    name="subscriptions",
    features=(
        _feature(
            "subscriptions_count",
            "subscriptions",
            "Subscriptions that run at the cutoff.",
            empty=0,
        ),
        _feature(
            "subscription_tenure_days",
            "days",
            "Days since the customer's first subscription began.",
            Reason("a subscriber for {subscription_tenure_days:only days}", "changed needs", "low"),
        ),
        _feature(
            "subscription_age_days",
            "days",
            "Days since the newest running subscription, with its plan and price, began.",
        ),
        _feature(
            "subscription_days_to_renewal",
            "days",
            "Days to the next renewal of a running subscription; from `renews_at`, taken on or "
            "back by whole price periods where the row does not say when it was recorded.",
            Reason(
                "up for renewal in {subscription_days_to_renewal:days}, and not by itself",
                "changed needs",
                "low",
                gauge="subscription_auto_renew_share",
                beyond=0.5,
                fallback="up for renewal in {subscription_days_to_renewal:days}",
            ),
        ),
        _feature(
            "subscription_auto_renew_share",
            "share",
            "Share of the running subscriptions that renew by themselves.",
            Reason(
                "has the renewal not set to happen by itself",
                "changed needs",
                "low",
                gauge="subscription_auto_renew_share",
                beyond=0.5,
            ),
        ),
        _feature(
            "subscription_price_per_30d",
            "currency",
            "Price of the running subscriptions together, for 30 days.",
            Reason(
                "pays more than most: {subscription_price_per_30d:money} for 30 days",
                _PRICE,
                "high",
            ),
        ),
        _feature(
            "subscription_price_change",
            "share",
            "Price of the running subscriptions against those that ran before the last one began; "
            "0.1 is a tenth more.",
            Reason(
                "pays {subscription_price_change:percent} more since the last change, "
                "{days_since_subscription_change:days} ago",
                _PRICE,
                "high",
                gauge="subscription_price_change",
                beyond=0.005,
            ),
        ),
        _feature(
            "subscription_changes_count_365d",
            "subscriptions",
            "Times in the last 365 days that a subscription began, the first one left out: a "
            "change of plan or price, one more, or a return.",
            empty=0,
        ),
        _feature(
            "subscription_plan_changes_count_365d",
            "subscriptions",
            "Times in the last 365 days that a plan began which differs from the one before.",
            Reason(
                "changed plan {subscription_plan_changes_count_365d:times} in the last 365 days",
                "product no longer fits",
                "high",
            ),
            empty=0,
        ),
        _feature(
            "subscription_plan",
            "category",
            "Plan of the newest running subscription.",
            dtype="category",
        ),
        _feature(
            "subscription_cancellations_count",
            "cancellations",
            "Ends of a subscription that no other covered or followed within 30 days.",
            Reason(
                "has cancelled {subscription_cancellations_count:times} before",
                "changed needs",
                "high",
            ),
            empty=0,
        ),
        _feature(
            "days_since_subscription_cancellation",
            "days",
            "Days since the last such end.",
            Reason(
                "had cancelled {days_since_subscription_cancellation:days} ago",
                "changed needs",
                "low",
            ),
        ),
        _feature(
            "days_since_subscription_change",
            "days",
            "Days since a subscription last began or ended.",
        ),
        _feature(
            "subscriptions_ending_count",
            "subscriptions",
            "Running subscriptions whose end is recorded already.",
            Reason(
                "notice given: a subscription ends in {days_to_subscription_end:days}",
                "changed needs",
                "high",
            ),
            empty=0,
        ),
        _feature(
            "days_to_subscription_end",
            "days",
            "Days to the first end that is recorded already.",
            Reason(
                "a subscription ends in {days_to_subscription_end:days}",
                "changed needs",
                "low",
            ),
        ),
    ),
    aggregates={
        "subscriptions": _aggregates,
        "subscription_starts": _starts,
        "subscription_ends": _ends,
    },
    derive=_derive,
    needs=("subscriptions",),
)
