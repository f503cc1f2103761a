"""Complaints: how many, how grave, how they were handled. Outcomes count once they are known."""

from __future__ import annotations

import ibis
from ibis import ir

from features.asof import days_between
from features.complaint_features import FEATURES, WINDOWS
from features.family import Columns, Family
from features.windows import ratio, within


def _counts(rows: ir.Table) -> Columns:
    counts = {f"complaints_count_{w}d": within(rows, w).sum() for w in WINDOWS}
    measures: Columns = {
        **counts,
        "complaints_count": rows.count(),
        "days_since_complaint": rows["age"].min(),
    }
    if "category" in rows.columns:
        measures["_complaint_categories"] = rows["category"].nunique()
        measures["_complaints_with_category"] = rows["category"].count()
    if "channel" in rows.columns:
        measures["complaint_channels_count"] = rows["channel"].nunique()
    return measures


def _resolution(rows: ir.Table) -> Columns:
    if "resolved_at" not in rows.columns:
        return {}
    is_open = rows["resolved_at"].isnull()
    took = days_between(rows["opened_at"], rows["resolved_at"])
    measures: Columns = {
        "complaints_open": is_open.sum(),
        "complaint_open_age_max": rows["age"].max(where=is_open),
        "complaint_resolution_days_mean": took.mean(),
        "complaint_resolution_days_last": took.max(where=rows["is_last"]),
    }
    if "promised_at" in rows.columns:
        measures["complaints_late_count"] = _late(rows).sum()
        delay = days_between(rows["promised_at"], rows["resolved_at"])
        measures["complaint_delay_days_mean"] = delay.mean()
        measures["complaint_delay_days_last"] = delay.max(where=rows["is_last"])
    return measures


def _late(rows: ir.Table) -> ir.Value:
    promised, came = rows["promised_at"], rows["resolved_at"].coalesce(rows["cutoff"])
    # A promise without a time of day is kept until the end of that day.
    is_date = promised == promised.truncate("D")
    return is_date.ifelse(came.truncate("D"), came) > promised


def _gravity(rows: ir.Table) -> Columns:
    measures: Columns = {}
    if "severity" in rows.columns:
        measures["complaint_severity_max"] = rows["severity"].max()
        measures["complaint_severity_max_90d"] = rows["severity"].max(where=within(rows, 90))
        measures["complaint_severity_last"] = rows["severity"].max(where=rows["is_last"])
    if "satisfaction" in rows.columns:
        measures["complaint_satisfaction_min"] = rows["satisfaction"].min()
        measures["complaint_satisfaction_last"] = rows["satisfaction"].min(where=rows["is_last"])
    if "compensation" in rows.columns:
        measures["complaint_compensation_sum"] = rows["compensation"].sum()
    if "cost" in rows.columns:
        measures["complaint_cost_sum"] = rows["cost"].sum()
        measures["complaint_cost_sum_365d"] = rows["cost"].sum(where=within(rows, 365))
    return measures


def _aggregates(rows: ir.Table) -> Columns:
    return {**_counts(rows), **_resolution(rows), **_gravity(rows)}


def _orders(days: ir.Table) -> Columns:
    return {"_orders": days["orders"].sum()} if "orders" in days.columns else {}


def _purchases_since(days: ir.Table) -> Columns:
    return {"_purchases_since_complaint": days["bought"].sum()}


def _derive(table: ir.Table) -> Columns:
    if "complaints_count" not in table.columns:
        return {}
    count = table["complaints_count"]
    derived: Columns = {}
    if "_purchases_since_complaint" in table.columns:
        since = table["_purchases_since_complaint"].coalesce(0)
        derived = {
            "complaints_per_purchase": ratio(count, table["purchase_days_count"]),
            "purchase_days_count_since_complaint": ibis.ifelse(count > 0, since, None),
        }
    if "_orders" in table.columns:
        derived["complaints_per_order"] = ratio(count, table["_orders"])
    if "complaints_open" in table.columns:
        derived["complaints_open_share"] = ratio(table["complaints_open"], count)
    if "_complaint_categories" in table.columns:
        repeats = table["_complaints_with_category"] - table["_complaint_categories"]
        derived["complaints_repeated_count"] = repeats.coalesce(0)
    return derived


FAMILY = Family(
    name="complaints",
    features=FEATURES,
    aggregates={
        "complaints": _aggregates,
        "days_since_complaint": _purchases_since,
        "days": _orders,
    },
    derive=_derive,
)
