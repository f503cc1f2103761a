"""What is told of complaints: the features, and the words they give to reasons."""

from __future__ import annotations

from dataclasses import replace

from features.catalogue import Feature, Reason

WINDOWS = (30, 90, 365)


def _feature(
    name: str,
    unit: str,
    doc: str,
    reason: tuple[str, str, str] | None = None,
    *,
    window: int | None = None,
    empty: float | None = None,
    beyond: float | None = None,
) -> Feature:
    words = Reason(*reason) if reason else None  # type: ignore[arg-type]
    if words is not None and beyond is not None:
        words = replace(words, gauge=name, beyond=beyond)
    return Feature(name, "complaints", unit, window, doc, words, empty=empty)


_SLOW = "complaint unanswered or slow"

FEATURES = (
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
        for w in WINDOWS
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
        "complaint_delay_days_mean",
        "days",
        "Mean days from the promised to the actual resolution; below 0 it came early.",
        (
            "complaints were resolved {complaint_delay_days_mean:days} late on average",
            "broken promise",
            "high",
        ),
        beyond=0.5,
    ),
    _feature(
        "complaint_delay_days_last",
        "days",
        "Days from the promised to the actual resolution of the last complaint.",
        (
            "the last complaint was resolved {complaint_delay_days_last:days} late",
            "broken promise",
            "high",
        ),
        beyond=0.5,
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
            ("had a complaint of severity {complaint_severity_max_90d:number} in the last 90 days"),
            "quality problem",
            "high",
        ),
        window=90,
    ),
    _feature(
        "complaint_severity_last",
        "severity",
        "How grave the last complaint was, on the company's own scale.",
        (
            "the last complaint was of severity {complaint_severity_last:number}",
            "quality problem",
            "high",
        ),
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
        "complaint_cost_sum",
        "currency",
        "What handling the resolved complaints cost the company.",
        empty=0,
    ),
    _feature(
        "complaint_cost_sum_365d",
        "currency",
        "What handling the resolved complaints opened in the last 365 days cost the company.",
        window=365,
        empty=0,
    ),
    _feature(
        "complaint_channels_count",
        "channels",
        "Different channels that the customer complained through.",
        (
            "complained through {complaint_channels_count:channels}",
            _SLOW,
            "high",
        ),
        empty=0,
    ),
    _feature(
        "complaints_per_order",
        "complaints",
        "Complaints per order.",
        (
            "{complaints_count:complaints}, {complaints_per_order:number} an order",
            "quality problem",
            "high",
        ),
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
)
