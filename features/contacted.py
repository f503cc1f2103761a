"""Contacts as snapshots: who was to be addressed, what was known of them, what became of them.

A contact's features are those at the midnight that begins its day, as every score has them, so
that nothing since the contact is in them. Its label windows count from the contact itself. Only
contacts whose windows have ended are taken, of customers who were in the population by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd
from ibis import ir

from features.asof import Spine, has_ended
from features.catalogue import FeatureSet
from features.family import Family
from features.grains import Tables
from features.keeping import export
from features.labels import Target, labels
from features.panel import features_at
from features.population import present

_ID = ("contacted_at", "action", "customer_id")


def contacted(tables: Tables, target: Target, active_within: int, as_of: date) -> ir.Table:
    """Give the contacts with known outcome.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        Canonical, with ``contacts``; only what is known as of then.
    target : Target
    active_within : int
        Days; the population's.
    as_of : date

    Returns
    -------
    ibis Table
        A row a contact: ``customer_id``, ``contacted_at``, ``action``, ``treated``, ``cutoff`` (the
        midnight before), ``churned``, ``value`` and, where redemptions are recorded, ``redeemed``.
    """
    rows = _ended(tables["contacts"], target, as_of)
    days = rows.select("customer_id", "cutoff").distinct()
    here = present(tables, Spine(days), target.kind, active_within).table
    moments = rows.select("customer_id", cutoff="contacted_at").distinct()
    told = labels(tables, Spine(moments), target).select(
        _whose="customer_id", _since="cutoff", churned="churned", value="value"
    )
    known = here.select(_who="customer_id", _day="cutoff")
    # By name: columns that come from one table would be taken for one another.
    joined = rows.inner_join(known, [("customer_id", "_who"), ("cutoff", "_day")])
    joined = joined.inner_join(told, [("customer_id", "_whose"), ("contacted_at", "_since")])
    return joined.drop("_who", "_day", "_whose", "_since")


def write_contacted(
    tables: Tables, rows: ir.Table, path: Path, own: Sequence[Family] = ()
) -> FeatureSet:
    """Write contacts with their features to a Parquet file, the oldest first.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        As in :func:`contacted`.
    rows : ibis Table
        What that gave, or a part of it, kept in the engine.
    path : Path
    own : sequence of Family
        The company's own families.
    """
    made = features_at(tables, Spine(rows.select("customer_id", "cutoff").distinct()), own)
    known = made.table.rename(_who="customer_id", _day="cutoff")
    joined = rows.inner_join(known, [("customer_id", "_who"), ("cutoff", "_day")])
    table = joined.drop("_who", "_day").order_by(*_ID)
    backend = table.get_backend()
    export(str(backend.compile(table)), table.schema().to_pyarrow(), path, backend)
    return made.features


def last_contacts(tables: Tables) -> pd.DataFrame:
    """Give when each customer was contacted last, in either arm.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        Canonical; only what is known.

    Returns
    -------
    DataFrame
        ``customer_id`` and ``contacted_at``; no rows without ``contacts``.
    """
    if "contacts" not in tables:
        return pd.DataFrame({"customer_id": [], "contacted_at": []})
    rows = tables["contacts"]
    newest = rows.group_by("customer_id").aggregate(contacted_at=rows["contacted_at"].max())
    found: pd.DataFrame = newest.to_pandas()
    return found


def _ended(contacts: ir.Table, target: Target, as_of: date) -> ir.Table:
    """Take each contact once, where its windows have ended."""
    rows = contacts.filter(has_ended(contacts["contacted_at"], target.reach, as_of))
    measures = {"treated": rows["treated"].any(), "_day": rows["contacted_at"].min().truncate("D")}
    if "redeemed_cost" in rows.columns:
        measures["redeemed"] = (rows["redeemed_cost"] > 0).any().coalesce(False)
    found = rows.group_by(*_ID).aggregate(**measures)
    return found.mutate(cutoff=found["_day"].cast("timestamp(6)")).drop("_day")
