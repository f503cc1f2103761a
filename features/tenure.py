"""Tenure: how long the relationship has lasted."""

from __future__ import annotations

from ibis import ir

from features.asof import days_between
from features.catalogue import Feature, Reason
from features.family import Columns, Family


def _from_days(days: ir.Table) -> Columns:
    return {
        "_first_purchase_age": days["age"].max(where=days["bought"]),
        "_first_spend": days["spend"].sum(where=days["bought"] & days["gap"].isnull()),
    }


def _from_customers(customers: ir.Table) -> Columns:
    if "joined_at" not in customers.columns:
        return {}
    joined = customers["joined_at"]
    age = days_between(joined, customers["cutoff"])
    return {"_joined_age": age.max(where=joined < customers["cutoff"])}


def _derive(table: ir.Table) -> Columns:
    if "_first_purchase_age" not in table.columns:
        joined = "_joined_age" in table.columns
        return {"tenure_days": table["_joined_age"]} if joined else {}
    first = table["_first_purchase_age"]
    derived: Columns = {"tenure_days": first, "spend_first": table["_first_spend"]}
    if "_joined_age" in table.columns:
        derived["tenure_days"] = table["_joined_age"].coalesce(first)
        derived["days_to_first_purchase"] = table["_joined_age"] - first
    active = (first - table["days_since_purchase"]).cast("float64")
    return {**derived, "active_share_of_tenure": active / first.cast("float64").nullif(0)}


FAMILY = Family(
    name="tenure",
    features=(
        Feature(
            "tenure_days",
            "tenure",
            "days",
            None,
            "Days since the customer joined, or else since the first purchase.",
            Reason("a customer for {tenure_days:only days}", "changed needs", "low"),
        ),
        Feature(
            "days_to_first_purchase",
            "tenure",
            "days",
            None,
            "Days from joining to the first purchase.",
            Reason(
                "took {days_to_first_purchase:days} from joining to the first purchase",
                "awkward process",
                "high",
                gauge="days_to_first_purchase",
                beyond=0.5,
            ),
        ),
        Feature(
            "spend_first",
            "tenure",
            "currency",
            None,
            "Spend on the day of the first purchase.",
        ),
        Feature(
            "active_share_of_tenure",
            "tenure",
            "share",
            None,
            "Share of the time since the first purchase that lies before the last one.",
        ),
    ),
    aggregates={"days": _from_days, "customers": _from_customers},
    derive=_derive,
)
