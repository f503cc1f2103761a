"""Which tables and columns a history may and must have, for one bundle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import ibis

from features.columns import LAYOUTS, TableLayout
from features.errors import suggestion
from features.inputs import Inputs
from models.bundle import Bundle
from serving.online import cells
from serving.online.cells import Reader
from serving.online.problems import shown
from serving.online.query import ALWAYS

REFERRED = "referred_transactions"
"""The table of a history with the transactions of those whom the customer referred."""

_FREE = ALWAYS | {"customer_id"}
"""Columns that a row may always leave out; the customer is known from the request."""


@dataclass(frozen=True)
class Shape:
    """One table of a history.

    Parameters
    ----------
    layout : TableLayout
    readers : mapping of str to callable
        By column that a row may have.
    needed : frozenset of str
        Columns that every row must have, null where nothing is known.
    filled : frozenset of str
        Columns that every row must have, and not null.
    loaded : tuple of str
        Columns that the features are computed from.
    used : bool
        Whether the model was trained with the table.
    name : str
        Of the table in a history.
    """

    layout: TableLayout
    readers: Mapping[str, Reader]
    needed: frozenset[str]
    filled: frozenset[str]
    loaded: tuple[str, ...]
    used: bool
    name: str

    @property
    def table(self) -> str:
        """The canonical table that the rows belong to."""
        return self.layout.name

    def faults(self, columns: Iterable[str]) -> Iterator[str]:
        """Tell what is wrong with the columns of a row."""
        have = set(columns)
        for name in sorted(have - self.readers.keys(), key=str):
            yield (
                f"unknown column {shown(str(name))}.{suggestion(str(name), self.readers)} "
                f"Known columns: {', '.join(self.readers)}"
            )
        if absent := [c for c in self.readers if c in self.filled - have]:
            yield f"lacks {', '.join(absent)}, which every row must have"
        if missing := [c for c in self.readers if c in self.needed - have]:
            yield (
                f"lacks {', '.join(missing)}, which the model was trained with; send null where "
                "it is not known"
            )


def shapes(bundle: Bundle) -> dict[str, Shape]:
    """Give the shape of every table of a history, as the bundle's inputs have it."""
    zone = ZoneInfo(bundle.definition.timezone)
    found = {n: _shape(layout, bundle.inputs, zone) for n, layout in LAYOUTS.items()}
    return {**found, REFERRED: _referred(found["transactions"], found["referrals"])}


def _shape(layout: TableLayout, inputs: Inputs, zone: ZoneInfo) -> Shape:
    columns = inputs.get(layout.name, {})
    readers = {c: cells.reader(kind, zone) for c, kind in layout.columns.items()}
    own = {c: kind for c, kind in columns.items() if c not in layout.columns}
    readers |= {c: _attribute_reader(kind, zone) for c, kind in own.items()}
    filled = frozenset(layout.required) - {"customer_id"}
    loaded = tuple(c for c in readers if c != "customer_id" and c in columns)
    needed = frozenset(loaded) - _FREE - filled
    return Shape(layout, readers, needed, filled, loaded, layout.name in inputs, layout.name)


def _referred(lines: Shape, referrals: Shape) -> Shape:
    """Give the shape of what those bought whom the customer referred: when, and how much."""
    return replace(
        lines,
        needed=frozenset(),
        filled=lines.filled | {"customer_id"},
        used=lines.used and referrals.used,
        name=REFERRED,
    )


def _attribute_reader(kind: str, zone: ZoneInfo) -> Reader:
    dtype = ibis.dtype(kind)
    if dtype.is_boolean():
        return cells.flag
    if dtype.is_numeric():
        return cells.number_or_flag
    if dtype.is_timestamp() or dtype.is_date():
        return lambda cell: cells.moment(cell, zone)
    return cells.text
