"""Cells of a history in JSON as canonical values, by the rules that the quarantine has for tables.

A reader takes a cell and gives its value, None for null, or raises ``ValueError`` with what is
wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from features.columns import Kind
from features.normalise import NO, YES
from serving.online.schemas import LONGEST_ID, encodable

LONGEST_TEXT = 1_024
"""Characters of any other text."""

_MONEY_LIMIT = 10**14
_MONEY_STEP = Decimal("0.0001")
_MONEY_TEXT = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_NOT_MONEY = "is not a finite number within 10^14"
_LARGEST_WHOLE = 10**300

Reader = Callable[[object], object]


def reader(kind: Kind, zone: ZoneInfo) -> Reader:
    """Give the reader of a canonical column.

    Parameters
    ----------
    kind : Kind
        Not ``ATTRIBUTE``, which has no type of its own.
    zone : ZoneInfo
        Where times with an offset are converted to.
    """
    return {
        Kind.ID: identifier,
        Kind.TEXT: text,
        Kind.TIME: lambda cell: moment(cell, zone),
        Kind.MONEY: money,
        Kind.NUMBER: number,
        Kind.FLAG: flag,
    }[kind]


def identifier(cell: object) -> str | None:
    """Read an id: text, or a whole number; blank is null."""
    if type(cell) is int:
        cell = str(cell)
    return _text(cell, LONGEST_ID, "is not an id: give a string or a whole number")


def text(cell: object) -> str | None:
    """Read a text; blank is null."""
    return _text(cell, LONGEST_TEXT, "is not a string")


def _text(cell: object, longest: int, refusal: str) -> str | None:
    if cell is None:
        return None
    if not isinstance(cell, str):
        raise ValueError(refusal)  # noqa: TRY004 - one exception for every bad cell
    if len(cell) > longest:
        msg = f"has {len(cell):,} characters; give at most {longest:,}"
        raise ValueError(msg)
    return encodable(cell) if cell.strip() else None


def moment(cell: object, zone: ZoneInfo) -> datetime | None:
    """Read an ISO 8601 time as local time; one without an offset is local already."""
    if cell is None:
        return None
    if not isinstance(cell, str):
        msg = "is not a time: write it in ISO 8601, such as 2025-01-31T16:05:00"
        raise ValueError(msg)  # noqa: TRY004 - one exception for every bad cell
    try:
        found = datetime.fromisoformat(cell)
        return found.astimezone(zone).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError):
        msg = "is not a time: write it in ISO 8601, such as 2025-01-31T16:05:00"
        raise ValueError(msg) from None


def money(cell: object) -> float | Decimal | None:
    """Read an amount: a number, or a decimal number as text, exact to four places."""
    if cell is None:
        return None
    if type(cell) is float or type(cell) is int:
        if -_MONEY_LIMIT < cell < _MONEY_LIMIT:
            return float(cell)
    elif isinstance(cell, str) and _MONEY_TEXT.fullmatch(cell):
        amount = Decimal(cell).quantize(_MONEY_STEP, ROUND_HALF_UP)
        if abs(amount) < _MONEY_LIMIT:
            return amount
    raise ValueError(_NOT_MONEY)


def number(cell: object) -> float | None:
    """Read a finite number."""
    if cell is None:
        return None
    if (type(cell) is float and math.isfinite(cell)) or (
        type(cell) is int and abs(cell) < _LARGEST_WHOLE
    ):
        return float(cell)
    msg = "is not a finite number"
    raise ValueError(msg)


def number_or_flag(cell: object) -> float | None:
    """Read a finite number, or true and false as 1 and 0."""
    return float(cell) if isinstance(cell, bool) else number(cell)


def flag(cell: object) -> bool | None:
    """Read true or false, 1 or 0, or a word for them; blank is null."""
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, int | float) and cell in (0, 1):
        return cell == 1
    if isinstance(cell, str):
        said = cell.strip().lower()
        if not said:
            return None
        if said in YES or said in NO:
            return said in YES
    msg = "is neither yes nor no"
    raise ValueError(msg)


def sound(read: Reader, cells: list[Any]) -> bool:
    """Tell, quickly, whether all cells are what the reader would give; False may mean "perhaps"."""
    kinds = set(map(type, cells))
    if read in _LONGEST and kinds == {str}:
        short = max(map(len, cells)) <= _LONGEST[read]
        return short and "".join(cells).isascii() and all(map(str.strip, cells))
    if read in _LIMITS and kinds == {float}:
        return bool(np.abs(np.array(cells, dtype=np.float64)).max() < _LIMITS[read])
    return read is flag and kinds == {bool}


_LONGEST: dict[Reader, int] = {identifier: LONGEST_ID, text: LONGEST_TEXT}
_LIMITS: dict[Reader, float] = {money: _MONEY_LIMIT, number: math.inf}


def column(values: list[object]) -> pa.Array:
    """Give values of one reader as a column; money keeps what is exact."""
    if Decimal in set(map(type, values)):
        exact = [Decimal(repr(v)) if isinstance(v, float) else v for v in values]
        rounded = [
            v.quantize(_MONEY_STEP, ROUND_HALF_UP) if isinstance(v, Decimal) else v for v in exact
        ]
        return pa.array(rounded, pa.decimal128(18, 4))
    return pa.array(values)
