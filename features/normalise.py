"""Read mapped columns of any type as the canonical types: ids, times, money, numbers, flags."""

from __future__ import annotations

from collections.abc import Callable

import ibis

from features.columns import INTERNAL, Kind, TableLayout
from features.errors import InputError

_EXACT_FLOAT = 2**53
_WITH_OFFSET = r":\d\d(\.\d+)?\s*(Z|z|[+-]\d\d(:?\d\d)?)$"


def raw_name(column: str) -> str:
    """Return the internal name of a column's value as it was read, as text."""
    return f"{INTERNAL}raw_{column}"


def normalise(mapped: ibis.Table, layout: TableLayout) -> ibis.Table:
    """Return the canonical columns, each beside its raw text.

    Parameters
    ----------
    mapped
        The columns under canonical names, of whatever type the source has. Internal columns
        are passed through.
    layout
        The canonical table.

    Returns
    -------
    ibis.Table
        Values that cannot be read are null in the canonical column only.

    Raises
    ------
    InputError
        When a column's type cannot hold what the canonical column needs.
    """
    columns = {}
    for name in mapped.columns:
        if name.startswith(INTERNAL):
            columns[name] = mapped[name]
            continue
        columns[name] = _READERS[layout.kind(name)](mapped[name], layout.name)
        columns[raw_name(name)] = mapped[name].cast("string")
    return mapped.select(**columns)


def _text(column: ibis.Column, _table: str) -> ibis.Column:
    text = column.cast("string")
    return (text.strip() == "").ifelse(ibis.null("string"), text)


def _identifier(column: ibis.Column, table: str) -> ibis.Column:
    dtype = column.type()
    if dtype.is_floating():
        whole = (column % 1 == 0) & (column.abs() < _EXACT_FLOAT)
        text = whole.ifelse(column.try_cast("int64").cast("string"), column.cast("string"))
        return (column.isnan() | column.isinf()).ifelse(ibis.null("string"), text)
    if dtype.is_decimal() and dtype.scale:
        whole = column.cast(f"decimal({dtype.precision}, 0)")
        return (whole == column).ifelse(whole.cast("string"), column.cast("string"))
    return _text(column, table)


def _time(column: ibis.Column, _table: str) -> ibis.Column:
    dtype = column.type()
    if dtype.is_timestamp() or dtype.is_date():
        return column.cast(Kind.TIME.dtype)
    if dtype.is_string():
        # An offset is dropped by a plain cast, so such a text is read as a moment first.
        moment = column.try_cast("timestamp('UTC')").cast(Kind.TIME.dtype)
        return (
            column.strip().re_search(_WITH_OFFSET).ifelse(moment, column.try_cast(Kind.TIME.dtype))
        )
    # Nothing else says how it is to be read. Such values are told as unreadable, with examples;
    # a column without any value has no type of its own, and is simply empty.
    return ibis.null(Kind.TIME.dtype)


def _money(column: ibis.Column, table: str) -> ibis.Column:
    _check_number(column, table)
    return column.try_cast(Kind.MONEY.dtype)


def _number(column: ibis.Column, table: str) -> ibis.Column:
    _check_number(column, table)
    return _finite(column.try_cast("float64"))


def _check_number(column: ibis.Column, table: str) -> None:
    dtype = column.type()
    if not (dtype.is_numeric() or dtype.is_string()) or dtype.is_boolean():
        raise InputError(
            f"tables.{table}.columns.{column.get_name()} holds {dtype}, not a number; map a "
            "column of numbers, or an SQL expression that gives one"
        )


def _finite(number: ibis.Column) -> ibis.Column:
    return (number.isnan() | number.isinf()).ifelse(ibis.null("float64"), number)


# A column of flags in which some are missing is often written as 1.0 and 0.0.
YES = ("true", "t", "yes", "y", "1", "1.0")
NO = ("false", "f", "no", "n", "0", "0.0")


def _flag(column: ibis.Column, _table: str) -> ibis.Column:
    dtype = column.type()
    if dtype.is_boolean():
        return column
    if dtype.is_numeric():
        return ibis.cases((column == 1, True), (column == 0, False))
    said = column.cast("string").strip().lower()
    return ibis.cases((said.isin(YES), True), (said.isin(NO), False))


def _attribute(column: ibis.Column, table: str) -> ibis.Column:
    dtype = column.type()
    if dtype.is_boolean():
        return column
    if dtype.is_integer():
        return column.try_cast("int64")
    if dtype.is_numeric():
        return _finite(column.try_cast("float64"))
    if dtype.is_timestamp() or dtype.is_date():
        return _time(column, table)
    return _text(column, table)


_READERS: dict[Kind, Callable[[ibis.Column, str], ibis.Column]] = {
    Kind.ID: _identifier,
    Kind.TEXT: _text,
    Kind.TIME: _time,
    Kind.MONEY: _money,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.ATTRIBUTE: _attribute,
}
