"""Contacts, activities, surveys, referrals and the calendar, naively."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.oracle.naive import (
    Facts,
    Figures,
    Row,
    best,
    change,
    days_ago,
    divide,
    earlier,
    mean,
    recent,
    total,
)


def contacts(facts: Facts) -> Figures:
    """Contacts received, and what had come of them by the cutoff."""
    if "contacts" not in facts.rows:
        return {}
    cutoff = facts.cutoff
    rows = [r for r in facts.rows["contacts"] if r["treated"]]
    windows = {w: recent(rows, cutoff, w, "contacted_at") for w in (30, 90, 365)}
    figures: Figures = {f"contacts_count_{w}d": len(found) for w, found in windows.items()}
    figures["contacts_count"] = len(rows)
    figures["days_since_contact"] = _since(rows, "contacted_at", cutoff)
    monthly = Fraction(30 * len(windows[365]), 365)
    figures["contacts_pressure_30d"] = divide(len(windows[30]), monthly)
    if "contacts.cost" in facts.has:
        figures["contact_cost_sum_365d"] = total(r["cost"] for r in windows[365])
    if "contacts.responded_at" in facts.has:
        figures.update(_responses(rows, facts))
    return figures


def _responses(rows: Sequence[Row], facts: Facts) -> Figures:
    answered = [r for r in rows if r["responded_at"] and r["responded_at"] < facts.cutoff]
    last = best(max, [r["responded_at"] for r in answered])
    figures: Figures = {
        "contact_responses_count": len(answered),
        "contact_response_share": divide(len(answered), len(rows)),
        "days_since_response": _since(answered, "responded_at", facts.cutoff),
        "contacts_unanswered_count": len(
            [r for r in rows if last is None or r["contacted_at"] > last]
        ),
    }
    if "contacts.redeemed_cost" in facts.has:
        redeemed = [r for r in answered if r["redeemed_cost"]]
        figures["contacts_redeemed_count"] = len(redeemed)
        figures["contacts_redeemed_sum"] = total(r["redeemed_cost"] for r in redeemed)
        figures["contacts_redeemed_share"] = divide(len(redeemed), len(rows))
    return figures


def activities(facts: Facts) -> Figures:
    """Activities by window, how long the customer has been silent, and the balance of points."""
    if "activities" not in facts.rows:
        return {}
    everything, cutoff = facts.rows["activities"], facts.cutoff
    rows = [r for r in everything if _amount(r) > 0]
    figures: Figures = {"days_since_activity": _since(rows, "occurred_at", cutoff)}
    for window in (7, 30, 90):
        lately = recent(rows, cutoff, window)
        figures[f"activities_count_{window}d"] = _amounts(lately)
        figures[f"activity_days_count_{window}d"] = len({r["occurred_at"].date() for r in lately})
    for window in (30, 90):
        figures[f"activities_trend_{window}d"] = change(
            _amounts(recent(rows, cutoff, window)), _amounts(earlier(rows, cutoff, window))
        )
    figures.update(_kinds(rows, cutoff))
    if "activities.points_balance" in facts.has:
        figures.update(_points(everything, cutoff))
    return figures


def _amount(row: Row) -> Fraction:
    given = row.get("count")
    return Fraction(1 if given is None else given)


def _amounts(rows: Sequence[Row]) -> Fraction:
    return sum((_amount(r) for r in rows), Fraction(0))


def _kinds(rows: Sequence[Row], cutoff: datetime) -> Figures:
    quarter, year = recent(rows, cutoff, 90), recent(rows, cutoff, 365)
    done, before = {r["kind"] for r in quarter}, {r["kind"] for r in year}
    amounts = {kind: _amounts([r for r in year if r["kind"] == kind]) for kind in sorted(before)}
    main = max(amounts, key=lambda kind: amounts[kind], default=None)
    return {
        "activity_kinds_count_90d": len(done),
        "activity_kinds_lapsed_90d": len(before - done),
        "activity_kind_main_365d": main,
        "activity_kind_share_365d": main and divide(amounts[main], _amounts(year)),
        "days_since_main_activity": _since(
            [r for r in rows if r["kind"] == main], "occurred_at", cutoff
        ),
    }


def _points(rows: Sequence[Row], cutoff: datetime) -> Figures:
    told = [r for r in rows if r["points_balance"] is not None]
    now = _lowest_of_last(told, "occurred_at", "points_balance")
    quarter_ago = cutoff - timedelta(days=90)
    then = _lowest_of_last(
        [r for r in told if r["occurred_at"] < quarter_ago], "occurred_at", "points_balance"
    )
    return {
        "points_balance_last": now,
        "points_balance_change_90d": None if then is None else now - then,
    }


def surveys(facts: Facts) -> Figures:
    """Answers to surveys: the last, the change, the mean."""
    if "surveys" not in facts.rows:
        return {}
    rows, cutoff = facts.rows["surveys"], facts.cutoff
    figures: Figures = {
        "surveys_count": len(rows),
        "surveys_count_365d": len(recent(rows, cutoff, 365, "answered_at")),
        "days_since_survey": _since(rows, "answered_at", cutoff),
    }
    for score in ("nps", "csat"):
        if f"surveys.{score}" in facts.has:
            figures.update(_score([r for r in rows if r[score] is not None], score))
    if "nps_last" in figures:
        last = figures["nps_last"]
        figures["nps_detractor"] = None if last is None else int(last <= 6)
    return figures


def _score(rows: Sequence[Row], score: str) -> Figures:
    moments = sorted({r["answered_at"] for r in rows})
    last = _lowest_of_last(rows, "answered_at", score)
    older = [r for r in rows if r["answered_at"] != moments[-1]]
    before = _lowest_of_last(older, "answered_at", score)
    return {
        f"{score}_last": last,
        f"{score}_change": None if before is None else last - before,
        f"{score}_mean": mean([r[score] for r in rows]),
    }


def referrals(facts: Facts) -> Figures:
    """Referrals made, what those referred brought, and whether the customer was referred."""
    if "referrals" not in facts.rows:
        return {}
    rows, cutoff = facts.rows["referrals"], facts.cutoff
    figures: Figures = {
        f"referrals_count_{w}d": len(recent(rows, cutoff, w)) for w in (30, 90, 365)
    }
    figures["referrals_count"] = len(rows)
    figures["days_since_referral"] = _since(rows, "occurred_at", cutoff)
    figures["was_referred"] = int(len(facts.referred_by) > 0)
    if "transactions" in facts.rows:
        value = sum(
            total(line["amount"] for line in recent(facts.lines_of(who), cutoff, 365))
            for who in {r["referred_id"] for r in rows}
        )
        figures["referred_value_sum_365d"] = value
        figures["value_influence"] = value * figures["referrals_count_365d"]
    return figures


def calendar(facts: Facts) -> Figures:
    """Season of the cutoff."""
    first = datetime(facts.cutoff.year, 1, 1)  # noqa: DTZ001 - local time, as in the tables
    angle = 2 * math.pi * (facts.cutoff - first).days / 365.25
    return {
        "calendar_month": facts.cutoff.month,
        "calendar_year_sin": math.sin(angle),
        "calendar_year_cos": math.cos(angle),
    }


def _since(rows: Sequence[Row], time: str, cutoff: datetime) -> int | None:
    moments = [r[time] for r in rows]
    return days_ago(max(moments).date(), cutoff) if moments else None


def _lowest_of_last(rows: Sequence[Row], time: str, column: str) -> Any:  # noqa: ANN401
    newest = best(max, [r[time] for r in rows])
    return best(min, [r[column] for r in rows if r[time] == newest])
