"""A file of contacts, or a plan, as records: every bad cell named with its row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import InputError, suggestion
from features.files import missing_file
from serving.contacts import Contact, ContactProblem, key_of, money
from serving.online import cells

ARMS = {"treated": True, "control": False}
_REQUIRED = ("customer_id", "action")
_TIMES = ("contacted_at", "responded_at", "recorded_at")
_COSTS = ("cost", "redeemed_cost")
_OF_PLANS = ("expected_profit", "basis", "reasons")
"""Columns of a plan that are no facts about a contact."""

COLUMNS = ("key", *_REQUIRED, "treated", "arm", "channel", *_TIMES, *_COSTS)
"""What a file may tell of a contact; either ``treated`` or ``arm``."""

_NAMED = 5
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """How cells are read.

    Parameters
    ----------
    zone : ZoneInfo
        Of times that name none.
    contacted_at : datetime or None
        Local time of contacts that do not say it.
    costs : mapping of str to float
        Cost of a contact by action, for plans: their own cost holds the incentives expected.
    """

    zone: ZoneInfo
    contacted_at: datetime | None = None
    costs: Mapping[str, float] | None = None


def read_file(path: Path) -> list[Row]:
    """Read the rows of a CSV or Parquet file; every cell of a CSV file is text.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    read = {".csv": _csv, ".parquet": pq.read_table}.get(path.suffix.lower())
    if read is None:
        raise InputError(f"{path}: name a file that ends in .csv or .parquet")
    if not path.is_file():
        raise InputError(f"{path}: {missing_file(path)}")
    try:
        rows: list[Row] = read(path).to_pylist()
    except (ValueError, OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not rows:
        raise InputError(f"{path} has no rows, so there is nothing to record")
    return rows


def _csv(path: Path) -> pa.Table:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    return pa.Table.from_pandas(frame, preserve_index=False)


def unused(columns: Iterable[str]) -> list[str]:
    """Say which columns tell nothing of a contact, each with the one that may be meant."""
    known = {*COLUMNS, *_OF_PLANS}
    return [f"{name}{suggestion(name, COLUMNS)}" for name in columns if name not in known]


def contacts(rows: Sequence[Row], how: Reading) -> list[Contact]:
    """Read rows as contacts.

    Parameters
    ----------
    rows : sequence of mapping
        Of the same columns.
    how : Reading

    Raises
    ------
    InputError
        When columns are missing or contradict each other, or cells cannot be read.
    """
    _check_columns(list(rows[0]), how)
    made, wrong = [], []
    for position, row in enumerate(rows):
        faults: list[ContactProblem] = []
        made.append(_contact(row, how, partial(_cell, row, position, faults)))
        wrong += faults
    refuse(wrong)
    return [contact for contact in made if contact is not None]


def refuse(found: Sequence[ContactProblem]) -> None:
    """Name what is wrong, if anything is.

    Raises
    ------
    InputError
    """
    if found:
        lines = [f"  row {one.position + 1}, {one.column}: {one.problem}" for one in found[:_NAMED]]
        more = [f"  and {len(found) - _NAMED:,} more"] if len(found) > _NAMED else []
        said = f"{len(found):,} facts cannot be recorded; nothing is:"
        raise InputError("\n".join([said, *lines, *more]))


def _check_columns(columns: Sequence[str], how: Reading) -> None:
    missing = [name for name in _REQUIRED if name not in columns]
    if not {"arm", "treated"} & set(columns):
        missing.append("treated")
    if missing:
        said = f"there is no column {', '.join(missing)}; columns: {', '.join(columns)}"
        raise InputError(f"{said}. Rename those that are meant, or add them")
    if {"arm", "treated"} <= set(columns):
        raise InputError("both columns treated and arm say who is control; keep one of them")
    if ("contacted_at" in columns) == (how.contacted_at is not None):
        found = "both a column and an option say" if how.contacted_at else "nothing says"
        raise InputError(
            f"{found} when the contacts were made; give a column contacted_at, or "
            "--contacted-at 2025-01-31T09:00 for all of them"
        )


Cell = Callable[[str, cells.Reader], Any]


def _cell(
    row: Row, position: int, faults: list[ContactProblem], column: str, read: cells.Reader
) -> Any:  # noqa: ANN401 - what a cell may hold
    try:
        return read(_plain(row.get(column)))
    except ValueError as error:
        faults.append(ContactProblem(position, column, f"{row[column]!r} {error}"))
        return None


def _plain(cell: object) -> object:
    """Give a cell as JSON has it, which the readers take."""
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, float) and math.isnan(cell):
        return None
    return None if isinstance(cell, str) and not cell.strip() else cell


def _contact(row: Row, how: Reading, cell: Cell) -> Contact | None:
    customer, action = (cell(n, _required(r)) for n, r in _NAMES.items())
    treated = cell("arm", _arm) if "arm" in row else cell("treated", _required(cells.flag))
    read_time = partial(cells.moment, zone=how.zone)
    times = {n: _in(cell(n, read_time), how.zone) for n in _TIMES}
    if how.contacted_at is None:
        cell("contacted_at", _required(read_time))
    else:
        times["contacted_at"] = _in(how.contacted_at, how.zone)
    contacted = times.pop("contacted_at")
    costs = {n: _money(cell(n, cells.money)) for n in _COSTS}
    if _OF_PLANS[0] in row and how.costs and action in how.costs:
        costs["cost"] = money(how.costs[action] if treated else 0.0)
    key, channel = cell("key", cells.text), cell("channel", cells.text)
    if customer is None or action is None or treated is None or contacted is None:
        return None
    return Contact(
        key=key or key_of(customer, action, contacted),
        customer_id=customer,
        action=action,
        treated=treated,
        contacted_at=contacted,
        channel=channel,
        responded_at=times["responded_at"],
        recorded_at=times["recorded_at"],
        **costs,
    )


_NAMES = {"customer_id": cells.identifier, "action": cells.text}


def _required(read: cells.Reader) -> cells.Reader:
    def filled(cell: object) -> object:
        found = read(cell)
        if found is None:
            msg = "is missing"
            raise ValueError(msg)
        return found

    return filled


def _arm(cell: object) -> bool:
    if cell not in ARMS:
        msg = 'is neither "treated" nor "control"'
        raise ValueError(msg)
    return ARMS[str(cell)]


def _in(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=zone)


def _money(amount: float | Decimal | None) -> Decimal | None:
    return None if amount is None else money(amount)
