"""The feature query of a bundle: the batch's own code over the tables that it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
from ibis import ir

from features.asof import Spine
from features.compiled import Compiled
from features.errors import InputError
from features.families import FAMILIES
from features.inputs import unbound
from features.own import load
from features.panel import features_at
from models.bundle import Bundle, check_features
from models.errors import BundleError
from serving.online.membership import telling

SPINE = "spine"
ALWAYS = frozenset({"recorded_at", "valid_from"})
"""Columns that say when a row was known; they are honoured whether the model has them or not."""


@dataclass(frozen=True)
class FeatureQuery:
    """The compiled query, and what it reads.

    Parameters
    ----------
    compiled : Compiled
        Gives ``customer_id``, the two figures of :func:`serving.online.membership.telling`, and
        then those of the bundle's features that come from tables, in their order.
    columns : mapping of str to tuple of str
        The columns that the features are computed from, by table.
    """

    compiled: Compiled
    columns: Mapping[str, tuple[str, ...]]


def feature_query(bundle: Bundle) -> FeatureQuery | None:
    """Compile the features of a bundle over histories, each up to a day of its own.

    None for a model of a flat file, whose customers have no history.

    Raises
    ------
    BundleError
        When this Keepwell computes other features than the bundle was fitted on.
    """
    if not bundle.inputs:
        return None
    spine = ibis.table({"customer_id": "string", "cutoff": "timestamp(6)"}, name=SPINE)
    try:
        tables = unbound(bundle.inputs)
        query = _query(bundle, tables, Spine(spine))
    except InputError as error:
        msg = f"the champion of {bundle.name!r} cannot be used: {error}; run `keepwell train`"
        raise BundleError(msg) from error
    schemas = {name: table.schema() for name, table in {**tables, SPINE: spine}.items()}
    columns = {name: tuple(table.columns) for name, table in tables.items()}
    return FeatureQuery(Compiled(schemas, query), columns)


def _query(bundle: Bundle, tables: Mapping[str, ir.Table], spine: Spine) -> ir.Table:
    made = features_at(tables, spine, load(bundle.families, FAMILIES).families)
    check_features(bundle, made.features)
    # What tells who is in the population is computed whether the model uses it or not.
    known, member = (made.table[name] for name in telling(bundle.definition))
    wanted = {f"feature_{n}": made.table[n] for n in bundle.table_features.names}
    return made.table.select("customer_id", known=known, member=member, **wanted)
