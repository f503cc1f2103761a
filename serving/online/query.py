"""The feature query of a bundle: the batch's own code over tables of the bundle's columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis

from features.asof import Spine
from features.catalogue import Feature, FeatureSet
from features.columns import LAYOUTS
from features.compiled import Compiled
from features.panel import features_at
from models.bundle import Bundle, check_features

SPINE = "spine"
SILENCE = "days_since_purchase"
"""Tells who is in the population; computed whether the model uses it or not."""

_ATTRIBUTE = "attribute_"
ALWAYS = frozenset({"recorded_at", "valid_from"})
"""Columns that feed no feature of their own, but say when a row was known."""

FED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("transactions", "order_id"): ("orders_count_", "order_value_mean_"),
    ("transactions", "product_id"): ("products_",),
    ("transactions", "category"): ("categories_",),
    ("transactions", "quantity"): ("units_mean_",),
    ("transactions", "discount"): ("discount_share_",),
    ("customers", "joined_at"): ("days_to_first_purchase",),
    ("complaints", "promised_at"): ("complaints_late_",),
    ("complaints", "resolved_at"): (
        "complaints_open",
        "complaint_open_",
        "complaint_resolution_",
        "complaints_late_",
        "complaint_satisfaction_",
        "complaint_compensation_",
    ),
    ("complaints", "category"): ("complaints_repeated_",),
    ("complaints", "severity"): ("complaint_severity_",),
    ("complaints", "satisfaction"): ("complaint_satisfaction_",),
    ("complaints", "compensation"): ("complaint_compensation_",),
}
"""How the features begin that there would not be without an optional column."""

_TYPES = {"category": "string", "days": "timestamp(6)", "number": "float64"}


@dataclass(frozen=True)
class FeatureQuery:
    """The compiled query, and what it reads.

    Parameters
    ----------
    compiled : Compiled
        Gives ``customer_id``, the days of silence and then the bundle's features in their order.
    columns : mapping of str to tuple of str
        The columns that the features need, by table; only tables that they need.
    """

    compiled: Compiled
    columns: Mapping[str, tuple[str, ...]]


def feature_query(bundle: Bundle) -> FeatureQuery:
    """Compile the features of a bundle over histories, each up to a day of its own.

    Raises
    ------
    BundleError
        When this Keepwell computes other features than the bundle was fitted on.
    """
    columns = mapped(bundle.features)
    tables = {name: ibis.table(types, name=name) for name, types in columns.items()}
    spine = ibis.table({"customer_id": "string", "cutoff": "timestamp(6)"}, name=SPINE)
    made = features_at(tables, Spine(spine))
    check_features(bundle, made.features)
    wanted = {f"feature_{n}": made.table[n] for n in bundle.features.names}
    query = made.table.select("customer_id", silence=made.table[SILENCE], **wanted)
    schemas = {name: table.schema() for name, table in {**tables, SPINE: spine}.items()}
    return FeatureQuery(Compiled(schemas, query), {n: tuple(c) for n, c in columns.items()})


def attributes(features: FeatureSet) -> dict[str, str]:
    """Give the kind of each attribute of a bundle: "category", "days" or "number"."""
    own = [f for f in features if f.family == "attributes"]
    return {f.name.removeprefix(_ATTRIBUTE): _kind(f) for f in own}


def _kind(feature: Feature) -> str:
    if feature.dtype == "category":
        return "category"
    return "days" if feature.unit == "days" else "number"


def mapped(features: FeatureSet) -> dict[str, dict[str, str]]:
    """Give the tables and columns that features were computed from, with their Ibis types.

    A column that only adds knowledge where it is given (``recorded_at``, ``valid_from``) is always
    there. One whose features the bundle lacks is not: ``joined_at`` would change ``tenure_days``,
    and the others cost time.
    """
    own = {c: _TYPES[kind] for c, kind in attributes(features).items()}
    found = {
        name: {c: kind.dtype for c, kind in layout.columns.items() if _used(features, name, c)}
        for name, layout in LAYOUTS.items()
    }
    found["customers"] |= own
    if not (own or "joined_at" in found["customers"]):
        del found["customers"]
    if all(f.family != "complaints" for f in features):
        del found["complaints"]
    return found


def _used(features: FeatureSet, table: str, column: str) -> bool:
    if column in LAYOUTS[table].required or column in ALWAYS:
        return True
    return any(name.startswith(FED.get((table, column), ())) for name in features.names)
