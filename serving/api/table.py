"""Risk lists as CSV that opens well in a spreadsheet and runs nothing there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from serving.api.schemas import RiskItem
from serving.targeting.plan import COLUMNS

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
_MARK = "\ufeff"  # by it a spreadsheet knows UTF-8
_ATTRIBUTES = "attributes"


def to_csv(items: Sequence[Mapping[str, Any]]) -> bytes:
    """Write a page of a risk list.

    Parameters
    ----------
    items : sequence of mapping
        Fields of :class:`serving.api.schemas.RiskItem`; each attribute gets a column.

    Returns
    -------
    bytes
        UTF-8 with a byte-order mark, lines ended by CRLF. Text that a spreadsheet would take for a
        formula begins with an apostrophe.
    """
    names = _attribute_names(items)
    absent = {"rank", _ATTRIBUTES} | ({"out_of_fold"} - {n for item in items for n in item})
    own = ["rank", *(n for n in RiskItem.model_fields if n not in absent)]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([*own, *(_cell(f"attribute_{name}") for name in names)])
    for item in items:
        attributes = item[_ATTRIBUTES] or {}
        cells = [item[name] for name in own] + [attributes.get(name) for name in names]
        writer.writerow([_cell(cell) for cell in cells])
    return (_MARK + file.getvalue()).encode()


def plan_csv(rows: pd.DataFrame) -> bytes:
    """Write a whole plan, as :func:`to_csv` writes a list."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in rows.itertuples(index=False):
        writer.writerow([_cell(cell) for cell in row])
    return (_MARK + file.getvalue()).encode()


def _attribute_names(items: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({name for item in items for name in item[_ATTRIBUTES] or {}})


def _cell(value: object) -> object:
    if value is None or isinstance(value, bool | int | float | date):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_BEGINS_A_FORMULA) else text
