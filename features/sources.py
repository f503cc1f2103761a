"""Connect to an engine, and keep, write and hash its tables: the only place that knows one."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import duckdb
import ibis
import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.backends.duckdb import Backend

from features.columns import INTERNAL
from features.errors import InputError
from features.files import missing_file
from features.mapping import first_line, literal, quoted
from features.settings import DataSettings
from features.tables import Tables

_URL = "duckdb://"
_NO_FILES = re.compile(r'No files found that match the pattern "([^"]+)"')
_COUNT_ON_ROWS = ("statistics_propagation", "compressed_materialization", "row_group_pruner")
"""Steps of the planner that use the least and greatest value and the like of what is there."""

MENDABLE = (
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.OperationalError,
    duckdb.NotSupportedError,
)
"""What the engine raises for files, SQL and values that a user can mend."""

NO_SUCH_TABLE = duckdb.CatalogException


def connect(data: DataSettings, folder: Path) -> Backend:
    """Return a connection to the engine, which only ever reads the user's database.

    Parameters
    ----------
    data
        The `[data]` section.
    folder
        The configuration's folder, to which paths are relative.

    Raises
    ------
    InputError
        When the engine is unknown, its database missing or a setting refused.
    """
    if not data.engine.startswith(_URL):
        raise InputError(
            f'data.engine = "{data.engine}": only DuckDB is available; write "duckdb://" or '
            '"duckdb://file.duckdb", and export other tables to parquet or csv files'
        )
    name = data.engine.removeprefix(_URL)
    path = folder / name
    if name and not path.is_file():
        raise InputError(f'data.engine = "{data.engine}": {missing_file(path)}')
    with mendable(f'data.engine = "{data.engine}"'):
        backend = ibis.duckdb.connect(path if name else ":memory:", read_only=bool(name))
    _configure(backend, data, folder)
    return backend


def in_memory() -> Backend:
    """Return an engine of its own, without data, for small queries that cannot wait.

    One thread, because handing a few rows to another one takes longer than working on them. A plan
    that is prepared here holds for rows that come later: it may not count on those there are.
    """
    backend = ibis.duckdb.connect(":memory:", threads=1)
    backend.raw_sql("SET enable_progress_bar = false")
    backend.raw_sql(f"SET disabled_optimizers = {literal(','.join(_COUNT_ON_ROWS))}")
    return backend


def _configure(backend: Backend, data: DataSettings, folder: Path) -> None:
    # A name of its own: two runs at once never clear each other's files away.
    spill = Path(tempfile.gettempdir()) / f"keepwell-{uuid4().hex}"
    settings = {
        "TimeZone": data.timezone,
        "file_search_path": str(folder.resolve()),
        "temp_directory": str(spill),
        "memory_limit": data.memory_limit,
    }
    for name, value in settings.items():
        if value is not None:
            with mendable(f"data.{name.lower()}"):
                backend.raw_sql(f"SET {name} = {literal(value)}")
    # Rows have no order here, and the engine needs less memory when it may mix them.
    backend.raw_sql("SET preserve_insertion_order = false; SET enable_progress_bar = false")


@contextmanager
def mendable(place: str, folder: Path | None = None) -> Iterator[None]:
    """Turn the engine's complaints about files, SQL and values into `InputError`.

    Parameters
    ----------
    place
        The dotted key that the message begins with.
    folder
        Where to look for the nearest name of a missing file.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise InputError(
            f"{place}: out of memory or disk: {first_line(str(error))}. Raise data.memory_limit, "
            "or point TMPDIR at a larger disk"
        ) from error
    except MENDABLE as error:
        raise InputError(f"{place}: {_said(str(error), folder)}") from error


def _said(problem: str, folder: Path | None) -> str:
    missing = _NO_FILES.search(problem)
    if missing and folder:
        return missing_file(folder / missing[1])
    if "not utf-8 encoded" in problem:
        return "the file is not UTF-8; convert it, for example with iconv -f latin1 -t utf-8"
    if problem.startswith("Conversion Error"):
        return (
            f"{first_line(problem)}. Use TRY_CAST in the SQL expression: values that do not "
            "convert are then missing, and their rows are set apart"
        )
    return first_line(problem)


def internal_name(table: str, purpose: str) -> str:
    """Return the engine's name of a temporary table or view, apart from the user's names."""
    return f"{INTERNAL}{table}_{purpose}"


def materialise(table: ibis.Table, name: str, backend: Backend) -> ibis.Table:
    """Compute a table once and keep it in the engine as a temporary table.

    Parameters
    ----------
    table
        Any expression over the backend's tables.
    name
        An internal name.
    backend
        What `connect` returned.
    """
    backend.raw_sql(f"CREATE OR REPLACE TEMP TABLE {name} AS {backend.compile(table)}")
    return backend.table(name)


def in_order(table: ibis.Table, backend: Backend) -> pa.Table:
    """Read a table into memory, its rows in the order of its source."""
    backend.raw_sql("SET preserve_insertion_order = true")
    rows = table.to_pyarrow()
    backend.raw_sql("SET preserve_insertion_order = false")
    return rows


def as_view(table: ibis.Table, name: str, backend: Backend) -> ibis.Table:
    """Name an expression in the engine without computing it."""
    backend.raw_sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {backend.compile(table)}")
    return backend.table(name)


def write_csv(table: ibis.Table, path: Path, backend: Backend) -> None:
    """Write a table to a CSV file, whole or not at all.

    Raises
    ------
    InputError
        When the folder cannot be written to.
    """
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with mendable(f"cannot write {path}"):
            sql = backend.compile(table)
            backend.raw_sql(f"COPY ({sql}) TO {literal(str(part))} (FORMAT csv, HEADER true)")
        part.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def export(sql: str, path: Path, backend: BaseBackend) -> None:
    """Write the rows of a query to a Parquet file, in the order that the query gives them.

    Raises
    ------
    InputError
        When the disk is full, or the memory does not suffice.
    """
    with mendable(f"cannot write {path}"):
        backend.raw_sql(f"COPY ({sql}) TO {literal(str(path))} (FORMAT parquet)")


def fingerprint(tables: Tables) -> str:
    """Return a hash of the content of the tables, whatever the order of their rows.

    Per table: its columns and types, the number of rows and the sum of the rows' MD5 hashes.

    Parameters
    ----------
    tables
        What `load` returned.
    """
    digest = hashlib.sha256()
    for name in sorted(tables):
        table = tables[name]
        values = [f"coalesce(CAST({quoted(c)} AS VARCHAR), chr(0))" for c in table.columns]
        row = f"md5_number_lower(concat_ws(chr(31), {', '.join(values)}))"
        sql = f"SELECT count(*), sum(CAST({row} AS HUGEINT)) FROM ({ibis.to_sql(table)})"  # noqa: S608 - quoted names
        content = table.get_backend().raw_sql(sql).fetchone()
        digest.update(f"{name}|{table.schema().items()}|{content}".encode())
    return digest.hexdigest()
