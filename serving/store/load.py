"""Each database's own fast way to take many rows."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from pyarrow import csv
from sqlalchemy import Connection, Table

_ROWS = 65_536  # at a time: bounds the memory, whatever size the batches have


def load(connection: Connection, table: Table, batches: Iterable[pa.Table]) -> int:
    """Fill a table and return the number of rows.

    Parameters
    ----------
    connection : Connection
        In the transaction that the rows belong to.
    table : Table
    batches : iterable of pyarrow.Table
        With the columns of `table`.
    """
    counted = _Counted(_slices(batches))
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        _copy(driver, table, counted)
    else:
        _insert(driver, table, counted)
    return counted.rows


class _Counted:
    def __init__(self, batches: Iterable[pa.Table]) -> None:
        self.batches = batches
        self.rows = 0

    def __iter__(self) -> Iterator[pa.Table]:
        for batch in self.batches:
            self.rows += batch.num_rows
            yield batch


def _slices(batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS):
            yield batch.slice(start, _ROWS)


def _names(table: Table) -> str:
    return ", ".join(table.columns.keys())


def _copy(driver: Any, table: Table, batches: Iterable[pa.Table]) -> None:  # noqa: ANN401
    # In Arrow's CSV, null is nothing and an empty text is "", which is how COPY reads them; its
    # doubles are the shortest that read back the same.
    options = csv.WriteOptions(include_header=False)
    statement = f"COPY {table.name} ({_names(table)}) FROM STDIN (FORMAT csv)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in batches:
            block = io.BytesIO()
            csv.write_csv(batch, block, options)
            copy.write(block.getvalue())


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write dates as SQLite keeps them: as text."""
    return column.cast(pa.string()) if pa.types.is_date(column.type) else column


def _insert(driver: Any, table: Table, batches: Iterable[pa.Table]) -> None:  # noqa: ANN401
    marks = ", ".join("?" * len(table.columns))
    statement = f"INSERT INTO {table.name} ({_names(table)}) VALUES ({marks})"  # noqa: S608
    for batch in batches:
        columns = [_plain(column).to_pylist() for column in batch.columns]
        driver.executemany(statement, zip(*columns, strict=True))
