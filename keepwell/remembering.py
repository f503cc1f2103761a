"""The contacts that the score store remembers, as a canonical table."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd
import pyarrow as pa

from features.columns import LAYOUTS, Kind

_LAYOUT = LAYOUTS["contacts"]
_ALWAYS = {*_LAYOUT.required, "recorded_at"}
_TYPES = {
    Kind.ID: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.TIME: pa.timestamp("us"),
    Kind.MONEY: pa.decimal128(18, 4),
    Kind.FLAG: pa.bool_(),
}


def canonical(
    contacts: pd.DataFrame, timezone: str, known: Collection[str] | None = None
) -> pa.Table:
    """Give contacts as the canonical table `contacts`.

    Parameters
    ----------
    contacts : DataFrame
        As :meth:`serving.store.Store.contacts` gives them.
    timezone : str
        Of the local times.
    known : collection of str, optional
        Columns that a model knows of the table: no other is given. All by default.

    Returns
    -------
    pyarrow.Table
        Without the columns that no contact tells: nothing known is no fact.
    """
    names = [
        name
        for name in _LAYOUT.columns
        if name in _ALWAYS or (contacts[name].notna().any() and (known is None or name in known))
    ]
    arrays = [_array(contacts[name], _LAYOUT.columns[name], timezone) for name in names]
    return pa.table(dict(zip(names, arrays, strict=True)))


def _array(column: pd.Series[Any], kind: Kind, timezone: str) -> pa.Array:
    if kind is Kind.TIME:
        column = column.dt.tz_convert(timezone).dt.tz_localize(None).dt.as_unit("us")
    return pa.Array.from_pandas(column, type=_TYPES[kind])
