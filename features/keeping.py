"""Keep, write and hash tables, in whatever engine they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import ibis
import pyarrow as pa
from ibis.backends import BaseBackend

from features.columns import INTERNAL
from features.errors import InputError
from features.mapping import quoted
from features.sources import engine_of, mendable
from features.tables import Tables


def internal_name(table: str, purpose: str) -> str:
    """Return the engine's name of a temporary table or view, apart from the user's names."""
    return f"{INTERNAL}{table}_{purpose}"


def materialise(table: ibis.Table, name: str, backend: BaseBackend) -> ibis.Table:
    """Compute a table once and keep it in the engine for the length of the connection.

    Parameters
    ----------
    table
        Any expression over the backend's tables.
    name
        An internal name.
    backend
        What `connect` returned.
    """
    engine_of(backend).keep(backend, str(backend.compile(table)), name)
    return _typed(backend.table(name), table)


def as_view(table: ibis.Table, name: str, backend: BaseBackend) -> ibis.Table:
    """Name an expression in the engine without computing it."""
    engine_of(backend).view(backend, str(backend.compile(table)), name)
    return _typed(backend.table(name), table)


def _typed(found: ibis.Table, table: ibis.Table) -> ibis.Table:
    # An engine may keep a time or money without saying to what part of a second or a cent.
    types = found.schema()
    exact = {c: t for c, t in table.schema().items() if t.is_timestamp() or t.is_decimal()}
    lost = {c: t for c, t in exact.items() if t.scale is not None and types[c].scale is None}
    return found.cast(lost) if lost else found


def in_order(table: ibis.Table, backend: BaseBackend) -> pa.Table:
    """Read a table into memory, its rows in the order of its source, or else of its values."""
    return engine_of(backend).ordered(table, backend)


def write_csv(table: ibis.Table, path: Path, backend: BaseBackend) -> None:
    """Write a table to a CSV file, whole or not at all.

    Raises
    ------
    InputError
        When the folder cannot be written to.
    """
    schema, sql = table.schema().to_pyarrow(), str(backend.compile(table))
    with _whole(path) as part:
        engine_of(backend).write(backend, sql, schema, part, "csv")


def export(sql: str, schema: pa.Schema, path: Path, backend: BaseBackend) -> None:
    """Write the rows of a query to a Parquet file, in the order that the query gives them.

    Parameters
    ----------
    sql
        The query.
    schema
        Its columns.
    path
        The file.
    backend
        Where the query's tables are.

    Raises
    ------
    InputError
        When the disk is full, or the memory does not suffice.
    """
    with mendable(f"cannot write {path}"):
        engine_of(backend).write(backend, sql, schema, path, "parquet")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a path to write to, which takes the place of the file when all is written."""
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with mendable(f"cannot write {path}"):
            yield part
        part.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def fingerprint(tables: Tables) -> str:
    """Return a hash of the content of the tables, whatever the order of their rows.

    Per table: its columns and types, the number of rows and the sum of their hashes.

    Parameters
    ----------
    tables
        What `load` returned, all in one engine: each hashes in its own way.
    """
    digest = hashlib.sha256()
    for name in sorted(tables):
        table = tables[name]
        backend = table.get_backend()
        engine = engine_of(backend)
        values = [f"coalesce(CAST({quoted(c)} AS {engine.text}), chr(30))" for c in table.columns]
        row = engine.digest(f"concat_ws(chr(31), {', '.join(values)})")
        sql = f"SELECT count(*), sum({row}) FROM ({backend.compile(table)}) AS t"  # noqa: S608
        content = tuple(engine.rows(backend, sql)[0])
        digest.update(f"{name}|{table.schema().items()}|{content}".encode())
    return digest.hexdigest()
