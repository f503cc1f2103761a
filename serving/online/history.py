"""Raw histories of many customers as one set of tables, checked row by row as the batch does.

A customer is known by position here, so that one who stands twice in a request is two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate, chain
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.asof import midnight
from features.errors import suggestion
from serving.online.cells import Reader, column, sound
from serving.online.problems import Detail, RequestProblem, shown
from serving.online.query import SPINE
from serving.online.schemas import CustomerInput
from serving.online.shape import Shape

MOST_ROWS = 10_000
"""Rows of one customer, over all tables."""

_ALWAYS = datetime(1, 1, 1)  # noqa: DTZ001 - local time, as all times of the tables
Moments = NDArray[np.datetime64]


@dataclass(frozen=True)
class Histories:
    """Customers with a history, and their positions in the request."""

    positions: Sequence[int]
    customers: Sequence[CustomerInput]

    @property
    def days(self) -> list[date]:
        """As-of, a customer."""
        return [c.as_of for c in self.customers if c.as_of is not None]

    def place(self, owner: int, *parts: str) -> str:
        """Say where something stands in the request."""
        return ".".join([f"customers[{self.positions[owner]}]", *parts])


@dataclass(frozen=True)
class _Rows:
    """The rows of one table, customer after customer."""

    shape: Shape
    given: Histories
    rows: list[dict[str, Any]]
    ends: list[int]

    @property
    def name(self) -> str:
        return self.shape.layout.name

    def owners(self) -> NDArray[np.int64]:
        """Give the customer of each row."""
        return np.repeat(np.arange(len(self.ends)), np.diff(self.ends, prepend=0))

    def at(self, row: int, cell: str = "") -> str:
        """Say where a row, or a cell of it, stands in the request."""
        owner = bisect_right(self.ends, row)
        number = row - (self.ends[owner - 1] if owner else 0)
        place = self.given.place(owner, "history", f"{self.name}[{number}]")
        return f"{place}.{cell}" if cell else place


def tables(given: Histories, shapes: Mapping[str, Shape], now: datetime) -> dict[str, pa.Table]:
    """Check histories and give the rows that the features are computed from.

    Parameters
    ----------
    given : Histories
    shapes : mapping of str to Shape
        Of all canonical tables.
    now : datetime
        The present in local time.

    Raises
    ------
    RequestProblem
        Naming the rows.
    """
    _refuse(_table_faults(given, shapes))
    made = {SPINE: _spine(given)}
    for name, shape in shapes.items():
        lists = [(c.history or {}).get(name, []) for c in given.customers]
        rows = [row for rows in lists for row in rows]
        if rows:
            gathered = _Rows(shape, given, rows, list(accumulate(map(len, lists))))
            values = _values(gathered)
            _refuse(_time_faults(gathered, values, now))
            _refuse(_row_faults(gathered, values))
            if shape.loaded:
                made[name] = _table(gathered, values)
    return made


def _refuse(faults: Iterator[Detail]) -> None:
    if (first := next(faults, None)) is not None:
        message = "the history of a customer cannot be used"
        raise RequestProblem("invalid_history", message, chain([first], faults))


def _spine(given: Histories) -> pa.Table:
    numbers = [str(n) for n in range(len(given.customers))]
    cutoffs = pa.array([midnight(day) for day in given.days], pa.timestamp("us"))
    return pa.table({"customer_id": numbers, "cutoff": cutoffs})


def _table_faults(given: Histories, shapes: Mapping[str, Shape]) -> Iterator[Detail]:
    needed = [name for name, shape in shapes.items() if shape.loaded]
    for owner, customer in enumerate(given.customers):
        place = given.place(owner, "history")
        found: Any = customer.history
        if not isinstance(found, dict):
            yield Detail(place, "is not an object of tables")
            continue
        for name in found:
            if name not in shapes:
                hint = f"{suggestion(str(name), shapes)} Known tables: {', '.join(shapes)}"
                yield Detail(place, f"unknown table {shown(str(name))}.{hint}")
            elif not isinstance(found[name], list) or set(map(type, found[name])) - {dict}:
                yield Detail(f"{place}.{name}", "is not a list of rows")
        for name in needed:
            if name not in found:
                said = f'lacks the {name} table, which the model needs; send "{name}": [] if there'
                yield Detail(place, f"{said} are no rows")
        rows = sum(len(r) for r in found.values() if isinstance(r, list))
        if rows > MOST_ROWS:
            yield Detail(place, f"{rows:,} rows; give at most {MOST_ROWS:,} a customer")
        if found.get("transactions") == []:
            yield Detail(
                f"{place}.transactions", "is empty: a customer is scored on what they bought"
            )


def _values(given: _Rows) -> dict[str, list[Any]]:
    """Read every column of the rows, all of which are checked."""
    kinds = Counter(map(tuple, given.rows))
    _refuse(_shape_faults(given, kinds))
    present = {c for kind in kinds for c in kind}
    readers = given.shape.readers
    return {c: _read(given, c, readers[c]) for c in readers if c in present}


def _shape_faults(given: _Rows, kinds: Counter[tuple[Any, ...]]) -> Iterator[Detail]:
    for kind, count in kinds.items():
        for said in given.shape.faults(kind):
            first = next(n for n, row in enumerate(given.rows) if tuple(row) == kind)
            more = f" (and so in {count - 1:,} more rows)" if count > 1 else ""
            yield Detail(given.at(first), f"{said}{more}")


def _read(given: _Rows, name: str, read: Reader) -> list[Any]:
    raw: list[Any] = [row.get(name) for row in given.rows]
    if sound(read, raw):
        return raw
    try:
        values = [read(cell) for cell in raw]
    except ValueError:
        _refuse(_cell_faults(given, name, read))
        raise
    if name in given.shape.filled and None in values:
        _refuse(Detail(given.at(n, name), "is missing") for n, v in enumerate(values) if v is None)
    return values


def _cell_faults(given: _Rows, name: str, read: Reader) -> Iterator[Detail]:
    for number, row in enumerate(given.rows):
        try:
            read(row.get(name))
        except ValueError as error:
            yield Detail(given.at(number, name), str(error))


def _time_faults(given: _Rows, values: Mapping[str, list[Any]], now: datetime) -> Iterator[Detail]:
    time = given.shape.layout.time
    if time is None:
        return
    moments = _moments(values[time])
    cutoffs = _moments([midnight(day) for day in given.given.days])[given.owners()]
    for row in np.flatnonzero((moments >= cutoffs) | (moments > np.datetime64(now, "us"))):
        moment = values[time][row]
        day = str(cutoffs[row])[:10]
        if moments[row] >= cutoffs[row]:
            said = f"{moment} is not before as_of {day}: leave out what comes later"
        else:
            said = f"{moment} is in the future"
        yield Detail(given.at(int(row), time), said)


def _row_faults(given: _Rows, values: Mapping[str, list[Any]]) -> Iterator[Detail]:
    for number, owner in enumerate(values.get("customer_id", ())):
        wanted = given.given.customers[bisect_right(given.ends, number)].customer_id
        if owner is not None and owner != wanted:
            yield Detail(given.at(number, "customer_id"), "is another customer's")
    if given.name == "complaints":
        for later in ("resolved_at", "promised_at"):
            yield from _disorder(given, values, later)
    if given.name == "customers":
        yield from _repeats(given, values)


def _disorder(given: _Rows, values: Mapping[str, list[Any]], later: str) -> Iterator[Detail]:
    pairs = zip(values["opened_at"], values.get(later, ()), strict=False)
    for number, (opened, end) in enumerate(pairs):
        # A date without a time of day stands for the whole day.
        start = midnight(opened) if end is not None and end == midnight(end) else opened
        if end is not None and end < start:
            yield Detail(given.at(number, later), f"{later} is before opened_at")


def _repeats(given: _Rows, values: Mapping[str, list[Any]]) -> Iterator[Detail]:
    starts = values.get("valid_from") or [None] * len(given.rows)
    owners = given.owners().tolist()
    dated = {o for o, start in zip(owners, starts, strict=True) if start is not None}
    seen: set[tuple[int, datetime | None]] = set()
    for number, key in enumerate(zip(owners, starts, strict=True)):
        if key in seen:
            said = "repeats the key (customer_id, valid_from)" if dated else "repeats the customer"
            yield Detail(given.at(number), said)
        elif key[0] in dated and key[1] is None:
            yield Detail(given.at(number, "valid_from"), "is missing")
        seen.add(key)


def _table(given: _Rows, values: Mapping[str, list[Any]]) -> pa.Table:
    loaded = {c: values[c] for c in given.shape.loaded if c in values}
    if given.name == "customers":
        # Attributes without a day of their own have always been so, as in the batch.
        starts = values.get("valid_from") or [None] * len(given.rows)
        loaded["valid_from"] = [start or _ALWAYS for start in starts]
    columns = {c: column(v) for c, v in loaded.items()}
    owners = pa.array([str(o) for o in given.owners().tolist()])
    return pa.table({"customer_id": owners, **columns})


def _moments(values: Sequence[datetime]) -> Moments:
    # Arrow converts them many times faster than NumPy.
    return np.asarray(pa.array(values, pa.timestamp("us")).to_numpy())
