"""What differs between engines: the face that each of them has for all the rest."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from ibis.backends import BaseBackend

from features.settings import DataSettings

_WRITERS = {"parquet": pq.ParquetWriter, "csv": pc.CSVWriter}


class Engine(ABC):
    """What an engine needs to be told in its own way; by default in standard SQL.

    Attributes
    ----------
    reads_files
        Whether a table may come from a parquet or csv file beside the configuration.
    dialect
        What sqlglot calls the engine's SQL.
    text
        The type of texts.
    """

    reads_files = False
    dialect = ""
    text = "VARCHAR"

    @abstractmethod
    def connect(self, data: DataSettings, folder: Path) -> BaseBackend:
        """Return a connection; see :func:`connect`."""

    @abstractmethod
    def errors(self) -> tuple[type[Exception], ...]:
        """Return what is raised for files, SQL and values that a user can mend."""

    def rows(self, backend: BaseBackend, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query that gives few."""
        found: list[tuple[Any, ...]] = backend.raw_sql(sql).fetchall()
        return found

    @abstractmethod
    def columns(self, backend: BaseBackend, sql: str) -> dict[str, str]:
        """Return the columns of a query that is not run, and the engine's types of them."""

    def tables(self, backend: BaseBackend) -> list[str]:
        """Return the names of the tables that there are."""
        sql = (
            "SELECT CASE WHEN table_schema = current_schema() THEN table_name "
            "ELSE table_schema || '.' || table_name END FROM information_schema.tables "
            "WHERE table_schema NOT IN ('information_schema', 'pg_catalog') "
            "AND table_schema NOT LIKE 'pg_temp%' ORDER BY 1"
        )
        return [name for (name,) in self.rows(backend, sql)]

    def view(self, backend: BaseBackend, sql: str, name: str) -> None:
        """Name a query for the length of the connection."""
        backend.raw_sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")

    @abstractmethod
    def keep(self, backend: BaseBackend, sql: str, name: str) -> None:
        """Compute a query once and keep its rows for the length of the connection."""

    def put(self, backend: BaseBackend, table: pa.Table, name: str) -> None:
        """Bring rows into the engine for the length of the connection."""
        backend.create_table(name, table, temp=True, overwrite=True)

    def write(
        self, backend: BaseBackend, sql: str, schema: pa.Schema, path: Path, form: str
    ) -> None:
        """Write the rows of a query to a parquet or csv file, in the order that it gives them."""
        with _WRITERS[form](path, schema) as file:
            for batch in self.batches(backend, sql, schema):
                file.write_batch(batch)

    @abstractmethod
    def batches(
        self, backend: BaseBackend, sql: str, schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query, a part at a time."""

    def ordered(self, table: ibis.Table, _backend: BaseBackend) -> pa.Table:
        """Read a table whole, its rows in an order that is the same every time."""
        return table.order_by(table.columns).to_pyarrow()

    @abstractmethod
    def digest(self, row: str) -> str:
        """Return the SQL of a whole number from an SQL text, as good as random."""


def loaded(module: str, error: str) -> tuple[type[Exception], ...]:
    """Give a library's error where the library is in use: only then it can have been raised."""
    found = sys.modules.get(module)
    return (getattr(found, error),) if found else ()
