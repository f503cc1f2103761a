"""The rows of one table of histories: read cell by cell, checked row by row as the batch does."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.asof import midnight
from features.tables import RULES
from serving.online.cells import Reader, sound
from serving.online.problems import Detail, RequestProblem
from serving.online.rules import PAST, broken
from serving.online.schemas import CustomerInput
from serving.online.shape import REFERRED, Shape

Moments = NDArray[np.datetime64]
Values = Mapping[str, list[Any]]
"""Canonical values by column, None for null."""


@dataclass(frozen=True)
class Histories:
    """Customers with a history, their positions in the request, and the model's kind of churn."""

    positions: Sequence[int]
    customers: Sequence[CustomerInput]
    kind: str = "inactivity"

    @property
    def days(self) -> list[date]:
        """As-of, a customer."""
        return [c.as_of for c in self.customers if c.as_of is not None]

    def place(self, owner: int, *parts: str) -> str:
        """Say where something stands in the request."""
        return ".".join([f"customers[{self.positions[owner]}]", *parts])


@dataclass(frozen=True)
class Rows:
    """The rows of one table, customer after customer.

    Parameters
    ----------
    shape : Shape
    given : Histories
    rows : list of dict
    ends : list of int
        Where each customer's rows end.
    """

    shape: Shape
    given: Histories
    rows: list[dict[str, Any]]
    ends: list[int]

    @property
    def name(self) -> str:
        """The table's name in the request."""
        return self.shape.name

    def owners(self) -> NDArray[np.int64]:
        """Give the customer of each row."""
        return np.repeat(np.arange(len(self.ends)), np.diff(self.ends, prepend=0))

    def ids(self) -> list[str]:
        """Give the id of the customer of each row."""
        return [self.given.customers[n].customer_id for n in self.owners().tolist()]

    def cutoffs(self) -> Moments:
        """Give as-of for each row."""
        return moments([midnight(day) for day in self.given.days])[self.owners()]

    def at(self, row: int, cell: str = "") -> str:
        """Say where a row, or a cell of it, stands in the request."""
        owner = bisect_right(self.ends, row)
        number = row - (self.ends[owner - 1] if owner else 0)
        place = self.given.place(owner, "history", f"{self.name}[{number}]")
        return f"{place}.{cell}" if cell else place


def refuse(faults: Iterator[Detail]) -> None:
    """Refuse the request where there are faults."""
    if (first := next(faults, None)) is not None:
        message = "the history of a customer cannot be used"
        raise RequestProblem("invalid_history", message, chain([first], faults))


def moments(values: Sequence[datetime | None]) -> Moments:
    """Give moments as an array; Arrow converts them many times faster than NumPy."""
    return np.asarray(pa.array(values, pa.timestamp("us")).to_numpy(zero_copy_only=False))


def read(given: Rows, now: datetime) -> Values:
    """Read every column of the rows, and check the rows.

    Parameters
    ----------
    given : Rows
    now : datetime
        The present in local time.

    Raises
    ------
    RequestProblem
        Naming the rows and what is wrong with them.
    """
    kinds = Counter(map(tuple, given.rows))
    refuse(_shape_faults(given, kinds))
    present = {c for kind in kinds for c in kind}
    readers = given.shape.readers
    values = {c: _read(given, c, readers[c]) for c in readers if c in present}
    refuse(_time_faults(given, values, now))
    refuse(_row_faults(given, values))
    return values


def _shape_faults(given: Rows, kinds: Counter[tuple[Any, ...]]) -> Iterator[Detail]:
    for kind, count in kinds.items():
        for said in given.shape.faults(kind):
            first = next(n for n, row in enumerate(given.rows) if tuple(row) == kind)
            more = f" (and so in {count - 1:,} more rows)" if count > 1 else ""
            yield Detail(given.at(first), f"{said}{more}")


def _read(given: Rows, name: str, read_cell: Reader) -> list[Any]:
    raw: list[Any] = [row.get(name) for row in given.rows]
    if sound(read_cell, raw):
        return raw
    try:
        values = [read_cell(cell) for cell in raw]
    except ValueError:
        refuse(_cell_faults(given, name, read_cell))
        raise
    if name in given.shape.filled and None in values:
        refuse(Detail(given.at(n, name), "is missing") for n, v in enumerate(values) if v is None)
    return values


def _cell_faults(given: Rows, name: str, read_cell: Reader) -> Iterator[Detail]:
    for number, row in enumerate(given.rows):
        try:
            read_cell(row.get(name))
        except ValueError as error:
            yield Detail(given.at(number, name), str(error))


def _time_faults(given: Rows, values: Values, now: datetime) -> Iterator[Detail]:
    time = given.shape.layout.time
    if time is None:
        return
    found, cutoffs = moments(values[time]), given.cutoffs()
    past = any(rule.name == f"{time}{PAST}" for rule in RULES[given.shape.table])
    late = (found > np.datetime64(now, "us")) & past
    for row in np.flatnonzero((found >= cutoffs) | late):
        moment = values[time][row]
        if found[row] >= cutoffs[row]:
            day = str(cutoffs[row])[:10]
            said = f"{moment} is not before as_of {day}: leave out what comes later"
        else:
            said = f"{moment} is in the future"
        yield Detail(given.at(int(row), time), said)


def _row_faults(given: Rows, values: Values) -> Iterator[Detail]:
    ids = given.ids()
    if given.name != REFERRED:
        yield from _strangers(given, values, ids)
    who = [c or own for c, own in zip(values.get("customer_id", ids), ids, strict=True)]
    for number, rule in broken(given.shape.table, {**values, "customer_id": who}):
        yield Detail(given.at(number, rule.columns[0]), rule.reason)
    if given.name == "customers":
        yield from _repeats(given, values)


def _strangers(given: Rows, values: Values, ids: list[str]) -> Iterator[Detail]:
    # Of the referrals, those that brought the customer are another's: who referred them.
    referred = values.get("referred_id", [None] * len(ids))
    for number, owner in enumerate(values.get("customer_id", ())):
        if owner is not None and ids[number] not in (owner, referred[number]):
            yield Detail(given.at(number, "customer_id"), "is another customer's")


def _repeats(given: Rows, values: Values) -> Iterator[Detail]:
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
