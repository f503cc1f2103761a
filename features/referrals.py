"""Referrals: whom the customer brought, and what those brought in turn.

The value of those referred is the net amount of their transactions in the last 365 days, each of
them counted once however often referred. ``value_influence`` is that value times the referral
rate, the referrals made in the same 365 days: who keeps bringing good customers has much of it.
"""

from __future__ import annotations

from ibis import ir

from features.catalogue import Feature
from features.family import Columns, Family
from features.windows import within

_WINDOWS = (30, 90, 365)


def _made(rows: ir.Table) -> Columns:
    counts = {f"referrals_count_{w}d": within(rows, w).sum() for w in _WINDOWS}
    return {
        **counts,
        "referrals_count": rows.count(),
        "days_since_referral": rows["age"].min(),
    }


def _value(lines: ir.Table) -> Columns:
    return {"referred_value_sum_365d": lines["amount"].sum()}


def _origin(rows: ir.Table) -> Columns:
    return {"_referred_by": rows.count()}


def _derive(table: ir.Table) -> Columns:
    # Nobody's referral is a fact, where the table of them is there.
    derived: Columns = {"was_referred": (table["_referred_by"].coalesce(0) > 0).cast("int8")}
    if "referred_value_sum_365d" in table.columns:
        value = table["referred_value_sum_365d"].cast("float64")
        derived["value_influence"] = value * table["referrals_count_365d"]
    return derived


def _feature(
    name: str, unit: str, doc: str, *, window: int | None = None, empty: float | None = None
) -> Feature:
    # None gives a reason: that somebody refers nobody tells nothing about leaving by itself.
    return Feature(name, "referrals", unit, window, doc, empty=empty)


FAMILY = Family(
    name="referrals",
    features=(
        *[
            _feature(
                f"referrals_count_{w}d",
                "referrals",
                f"Referrals made in the last {w} days.",
                window=w,
                empty=0,
            )
            for w in _WINDOWS
        ],
        _feature("referrals_count", "referrals", "Referrals ever made.", empty=0),
        _feature("days_since_referral", "days", "Days since the last referral was made."),
        _feature(
            "referred_value_sum_365d",
            "currency",
            "Net amount that those ever referred brought in the last 365 days.",
            window=365,
            empty=0,
        ),
        _feature(
            "value_influence",
            "currency",
            "Value of those referred times the referrals made in the last 365 days.",
        ),
        _feature("was_referred", "flag", "Whether somebody referred the customer: 1 or 0."),
    ),
    aggregates={"referrals": _made, "referred": _value, "referred_by": _origin},
    derive=_derive,
    needs=("referrals",),
)
