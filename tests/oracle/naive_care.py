"""Complaints, attributes, population and labels, naively."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.oracle.naive import (
    Facts,
    Figures,
    Row,
    best,
    days_ago,
    divide,
    mean,
    positive,
    purchases,
    recent,
    total,
)


def complaints(facts: Facts) -> Figures:
    """Complaints and what had come of them by the cutoff."""
    rows = facts.complaints
    if rows is None:
        return {}
    bought = purchases(facts.lines)
    last = max((r["opened_at"] for r in rows), default=None)
    figures: Figures = {
        f"complaints_count_{w}d": len(recent(rows, facts.cutoff, w, "opened_at"))
        for w in (30, 90, 365)
    }
    figures["complaints_count"] = len(rows)
    figures["days_since_complaint"] = last and days_ago(last.date(), facts.cutoff)
    if "transactions.amount" in facts.has:
        since = last and [day for day in bought if day > last.date()]
        figures["complaints_per_purchase"] = divide(len(rows), len(bought))
        figures["purchase_days_count_since_complaint"] = None if since is None else len(since)
    if "complaints.category" in facts.has:
        named = [r["category"] for r in rows if r["category"] is not None]
        figures["complaints_repeated_count"] = len(named) - len(set(named))
    if "complaints.channel" in facts.has:
        figures["complaint_channels_count"] = len({r["channel"] for r in rows} - {None})
    if "transactions.order_id" in facts.has:
        orders = {(r["occurred_at"].date(), r["order_id"]) for r in positive(facts.lines)}
        figures["complaints_per_order"] = divide(len(rows), len(orders))
    return {**figures, **_resolution(rows, facts), **_gravity(rows, facts)}


def _is_open(row: Row, cutoff: datetime) -> bool:
    return row["resolved_at"] is None or row["resolved_at"] >= cutoff


def _took(row: Row) -> int:
    return int((row["resolved_at"].date() - row["opened_at"].date()).days)


def _is_late(row: Row, cutoff: datetime) -> bool:
    promised = row["promised_at"]
    if promised is None:
        return False
    if promised == datetime.combine(promised, datetime.min.time()):
        # A bare date promises the whole day: late is the next midnight or after it.
        promised += timedelta(days=1) - timedelta(microseconds=1)
    came = cutoff if _is_open(row, cutoff) else row["resolved_at"]
    return bool(came > promised)


def _resolution(rows: Sequence[Row], facts: Facts) -> Figures:
    if "complaints.resolved_at" not in facts.has:
        return {}
    cutoff = facts.cutoff
    waiting = [r for r in rows if _is_open(r, cutoff)]
    done = [r for r in rows if not _is_open(r, cutoff)]
    figures: Figures = {
        "complaints_open": len(waiting),
        "complaint_open_age_max": best(
            max, [days_ago(r["opened_at"].date(), cutoff) for r in waiting]
        ),
        "complaints_open_share": divide(len(waiting), len(rows)),
        "complaint_resolution_days_mean": mean([_took(r) for r in done]),
        "complaint_resolution_days_last": best(max, [_took(r) for r in _last(rows) if r in done]),
    }
    if "complaints.promised_at" in facts.has:
        figures["complaints_late_count"] = len([r for r in rows if _is_late(r, cutoff)])
        figures["complaint_delay_days_mean"] = mean(_delays(done))
        figures["complaint_delay_days_last"] = best(
            max, _delays([r for r in _last(rows) if r in done])
        )
    return figures


def _delays(rows: Sequence[Row]) -> list[int]:
    promised = [r for r in rows if r["promised_at"] is not None]
    return [(r["resolved_at"].date() - r["promised_at"].date()).days for r in promised]


def _last(rows: Sequence[Row]) -> list[Row]:
    return [r for r in rows if r["opened_at"] == max(x["opened_at"] for x in rows)]


def _gravity(rows: Sequence[Row], facts: Facts) -> Figures:
    figures: Figures = {}
    if "complaints.severity" in facts.has:
        lately = recent(rows, facts.cutoff, 90, "opened_at")
        figures["complaint_severity_max"] = best(max, [r["severity"] for r in rows])
        figures["complaint_severity_last"] = best(max, [r["severity"] for r in _last(rows)])
        figures["complaint_severity_max_90d"] = best(max, [r["severity"] for r in lately])
    if "complaints.resolved_at" not in facts.has:
        return figures  # When an outcome came to be known cannot be told.
    done = [r for r in rows if not _is_open(r, facts.cutoff)]
    if "complaints.satisfaction" in facts.has:
        figures["complaint_satisfaction_min"] = best(min, [r["satisfaction"] for r in done])
        figures["complaint_satisfaction_last"] = best(
            min, [r["satisfaction"] for r in _last(rows) if r in done]
        )
    if "complaints.compensation" in facts.has:
        figures["complaint_compensation_sum"] = total(r["compensation"] for r in done)
    if "complaints.cost" in facts.has:
        lately = recent(done, facts.cutoff, 365, "opened_at")
        figures["complaint_cost_sum"] = total(r["cost"] for r in done)
        figures["complaint_cost_sum_365d"] = total(r["cost"] for r in lately)
    return figures


def attributes(facts: Facts) -> Figures:
    """Give the company's own columns: text as it is, numbers, and days from a date."""
    figures: Figures = {}
    for column in ("region", "age", "score", "vip", "cutoff"):
        if f"customers.{column}" in facts.has:
            value = (facts.version or {}).get(column)
            figures[f"attribute_{column}"] = _attribute(value, facts.cutoff)
    return figures


def _attribute(value: Any, cutoff: datetime) -> Any:  # noqa: ANN401 - a cell of any type
    if isinstance(value, datetime):
        return days_ago(value.date(), cutoff) if value < cutoff else None
    return value


def version(rows: Sequence[Row], cutoff: datetime, *, dated: bool) -> Row | None:
    """Choose the row of a customer that was valid at the cutoff; the only one where undated."""
    valid = [r for r in rows if not dated or r["valid_from"] < cutoff]
    return max(valid, key=lambda r: r["valid_from"] if dated else 0, default=None)


def is_active(rows: Sequence[Row], cutoff: datetime, days: int) -> bool:
    """Tell whether a customer belongs to the population; ``rows`` are known at the cutoff."""
    return bool(positive(recent(rows, cutoff, days)))


def label(rows: Sequence[Row], opens: datetime, days: int) -> list[Row]:
    """Give the rows of a label window."""
    return [r for r in rows if opens <= r["occurred_at"] < opens + timedelta(days=days)]
