"""Loyalty: the measures of the literature, each left out where the tables cannot tell.

Referrals and the share of wallet are families of their own; the type of loyalty is in
:mod:`features.loyalty_type`.
"""

from __future__ import annotations

import ibis
from ibis import ir

from features.catalogue import Feature, Reason
from features.family import Columns, Family
from features.grains import PERIOD
from features.loyalty_type import TYPES, loyalty
from features.windows import ratio, signed_trend, within

_YEAR = 365


def _from_days(days: ir.Table) -> Columns:
    # A period that has not ended may yet see a repeat purchase: only complete ones count.
    repeated = days.count(where=days["period_left"] <= days["age"])
    gaps = {f"_gap_{n}": days["gap"].mean(where=where) for n, where in _offers(days).items()}
    return {"_repeat_periods": repeated, **gaps}


def _offers(days: ir.Table) -> dict[str, ir.BooleanValue]:
    """Tell apart the purchases of the last year on offer and those at the full price."""
    if "promoted" not in days.columns:
        return {}
    recent, promoted = within(days, _YEAR) & days["bought"], days["promoted"]
    return {"offer": recent & promoted, "full": recent & ~promoted}


def _promotions(days: ir.Table) -> Columns:
    if "promoted" not in days.columns:
        return {}
    offers = _offers(days)
    recent = within(days, _YEAR) & days["bought"]
    measures: Columns = {
        "_full_spend": days["full_spend"].sum(where=recent),
        "_promoted_days": days.count(where=offers["offer"]),
    }
    if "units" in days.columns:
        units = days["units"]
        for name, where in offers.items():
            measures[f"_units_{name}"] = units.sum(where=where)
            measures[f"_units_{name}_days"] = days.count(where=where & units.notnull())
    return measures


def _from_activities(activities: ir.Table) -> Columns:
    return {"_first_activity_age": activities["age"].max()}


def _from_complaints(days: ir.Table) -> Columns:
    return {
        "_came_back_age": days["age"].max(where=days["bought"]),
        "_gap_sum_since_complaint": days["gap"].sum(),
        "_gaps_since_complaint": days["gap"].count(),
    }


def _from_wallets(periods: ir.Table) -> Columns:
    rank, share = periods["rank"], periods["share"]
    return {
        "_wallet_share_last": share.max(where=rank == 0),
        "_wallet_share_before": share.max(where=rank == 1),
    }


def _derive(table: ir.Table) -> Columns:
    periods = table["_first_purchase_age"] // PERIOD
    derived: Columns = {"repeat_rate": ratio(table["_repeat_periods"].coalesce(0), periods)}
    if "categories_count_365d" in table.columns:
        further = table["categories_count_365d"] - 1
        derived["crossbuy_count_365d"] = ibis.greatest(further, 0)
        derived["crossbuy_entropy_365d"] = table["categories_entropy_365d"]
    if "_wallet_share_last" in table.columns:
        kept = ratio(table["_wallet_share_last"], table["_wallet_share_before"])
        derived["rival_indifference"] = ibis.ifelse(kept > 1, 1.0, kept)
    if "_first_activity_age" in table.columns:
        took = table["_first_activity_age"] - table["_first_purchase_age"]
        derived["choice_time"] = ibis.ifelse(took >= 0, took, ibis.null(took.type()))
    if "_came_back_age" in table.columns:
        derived["complaint_tolerance"] = _tolerance(table)
    return {**derived, **_prices(table)}


def _tolerance(table: ir.Table) -> ir.Value:
    # What is usual is what was so before the complaint: the wait after it must not excuse itself.
    gaps = table["_gaps"] - table["_gaps_since_complaint"].coalesce(0)
    waits = table["_gap_sum"] - table["_gap_sum_since_complaint"].coalesce(0)
    passed, limit = table["days_since_complaint"], 2 * ratio(waits, gaps)
    # Who has not bought yet may still do so in time: unknown until that time has passed.
    return ibis.cases((passed - table["_came_back_age"] <= limit, 1), (passed > limit, 0))


