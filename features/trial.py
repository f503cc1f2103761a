"""A company's own families are tried before a model learns from them: sound figures, no future."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis import ir
from numpy.typing import NDArray

from features.asof import KEYS, Spine, before, without_outcomes
from features.catalogue import Feature
from features.columns import LAYOUTS
from features.errors import InputError
from features.own import Own
from features.panel import features_at
from features.sources import mendable
from features.tables import Tables

_OUTCOMES = {
    "complaints": ("resolved_at", ("satisfaction", "compensation", "cost")),
    "contacts": ("responded_at", ("redeemed_cost",)),
    "subscriptions": ("ended_at", ()),
}
"""When an outcome came, and the columns that hold it, by table."""

_SHOWN = 3


def try_out(own: Own, tables: Tables, spine: Spine) -> None:
    """Compute own features as of a cutoff with and without what came later, and compare.

    Parameters
    ----------
    own : Own
    tables : mapping of str to ibis Table
        Canonical tables that go on beyond the cutoff.
    spine : Spine
        Snapshots of one cutoff.

    Raises
    ------
    InputError
        When a feature knows the future, is not finite, or cannot be computed.
    """
    if not own.families or spine.cutoff is None:
        return
    whole = _computed(own, tables, spine)
    past = _computed(own, as_known(tables, spine.cutoff), spine)
    for feature in (f for family in own.families for f in family.features):
        if feature.name in whole.columns:
            _check_finite(feature, whole)
            _check_past(feature, whole, past, spine.cutoff)


def check_built(own: Own, tables: Tables) -> None:
    """Write the query of own features over some tables, without running it.

    Raises
    ------
    InputError
        When a family makes a mistake.
    """
    if own.families:
        nobody = ibis.table({"customer_id": "string", "cutoff": "timestamp(6)"}, name="spine")
        features_at(tables, Spine(nobody), own.families)


def as_known(tables: Tables, cutoff: date) -> Tables:
    """Give the tables as they were at midnight of a day, outcomes included."""
    return {name: _as_known(name, table, cutoff) for name, table in tables.items()}


def _as_known(name: str, table: ir.Table, cutoff: date) -> ir.Table:
    if name not in LAYOUTS:
        return table
    at = LAYOUTS[name].known_from(table.columns)
    rows = before(table, cutoff, at) if at else table
    happened_at, outcomes = _OUTCOMES.get(name, ("", ()))
    # Where rows say when they were recorded, an end that lies ahead may well be known.
    ahead = name == "subscriptions" and "recorded_at" in rows.columns
    if ahead or happened_at not in rows.columns:
        return rows
    return without_outcomes(rows, cutoff, happened_at, outcomes)


def _computed(own: Own, tables: Tables, spine: Spine) -> pd.DataFrame:
    made = features_at(tables, spine, own.families)
    names = [f.name for family in own.families for f in family.features]
    kept = [n for n in names if n in made.features.names]
    with mendable(f"the families of {', '.join(own.sources)}"):
        frame: pd.DataFrame = made.table.select("customer_id", *kept).to_pandas()
    customers = spine.table.count().to_pyarrow().as_py()
    if len(frame) != customers:
        raise InputError(
            f"the families of {', '.join(own.sources)} give {len(frame):,} rows for {customers:,} "
            f"customers; give one row a snapshot: aggregate by {' and '.join(KEYS)}"
        )
    return frame.set_index("customer_id").sort_index()


def _check_finite(feature: Feature, frame: pd.DataFrame) -> None:
    if feature.dtype == "category":
        return
    infinite = frame.index[np.isinf(frame[feature.name].to_numpy(np.float64))]
    if len(infinite):
        raise InputError(
            f"{feature.name} of {feature.family} is infinite for {len(infinite):,} customers, such "
            f"as {_some(infinite)}; give null where a ratio has no divisor: nullif(0)"
        )


def _check_past(feature: Feature, whole: pd.DataFrame, past: pd.DataFrame, cutoff: date) -> None:
    remedy = (
        "take rows with known(), and outcomes with until(), of features.asof, which leave out "
        "what was not known"
    )
    if feature.name not in past.columns:
        raise InputError(f"{feature.name} of {feature.family} is absent as of {cutoff}; {remedy}")
    differs = ~_same(whole[feature.name], past[feature.name])
    if differs.any():
        customers = whole.index[differs]
        raise InputError(
            f"{feature.name} of {feature.family} knows its own future: as of {cutoff} it changes "
            f"for {len(customers):,} of {len(whole):,} customers, such as {_some(customers)}, when "
            f"what happened from then on is left out; {remedy}"
        )


def _same(one: pd.Series[Any], other: pd.Series[Any]) -> NDArray[np.bool_]:
    if one.dtype == object:
        return np.asarray((one == other) | (one.isna() & other.isna()))
    figures = one.to_numpy(np.float64), other.to_numpy(np.float64)
    return np.asarray(np.isclose(*figures, rtol=1e-9, atol=1e-9, equal_nan=True))


def _some(customers: pd.Index[Any]) -> str:
    return ", ".join(map(str, customers[:_SHOWN]))
