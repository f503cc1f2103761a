"""Life cycle: the length of the relationship, the growth of its depth and breadth, its stage.

The stages are those of relationship management: exploration, formation, stability, decline. The
first that applies holds, so that every customer is in exactly one:

1. *decline*: no purchase for over 365 days; or, after at least 3 purchases, silent for over twice
   the customer's usual time between purchases, or net spend at most half that of the 180 days
   before (growth of depth at or below -1/3);
2. *exploration*: fewer than 3 purchases, or a customer for less than 90 days;
3. *formation*: a customer for less than 365 days, or net spend at least twice that of the 180 days
   before (growth of depth at or above 1/3);
4. *stability*: all others.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
from ibis import ir

from features.catalogue import Feature
from features.family import Columns, Family
from features.windows import just_before, signed_trend, trend, within

_WINDOW = 180
_LOST, _YOUNG, _NEW = 365, 365, 90
_FEW = 3
_OVERDUE = 2
_CHANGE = 1 / 3
"""The trend of a figure that doubles; halved, it is the same below zero."""

STAGES = ("exploration", "formation", "stability", "decline")


def _depth(days: ir.Table) -> Columns:
    return {
        "_net_180d": days["net"].sum(where=within(days, _WINDOW)),
        "_net_before_180d": days["net"].sum(where=just_before(days, _WINDOW)),
    }


def _breadth(kind: str) -> Callable[[ir.Table], Columns]:
    def measure(rows: ir.Table) -> Columns:
        return {
            f"_{kind}_180d": rows.count(where=rows["last_age"] <= _WINDOW),
            f"_{kind}_before_180d": rows.count(where=rows["earlier_180d"]),
        }

    return measure


def _derive(table: ir.Table) -> Columns:
    depth = signed_trend(table["_net_180d"].coalesce(0), table["_net_before_180d"].coalesce(0))
    breadth = {
        f"{kind}_growth_180d": trend(table[f"_{kind}_180d"], table[f"_{kind}_before_180d"])
        for kind in ("products", "categories")
        if f"_{kind}_180d" in table.columns
    }
    active = table["_first_purchase_age"] - table["days_since_purchase"]
    return {"relationship_length_days": active, "depth_growth_180d": depth, **breadth}


def _conclude(table: ir.Table) -> Columns:
    known = table["purchase_days_count"] >= _FEW
    growth = table["depth_growth_180d"].coalesce(0)
    fading = (table["overdue_ratio"].coalesce(0) > _OVERDUE) | (growth <= -_CHANGE)
    tenure = table["tenure_days"].coalesce(0)
    declining = (table["days_since_purchase"].coalesce(0) > _LOST) | (known & fading)
    stage = ibis.cases(
        (declining, "decline"),
        (~known | (tenure < _NEW), "exploration"),
        ((tenure < _YOUNG) | (growth >= _CHANGE), "formation"),
        else_="stability",
    )
    return {"lifecycle_stage": stage}


def _growth(kind: str) -> Feature:
    return Feature(
        f"{kind}_growth_180d",
        "lifecycle",
        "ratio",
        2 * _WINDOW,
        f"Different {kind} of the last 180 days against the 180 days before, from -1 to 1.",
    )


FAMILY = Family(
    name="lifecycle",
    features=(
        Feature(
            "lifecycle_stage",
            "lifecycle",
            "category",
            None,
            "Stage of the relationship. decline: silent for over 365 days, or, from 3 purchases "
            "on, for over twice the usual time, or net spend halved within 180 days. Else "
            "exploration: under 3 purchases or 90 days. Else formation: under 365 days, or net "
            "spend doubled. Else stability.",
            dtype="category",
        ),
        Feature(
            "relationship_length_days",
            "lifecycle",
            "days",
            None,
            "Days from the first purchase to the last.",
        ),
        Feature(
            "depth_growth_180d",
            "lifecycle",
            "ratio",
            2 * _WINDOW,
            "Net amount of the last 180 days against the 180 days before, from -1 to 1.",
        ),
        *[_growth(kind) for kind in ("products", "categories")],
    ),
    aggregates={
        "last_year": _depth,
        "products": _breadth("products"),
        "categories": _breadth("categories"),
    },
    derive=_derive,
    conclude=_conclude,
    needs=("days",),
)
