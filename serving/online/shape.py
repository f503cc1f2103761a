"""Which tables and columns a history may and must have, for one bundle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from features.columns import LAYOUTS, TableLayout
from features.errors import suggestion
from models.bundle import Bundle
from serving.online import cells
from serving.online.cells import Reader
from serving.online.problems import shown
from serving.online.query import ALWAYS, attributes

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
        Columns that the features are computed from; none where the model has no use for the table.
    """

    layout: TableLayout
    readers: Mapping[str, Reader]
    needed: frozenset[str]
    filled: frozenset[str]
    loaded: tuple[str, ...]

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


def shapes(bundle: Bundle, used: Mapping[str, tuple[str, ...]]) -> dict[str, Shape]:
    """Give the shape of every canonical table.

    Parameters
    ----------
    bundle : Bundle
    used : mapping of str to tuple of str
        The columns that the bundle's features need, by table that they need.
    """
    zone = ZoneInfo(bundle.definition.timezone)
    return {n: _shape(layout, bundle, used.get(n), zone) for n, layout in LAYOUTS.items()}


def _shape(
    layout: TableLayout, bundle: Bundle, used: tuple[str, ...] | None, zone: ZoneInfo
) -> Shape:
    readers = {c: cells.reader(kind, zone) for c, kind in layout.columns.items()}
    if layout.attributes:
        readers |= _attribute_readers(bundle, zone)
    filled = frozenset(layout.required) - {"customer_id"}
    loaded = tuple(c for c in readers if c != "customer_id" and c in (used or ()))
    return Shape(layout, readers, frozenset(loaded) - _FREE - filled, filled, loaded)


def _attribute_readers(bundle: Bundle, zone: ZoneInfo) -> dict[str, Reader]:
    of_kind: dict[str, Reader] = {
        "category": cells.text,
        "days": lambda cell: cells.moment(cell, zone),
        "number": cells.number_or_flag,
    }
    return {c: of_kind[kind] for c, kind in attributes(bundle.features).items()}
