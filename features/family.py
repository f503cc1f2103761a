"""A family of features, and how families become one table of snapshots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ibis import ir

from features.asof import KEYS, Spine
from features.catalogue import Feature, FeatureSet
from features.grains import GRAINS, Grain, Tables

Columns = dict[str, ir.Value]


@dataclass(frozen=True)
class Family:
    """Features that are computed together.

    Parameters
    ----------
    name : str
        Stands in each of its features.
    features : tuple of Feature
        All that it can compute; those whose columns the tables lack are left out.
    aggregates : mapping of str to callable
        Grain name to a function from the grain's rows to aggregate expressions. Names that are
        not features are intermediate figures for ``derive``.
    derive : callable, optional
        From the joined aggregates of all families to further columns.
    conclude : callable, optional
        From what all families aggregated and derived to columns that need both.
    needs : tuple of str
        Grains without which ``derive`` and ``conclude`` have nothing to work on: they are skipped
        where the tables give no rows of one of them.
    grains : mapping of str to callable
        Rows of its own to aggregate, beside those of :data:`features.grains.GRAINS`.
    """

    name: str
    features: tuple[Feature, ...]
    aggregates: Mapping[str, Callable[[ir.Table], Columns]] = field(default_factory=dict)
    derive: Callable[[ir.Table], Columns] = field(default=lambda _: {})
    conclude: Callable[[ir.Table], Columns] = field(default=lambda _: {})
    needs: tuple[str, ...] = ()
    grains: Mapping[str, Grain] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshots:
    """Features of a spine: a lazy table (keys, then features in catalogue order) and its set."""

    table: ir.Table
    features: FeatureSet


def snapshots(families: Sequence[Family], tables: Tables, spine: Spine) -> Snapshots:
    """Compute the families' features for every snapshot of the spine.

    Parameters
    ----------
    families : sequence of Family
    tables : mapping of str to ibis Table
        Canonical tables.
    spine : Spine

    Returns
    -------
    Snapshots
        One row a snapshot: ``customer_id``, ``cutoff`` and the features that the tables allow.
    """
    rows = _rows(families, tables, spine)
    table = _joined(spine, _measured(families, rows, spine))
    catalogue = {f.name: f for family in families for f in family.features}
    table = _fill(table, catalogue)
    deriving = [family for family in families if rows.keys() >= set(family.needs)]
    table = table.mutate(**_merge(family.derive(table) for family in deriving))
    table = table.mutate(**_merge(family.conclude(table) for family in deriving))
    kept = FeatureSet(tuple(f for name, f in catalogue.items() if name in table.columns))
    return Snapshots(table.select(*KEYS, **_typed(table, kept)), kept)


def _rows(families: Sequence[Family], tables: Tables, spine: Spine) -> dict[str, ir.Table]:
    """Give the rows of each grain that a family aggregates, where the tables have it."""
    grains = {**GRAINS, **{n: rows for family in families for n, rows in family.grains.items()}}
    asked = {grain for family in families for grain in family.aggregates}
    found = {n: rows_of(tables, spine) for n, rows_of in grains.items() if n in asked}
    return {grain: rows for grain, rows in found.items() if rows is not None}


def _measured(
    families: Sequence[Family], rows: Mapping[str, ir.Table], spine: Spine
) -> dict[str, ir.Table]:
    """Aggregate each grain by snapshot; grains of the same rows together."""
    shared: dict[object, list[str]] = {}
    for grain, table in rows.items():
        shared.setdefault(table.op(), []).append(grain)
    measured = {}
    for first, *others in shared.values():
        table = rows[first]
        measures = _merge(
            family.aggregates[grain](table)
            for grain in (first, *others)
            for family in families
            if grain in family.aggregates
        )
        measured[first] = table.group_by(*spine.keys).aggregate(**measures)
    return measured


def _merge(parts: object) -> Columns:
    merged: Columns = {}
    for part in parts:  # type: ignore[attr-defined]
        if repeated := sorted(merged.keys() & part.keys()):
            msg = f"two families compute {', '.join(repeated)}"
            raise ValueError(msg)
        merged.update(part)
    return merged


def _joined(spine: Spine, measured: Mapping[str, ir.Table]) -> ir.Table:
    # One select after all joins: one after each would name every column once per join, and the
    # query would take longer to write than to run.
    snapshot = joined = spine.table.select(*KEYS)
    names = [*KEYS]
    # The widest last: a join carries along every column of those before it.
    for grain, rows in sorted(measured.items(), key=lambda part: len(part[1].columns)):
        names += [c for c in rows.columns if c not in KEYS]
        keys = {key: f"{key}_of_{grain}" for key in spine.keys}
        part = rows.rename({new: key for key, new in keys.items()})
        joined = joined.left_join(part, [snapshot[key] == part[new] for key, new in keys.items()])
    return joined.select(*names)


def _fill(table: ir.Table, catalogue: Mapping[str, Feature]) -> ir.Table:
    # An absent row in a table that exists is a fact ("no complaint"), hence a true zero.
    empty = {n: f.empty for n, f in catalogue.items() if f.empty is not None}
    return table.mutate(
        **{n: table[n].coalesce(int(v)) for n, v in empty.items() if n in table.columns}
    )


def _typed(table: ir.Table, kept: FeatureSet) -> Columns:
    numeric = {f.name for f in kept if f.dtype == "float64"}
    return {n: table[n].cast("float64") if n in numeric else table[n] for n in kept.names}
