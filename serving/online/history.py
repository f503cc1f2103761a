"""Raw histories of many customers as one set of tables.

A customer is known by position here, so that one who stands twice in a request is two; others who
stand in their history are known by that position and their own id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.asof import midnight
from features.errors import suggestion
from serving.online.cells import column
from serving.online.problems import Detail, shown
from serving.online.query import SPINE
from serving.online.rows import Histories, Moments, Rows, Values, moments, read, refuse
from serving.online.shape import REFERRED, Shape

MOST_ROWS = 10_000
"""Rows of one customer, over all tables."""

TELLING: Mapping[str, tuple[str, str]] = {
    "inactivity": ("transactions", "bought"),
    "partial": ("transactions", "bought"),
    "subscription": ("subscriptions", "subscribed to"),
}
"""The table that tells who is a customer, and what it tells of them, by the kind of churn."""

_ALWAYS = datetime(1, 1, 1)  # noqa: DTZ001 - local time, as all times of the tables


def tables(given: Histories, shapes: Mapping[str, Shape], now: datetime) -> dict[str, pa.Table]:
    """Check histories and give the rows that the features are computed from.

    Parameters
    ----------
    given : Histories
    shapes : mapping of str to Shape
        Of all tables of a history.
    now : datetime
        The present in local time.

    Raises
    ------
    RequestProblem
        Naming the rows.
    """
    refuse(_table_faults(given, shapes))
    made: dict[str, list[pa.Table]] = {SPINE: [_spine(given)]}
    for name, shape in shapes.items():
        lists = [(c.history or {}).get(name, []) for c in given.customers]
        rows = [row for rows in lists for row in rows]
        if rows:
            gathered = Rows(shape, given, rows, list(accumulate(map(len, lists))))
            values = read(gathered, now)
            refuse(_reference_faults(gathered, values))
            if shape.used:
                made.setdefault(shape.table, []).append(_table(gathered, values))
    return {name: _together(parts) for name, parts in made.items()}


def _spine(given: Histories) -> pa.Table:
    numbers = [str(n) for n in range(len(given.customers))]
    cutoffs = pa.array([midnight(day) for day in given.days], pa.timestamp("us"))
    return pa.table({"customer_id": numbers, "cutoff": cutoffs})


def _together(parts: list[pa.Table]) -> pa.Table:
    return parts[0] if len(parts) == 1 else pa.concat_tables(parts, promote_options="permissive")


def _table_faults(given: Histories, shapes: Mapping[str, Shape]) -> Iterator[Detail]:
    needed = [name for name, shape in shapes.items() if shape.used]
    telling, told = TELLING[given.kind]
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
        if found.get(telling) == []:
            said = f"is empty: a customer is scored on what they {told}"
            yield Detail(f"{place}.{telling}", said)


def _reference_faults(given: Rows, values: Values) -> Iterator[Detail]:
    if given.name != REFERRED:
        return
    known = [
        {str(row.get("referred_id")) for row in (customer.history or {}).get("referrals", [])}
        for customer in given.given.customers
    ]
    for number, owner in enumerate(given.owners().tolist()):
        if values["customer_id"][number] not in known[owner]:
            said = "is nobody whom the customer referred; name them in referrals"
            yield Detail(given.at(number, "customer_id"), said)


def _table(given: Rows, values: Values) -> pa.Table:
    loaded = {c: values[c] for c in given.shape.loaded if c in values}
    if "valid_from" in given.shape.loaded:
        # Attributes without a day of their own have always been so, as in the batch.
        starts = values.get("valid_from") or [None] * len(given.rows)
        loaded["valid_from"] = [start or _ALWAYS for start in starts]
    columns = {c: column(v) for c, v in {**loaded, **_identities(given, values)}.items()}
    table = pa.table(columns)
    unknown = _unknown(given, values)
    return table.filter(pa.array(~unknown)) if unknown.any() else table


def _identities(given: Rows, values: Values) -> dict[str, list[object]]:
    """Name customers by position, and others in their history by that and their id."""
    numbers: list[object] = [str(n) for n in given.owners().tolist()]
    if given.shape.table != "referrals" and given.name != REFERRED:
        return {"customer_id": numbers}
    ids = given.ids()
    return {
        c: [
            number if other in (None, own) else f"{number}/{other}"
            for number, own, other in zip(numbers, ids, values[c], strict=True)
        ]
        for c in ("customer_id", "referred_id")
        if c in values
    } | ({} if "customer_id" in values else {"customer_id": numbers})


def _unknown(given: Rows, values: Values) -> NDArray[np.bool_]:
    """Tell which rows were not known at as-of, by columns that the model's tables did not have."""
    unknown = np.zeros(len(given.rows), dtype=np.bool_)
    beyond = values.keys() - given.shape.loaded
    if "recorded_at" in beyond:
        # A row that does not say when it was recorded counts from its event on.
        unknown |= moments(values["recorded_at"]) >= given.cutoffs()
    if "valid_from" in beyond:
        unknown |= ~_valid(given, moments([v or _ALWAYS for v in values["valid_from"]]))
    return unknown


def _valid(given: Rows, starts: Moments) -> NDArray[np.bool_]:
    """Tell which rows of attributes hold at as-of: each customer's newest that had begun."""
    owners, cutoffs = given.owners().tolist(), given.cutoffs()
    newest: dict[int, int] = {}
    for row in np.argsort(starts, kind="stable").tolist():
        if starts[row] < cutoffs[row]:
            newest[owners[row]] = row
    valid = np.zeros(len(starts), dtype=np.bool_)
    valid[list(newest.values())] = True
    return valid
