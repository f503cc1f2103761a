"""Complaints: how many, how grave, how they were handled. Outcomes count once they are known."""

from __future__ import annotations

import ibis
from ibis import ir

from features.asof import days_between
from features.catalogue import Feature, Reason
from features.family import Columns, Family
from features.windows import ratio, within

_WINDOWS = (30, 90, 365)


def _counts(rows: ir.Table) -> Columns:
    counts = {f"complaints_count_{w}d": within(rows, w).sum() for w in _WINDOWS}
    measures: Columns = {
        **counts,
        "complaints_count": rows.count(),
        "days_since_complaint": rows["age"].min(),
    }
    if "category" in rows.columns:
        measures["_complaint_categories"] = rows["category"].nunique()
        measures["_complaints_with_category"] = rows["category"].count()
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
    if "satisfaction" in rows.columns:
        measures["complaint_satisfaction_min"] = rows["satisfaction"].min()
        measures["complaint_satisfaction_last"] = rows["satisfaction"].min(where=rows["is_last"])
    if "compensation" in rows.columns:
        measures["complaint_compensation_sum"] = rows["compensation"].sum()
    return measures


def _aggregates(rows: ir.Table) -> Columns:
    return {**_counts(rows), **_resolution(rows), **_gravity(rows)}


def _purchases_since(days: ir.Table) -> Columns:
    return {"_purchases_since_complaint": days["bought"].sum()}


def _derive(table: ir.Table) -> Columns:
    if "complaints_count" not in table.columns:
        return {}
    count = table["complaints_count"]
    since = table["_purchases_since_complaint"].coalesce(0)
    derived: Columns = {
        "complaints_per_purchase": ratio(count, table["purchase_days_count"]),
        "purchase_days_count_since_complaint": ibis.ifelse(count > 0, since, None),
    }
    if "complaints_open" in table.columns:
        derived["complaints_open_share"] = ratio(table["complaints_open"], count)
    if "_complaint_categories" in table.columns:
        repeats = table["_complaints_with_category"] - table["_complaint_categories"]
        derived["complaints_repeated_count"] = repeats.coalesce(0)
    return derived


def _feature(
    name: str,
    unit: str,
    doc: str,
    reason: tuple[str, str, str] | None = None,
    *,
    window: int | None = None,
    empty: float | None = None,
) -> Feature:
    words = Reason(*reason) if reason else None  # type: ignore[arg-type]
    return Feature(name, "complaints", unit, window, doc, words, empty=empty)


_SLOW = "complaint unanswered or slow"

FAMILY = Family(
    name="complaints",
    features=(
        *[
            _feature(
                f"complaints_count_{w}d",
                "complaints",
                f"Complaints opened in the last {w} days.",
                (
                    f"complained {{complaints_count_{w}d:times}} in the last {w} days",
                    "quality problem",
                    "high",
                ),
                window=w,
                empty=0,
            )
            for w in _WINDOWS
        ],
        _feature(
            "complaints_count",
            "complaints",
            "Complaints ever.",
            ("complained {complaints_count:times} so far", "quality problem", "high"),
            empty=0,
        ),
        _feature(
            "days_since_complaint",
            "days",
            "Days since the last complaint was opened.",
            ("complained {days_since_complaint:days} ago", "quality problem", "low"),
        ),
        _feature(
            "complaints_open",
            "complaints",
            "Complaints open at the cutoff.",
            ("{complaints_open:complaints} still open", _SLOW, "high"),
            empty=0,
        ),
        _feature(
            "complaint_open_age_max",
            "days",
            "Days that the oldest open complaint has waited.",
            ("a complaint has been open for {complaint_open_age_max:days}", _SLOW, "high"),
        ),
        _feature(
            "complaints_open_share",
            "share",
            "Share of the complaints that are not resolved.",
            ("{complaints_open_share:percent} of complaints not resolved", _SLOW, "high"),
        ),
        _feature(
            "complaint_resolution_days_mean",
            "days",
            "Mean days to resolve a complaint.",
            (
                "complaints took {complaint_resolution_days_mean:days} to resolve on average",
                _SLOW,
                "high",
            ),
        ),
        _feature(
            "complaint_resolution_days_last",
            "days",
            "Days it took to resolve the last complaint; unknown while it is open.",
            (
                "the last complaint took {complaint_resolution_days_last:days} to resolve",
                _SLOW,
                "high",
            ),
        ),
        _feature(
            "complaints_late_count",
            "complaints",
            "Complaints resolved after the promised time, or open beyond it.",
            (
                "{complaints_late_count:complaints} not resolved when promised",
                "broken promise",
                "high",
            ),
            empty=0,
        ),
        _feature(
            "complaint_severity_max",
            "severity",
            "Gravest complaint ever, on the company's own scale.",
            (
                "had a complaint of severity {complaint_severity_max:number}",
                "quality problem",
                "high",
            ),
        ),
        _feature(
            "complaint_severity_max_90d",
            "severity",
            "Gravest complaint of the last 90 days, on the company's own scale.",
            (
                (
                    "had a complaint of severity {complaint_severity_max_90d:number} "
                    "in the last 90 days"
                ),
                "quality problem",
                "high",
            ),
            window=90,
        ),
        _feature(
            "complaint_satisfaction_min",
            "score",
            "Lowest satisfaction with the handling of a complaint.",
            (
                "rated the handling of a complaint {complaint_satisfaction_min:number}",
                "service attitude",
                "low",
            ),
        ),
        _feature(
            "complaint_satisfaction_last",
            "score",
            "Satisfaction with the handling of the last complaint.",
            (
                "rated the handling of the last complaint {complaint_satisfaction_last:number}",
                "service attitude",
                "low",
            ),
        ),
        _feature(
            "complaint_compensation_sum",
            "currency",
            "Compensation paid for complaints.",
            empty=0,
        ),
        _feature(
            "complaints_per_purchase",
            "complaints",
            "Complaints per day with a purchase.",
            (
                "{complaints_count:complaints} in {purchase_days_count:purchases}",
                "quality problem",
                "high",
            ),
        ),
        _feature(
            "purchase_days_count_since_complaint",
            "purchases",
            "Days with a purchase after the day of the last complaint; unknown without one.",
            (
                (
                    "{purchase_days_count_since_complaint:purchases} since the complaint "
                    "{days_since_complaint:days} ago"
                ),
                "quality problem",
                "low",
            ),
        ),
        _feature(
            "complaints_repeated_count",
            "complaints",
            "Complaints about something complained about before.",
            (
                "{complaints_repeated_count:complaints} about the same thing as before",
                "quality problem",
                "high",
            ),
            empty=0,
        ),
    ),
    aggregates={"complaints": _aggregates, "days_since_complaint": _purchases_since},
    derive=_derive,
)
