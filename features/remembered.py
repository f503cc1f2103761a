"""Contacts that are remembered elsewhere than in the company's own tables, added to these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

import ibis
import pyarrow as pa
from ibis import ir
from ibis.backends import BaseBackend

from features.columns import LAYOUTS
from features.keeping import internal_name, materialise
from features.sources import engine_of
from features.tables import Loaded, TableReport

CONTACTS = "contacts"
_LAYOUT = LAYOUTS[CONTACTS]
_SAME = ("customer_id", "action", "day")


def with_contacts(loaded: Loaded, remembered: pa.Table, backend: BaseBackend) -> Loaded:
    """Add remembered contacts to the table `contacts`, or make it of them.

    A contact that the company's own table has as well (same customer, action and day) counts once,
    as that table tells it: so nothing that is remembered later changes what was known before.

    Parameters
    ----------
    loaded : Loaded
    remembered : pyarrow.Table
        Canonical columns, local times; a fact that is never told has no column.
    backend : BaseBackend
        Where the tables are.
    """
    own = loaded.tables.get(CONTACTS)
    further = _put(remembered, backend)
    if own is not None:
        further = materialise(_others(further, own), internal_name(CONTACTS, "new"), backend)
    added = further.count().to_pyarrow().as_py()
    whole = further if own is None else _union(own, further)
    table = materialise(whole, internal_name(CONTACTS, "all"), backend)
    before = loaded.reports.get(CONTACTS)
    report = _report(table, before, added, remembered.num_rows)
    return replace(
        loaded,
        tables={n: {**loaded.tables, CONTACTS: table}[n] for n in _order(loaded.tables)},
        reports={n: {**loaded.reports, CONTACTS: report}[n] for n in _order(loaded.reports)},
    )


def _order(names: Collection[str]) -> list[str]:
    return [name for name in LAYOUTS if name in {*names, CONTACTS}]


def _put(remembered: pa.Table, backend: BaseBackend) -> ir.Table:
    name = internal_name(CONTACTS, "remembered")
    engine_of(backend).put(backend, remembered, name)
    kinds = {c: _LAYOUT.columns[c].dtype for c in remembered.column_names}
    return backend.table(name).select(**{c: ibis._[c].cast(kind) for c, kind in kinds.items()})


def _others(further: ir.Table, own: ir.Table) -> ir.Table:
    """Leave out what the company's own table tells."""
    told = own.select("customer_id", "action", day=own["contacted_at"].truncate("D")).distinct()
    dated = further.mutate(day=further["contacted_at"].truncate("D"))
    return dated.anti_join(told, list(_SAME)).drop("day")


def _union(own: ir.Table, further: ir.Table) -> ir.Table:
    names = [c for c in _LAYOUT.columns if c in {*own.columns, *further.columns}]
    return ibis.union(*(_filled(table, names) for table in (own, further)))


def _filled(table: ir.Table, names: Collection[str]) -> ir.Table:
    kinds = {c: _LAYOUT.columns[c].dtype for c in names}
    return table.select(
        **{
            c: (table[c] if c in table.columns else ibis.null()).cast(kind)
            for c, kind in kinds.items()
        }
    )


def _report(
    table: ir.Table, before: TableReport | None, added: int, remembered: int
) -> TableReport:
    facts = table.aggregate(
        customers=table["customer_id"].nunique(),
        first=table["contacted_at"].min(),
        last=table["contacted_at"].max(),
    )
    (found,) = facts.to_pyarrow().to_pylist()
    if before is None:
        before = TableReport(CONTACTS, 0, 0, 0, Counter(), 0, None, None)
    said = f"{added:,} of them are remembered by the score store"
    if left := remembered - added:
        said += f"; {left:,} more there are told by this table too, and count once"
    return replace(
        before,
        read=before.read + added,
        kept=before.kept + added,
        warnings=(*before.warnings, said),
        **found,
    )