def _prices(table: ir.Table) -> Columns:
    if "_promoted_days" not in table.columns:
        return {}
    share = ratio(table["_promoted_days"], table["purchase_days_count_365d"])
    derived: Columns = {
        "price_insensitivity": ratio(table["_full_spend"], table["spend_sum_365d"]),
        "promotion_dependence_365d": share,
        "price_response_gap_365d": signed_trend(table["_gap_full"], table["_gap_offer"]),
    }
    if "_units_offer" in table.columns:
        offer, full = (
            ratio(table[f"_units_{name}"], table[f"_units_{name}_days"])
            for name in ("offer", "full")
        )
        derived["price_response_quantity_365d"] = signed_trend(offer, full)
    return derived


def _measure(
    name: str, unit: str, doc: str, reason: Reason | None = None, window: int | None = None
) -> Feature:
    empty = 0 if "_count_" in name else None
    return Feature(name, "loyalty", unit, window, doc, reason, empty=empty)


_RIVAL = "price or a rival's offer"

_MEASURES = (
    _measure(
        "repeat_rate",
        "share",
        "Share of the complete periods of 30 days since the first purchase with another one.",
        Reason(
            "bought again in only {repeat_rate:percent} of months",
            "changed needs",
            "low",
            gauge="repeat_rate",
            beyond=0.5,
        ),
    ),
    _measure(
        "crossbuy_count_365d",
        "categories",
        "Categories bought besides the main one in the last 365 days.",
        window=_YEAR,
    ),
    _measure(
        "crossbuy_entropy_365d",
        "nats",
        "Shannon entropy of the categories in the purchase days of the last 365 days.",
        window=_YEAR,
    ),
    _measure(
        "rival_indifference",
        "share",
        "Part of the share of wallet that was kept from the last but one to the last observed "
        "wallet, 1 where it grew; our spend over the days that a wallet covers.",
        Reason(
            "the share of wallet fell to {rival_indifference:percent} of what it was",
            _RIVAL,
            "low",
            gauge="rival_indifference",
            beyond=0.95,
        ),
    ),
    _measure(
        "price_insensitivity",
        "share",
        "Share of the spend of the last 365 days in lines without a discount.",
        Reason("spends only {price_insensitivity:percent} at full price", _RIVAL, "low"),
    ),
    _measure(
        "promotion_dependence_365d",
        "share",
        "Share of the purchase days of the last 365 days with a discount.",
        Reason(
            "bought on promotion on {promotion_dependence_365d:percent} of days with a purchase",
            _RIVAL,
            "high",
        ),
        window=_YEAR,
    ),
    _measure(
        "price_response_quantity_365d",
        "ratio",
        "Mean quantity on days with a discount against days without one, last 365 days, "
        "from -1 to 1; above 0, more is bought on discount.",
        window=_YEAR,
    ),
    _measure(
        "price_response_gap_365d",
        "ratio",
        "Mean days waited before a purchase at full price against one with a discount, "
        "last 365 days, from -1 to 1; above 0, discounts are bought sooner.",
        window=_YEAR,
    ),
    _measure(
        "choice_time",
        "days",
        "Days from the first activity to the first purchase; unknown where that came first.",
        Reason(
            "took {choice_time:days} from the first activity to the first purchase",
            "awkward process",
            "high",
            gauge="choice_time",
            beyond=0.5,
        ),
    ),
    _measure(
        "complaint_tolerance",
        "share",
        "Whether the customer bought again after the last complaint within twice the time "
        "usual between purchases before it: 1 or 0; unknown until that time has passed.",
        Reason(
            "did not buy again in time after the complaint {days_since_complaint:days} ago",
            "complaint unanswered or slow",
            "low",
            gauge="complaint_tolerance",
            beyond=0.5,
        ),
    ),
)

FAMILY = Family(
    name="loyalty",
    features=(*_MEASURES, *TYPES),
    aggregates={
        "days": _from_days,
        "last_year": _promotions,
        "activities": _from_activities,
        "days_since_complaint": _from_complaints,
        "wallet_periods": _from_wallets,
    },
    derive=_derive,
    conclude=loyalty,
    needs=("days",),
)
