"""The life cycle, the measures of loyalty and its type, naively."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
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
    gaps,
    mean,
    positive,
    purchases,
    recent,
    spend,
    total,
)
from tests.oracle.naive_mix import entropy, signed


def lifecycle(facts: Facts) -> Figures:
    """Length, growth and stage of the relationship."""
    if "transactions.amount" not in facts.has:
        return {}
    now, before = recent(facts.lines, facts.cutoff, 180), earlier(facts.lines, facts.cutoff, 180)
    days = purchases(facts.lines)
    growth = signed(total(r["amount"] for r in now), total(r["amount"] for r in before))
    figures: Figures = {
        "lifecycle_stage": _stage(days, growth, facts),
        "relationship_length_days": (days[-1] - days[0]).days if days else None,
        "depth_growth_180d": growth,
    }
    for kind, column in (("products", "product_id"), ("categories", "category")):
        if f"transactions.{column}" in facts.has:
            counts = [len({r[column] for r in positive(w)} - {None}) for w in (now, before)]
            figures[f"{kind}_growth_180d"] = change(*counts)
    return figures


def _stage(days: list[date], growth: Fraction | None, facts: Facts) -> str:
    silent = days_ago(days[-1], facts.cutoff) if days else 0
    overdue = divide(silent, mean(gaps(days))) or 0
    joined = (facts.version or {}).get("joined_at")
    began = joined.date() if joined is not None and joined < facts.cutoff else None
    if began is None and days:
        began = days[0]
    age = 0 if began is None else days_ago(began, facts.cutoff)
    growth = growth or Fraction(0)
    if silent > 365 or (len(days) >= 3 and (overdue > 2 or growth <= Fraction(-1, 3))):
        return "decline"
    if len(days) < 3 or age < 90:
        return "exploration"
    if age < 365 or growth >= Fraction(1, 3):
        return "formation"
    return "stability"


def loyalty(facts: Facts) -> Figures:
    """Give the measures of loyalty that the tables can tell, and its type."""
    if "transactions.amount" not in facts.has:
        return {}
    days = purchases(facts.lines)
    figures: Figures = {"repeat_rate": _repeat_rate(days, facts.cutoff), **_prices(facts)}
    if "transactions.category" in facts.has:
        year = positive(recent(facts.lines, facts.cutoff, 365))
        named = {r["category"] for r in year} - {None}
        figures["crossbuy_count_365d"] = max(len(named) - 1, 0)
        figures["crossbuy_entropy_365d"] = entropy(year)
    if "wallets" in facts.rows:
        figures["rival_indifference"] = _indifference(facts)
    if "activities" in facts.rows:
        done = [r for r in facts.rows["activities"] if r.get("count") != 0]
        active = [r["occurred_at"].date() for r in done]
        chosen = (days[0] - min(active)).days if days and active else -1
        figures["choice_time"] = chosen if chosen >= 0 else None
    if facts.complaints is not None:
        figures["complaint_tolerance"] = _tolerance(days, facts)
    kind, evidence = _type(figures, facts)
    return {**figures, "loyalty_type": kind, "loyalty_evidence": evidence}


def _repeat_rate(days: list[date], cutoff: datetime) -> Fraction | None:
    if not days:
        return None
    repeated, start = [], days[0]
    while start + timedelta(days=30) <= cutoff.date():
        end = start + timedelta(days=30)
        repeated.append(any(start <= day < end for day in days[1:]))
        start = end
    return divide(sum(repeated), len(repeated))


def _prices(facts: Facts) -> Figures:
    if "transactions.discount" not in facts.has:
        return {}
    lines = positive(recent(facts.lines, facts.cutoff, 365))
    offers = [r for r in lines if r["discount"] is not None and r["discount"] > 0]
    on_offer = set(purchases(offers))
    days = purchases(lines)
    waited: dict[bool, list[int]] = {True: [], False: []}
    ever = purchases(facts.lines)
    for day, gap in zip(ever[1:], gaps(ever), strict=True):
        if day in days:
            waited[day in on_offer].append(gap)
    figures: Figures = {
        "price_insensitivity": divide(spend(lines) - spend(offers), spend(lines)),
        "promotion_dependence_365d": divide(len(on_offer), len(days)),
        "price_response_gap_365d": signed(mean(waited[False]), mean(waited[True])),
    }
    if "transactions.quantity" in facts.has:
        sides = (
            [r for r in lines if (r["occurred_at"].date() in on_offer) is side]
            for side in (True, False)
        )
        figures["price_response_quantity_365d"] = signed(*(_quantity(side) for side in sides))
    return figures


def _quantity(lines: Sequence[Row]) -> Fraction | None:
    said = [r for r in lines if r["quantity"] is not None]
    return divide(total(r["quantity"] for r in said), len(purchases(said)))


def _indifference(facts: Facts) -> Fraction | None:
    newest = sorted(
        facts.rows["wallets"],
        key=lambda r: (r["observed_at"], r["period_days"], r["amount"]),
        reverse=True,
    )
    if len(newest) < 2:
        return None
    last, before = (_share(wallet, facts.lines) for wallet in newest[:2])
    kept = divide(last, before)
    return None if kept is None else min(kept, Fraction(1))


def _share(wallet: Row, lines: Sequence[Row]) -> Fraction | None:
    end = datetime.combine(wallet["observed_at"], datetime.min.time())
    spent = spend(recent(lines, end, int(wallet["period_days"])))
    return divide(spent, max(spent, Fraction(wallet["amount"])))


def _tolerance(days: list[date], facts: Facts) -> int | None:
    last = max((r["opened_at"].date() for r in facts.complaints or ()), default=None)
    usual = None if last is None else mean(gaps([day for day in days if day <= last]))
    if last is None or usual is None:
        return None
    again = [(day - last).days for day in days if day > last]
    if again and min(again) <= 2 * usual:
        return 1
    return 0 if days_ago(last, facts.cutoff) > 2 * usual else None


def _at_least(value: Any, least: Fraction | int) -> bool:  # noqa: ANN401 - None or a number
    return value is not None and value >= least


def _at_most(value: Any, most: Fraction | int) -> bool:  # noqa: ANN401 - None or a number
    return value is not None and value <= most


def _type(figures: Figures, facts: Facts) -> tuple[str, str]:
    rate, half = figures["repeat_rate"], Fraction(1, 2)
    repeats = _at_least(rate, half)
    score = _last_nps(facts)
    attached = "referrals" if facts.rows.get("referrals") else None
    attached = attached or ("promoter" if _at_least(score, 9) else None)
    tolerant = repeats and figures.get("complaint_tolerance") == 1
    unhappy = _at_most(score, 6) or _is_waiting(facts)
    cheap = _at_most(figures.get("price_insensitivity"), Fraction(1, 5))
    on_offer = _at_least(figures.get("promotion_dependence_365d"), half)
    table = [
        (cheap, "price", "full-price share"),
        (on_offer, "incentive", "promotion share"),
        (repeats and attached, "trust", attached),
        (tolerant, "trust", "complaint tolerance"),
        (rate is not None and attached, "latent", attached),
        (unhappy and _has_all(facts), "monopoly", "wallet share"),
        (repeats, "inertia", "repeat rate"),
        (True, "none", "none"),
    ]
    return next((kind, str(evidence)) for holds, kind, evidence in table if holds)


def _last_nps(facts: Facts) -> float | None:
    if "surveys.nps" not in facts.has:
        return None
    said = [r for r in facts.rows["surveys"] if r["nps"] is not None]
    last = max((r["answered_at"] for r in said), default=None)
    return best(min, [r["nps"] for r in said if r["answered_at"] == last])  # type: ignore[no-any-return]


def _has_all(facts: Facts) -> bool:
    wallets = facts.rows.get("wallets", ())
    last = max((w["observed_at"] for w in wallets), default=None)
    yearly = [
        Fraction(w["amount"]) * 365 / Fraction(w["period_days"])
        for w in wallets
        if w["observed_at"] == last
    ]
    spent = spend(recent(facts.lines, facts.cutoff, 365))
    return _at_least(divide(spent, best(max, yearly)), Fraction(9, 10))


def _is_waiting(facts: Facts) -> bool:
    if "complaints.resolved_at" not in facts.has:
        return False
    done = [r["resolved_at"] for r in facts.complaints or ()]
    return any(moment is None or moment >= facts.cutoff for moment in done)
