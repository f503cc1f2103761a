"""Connect to an engine and read a company's tables: the only place that knows an engine."""

from __future__ import annotations

import glob
import hashlib
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import duckdb
import ibis
from ibis.backends.duckdb import Backend

from features import csv_types
from features.columns import INTERNAL, TableLayout
from features.errors import InputError, suggestion
from features.files import Files, locate, matching, missing_file
from features.mapping import (
    Relation,
    completed,
    explain,
    expression,
    first_line,
    key_columns,
    key_name,
    literal,
    quoted,
    select,
)
from features.queries import anchored
from features.settings import DataSettings, TableSettings
from features.tables import Tables

_URL = "duckdb://"
_NO_FILES = re.compile(r'No files found that match the pattern "([^"]+)"')
_COUNT_ON_ROWS = ("statistics_propagation", "compressed_materialization", "row_group_pruner")
"""Steps of the planner that use the least and greatest value and the like of what is there."""

_MENDABLE = (
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.OperationalError,
    duckdb.NotSupportedError,
)

_Name = TypeVar("_Name")


@dataclass(frozen=True)
class Source:
    """A source that is open but not yet read.

    Attributes
    ----------
    mapped
        The columns under canonical names; rows that `where` leaves out are not in it.
    rows
        Rows in the source; None without `where`, where nobody needs to count them.
    """

    mapped: ibis.Table
    rows: int | None


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
    backend.raw_sql("SET preserve_insertion_order = false")
    backend.raw_sql("SET enable_progress_bar = false")


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
    except _MENDABLE as error:
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


def read_source(
    backend: Backend, layout: TableLayout, settings: TableSettings, folder: Path
) -> Source:
    """Return the mapped columns of a table's source, not yet read.

    Parameters
    ----------
    backend
        What `connect` returned.
    layout
        The canonical table.
    settings
        The `[tables.<name>]` section.
    folder
        The configuration's folder.

    Raises
    ------
    InputError
        When a file, a column or an expression is wrong.
    """
    place = f"tables.{layout.name}"
    with mendable(place):
        relation, rows = _open(backend, layout, settings, folder)
        mapping = completed(settings, layout, relation)
        keys = key_columns(settings.key, mapping, relation, place)
        items = {c: expression(v, relation, layout.kind(c)) for c, v in mapping.items()}
        items |= {key_name(position): sql for position, sql in enumerate(keys)}
        _check_expressions(backend, layout, mapping, relation, settings.where)
        mapped = _view(backend, layout, "mapped", select(relation, items, settings.where))
        if settings.where and rows is None:
            rows = _counts(backend, relation, {"rows": "count(*)"})["rows"]
    return Source(backend.table(mapped), rows if settings.where else None)


def _open(
    backend: Backend, layout: TableLayout, settings: TableSettings, folder: Path
) -> tuple[Relation, int | None]:
    """Return the source as a view, and its number of rows where that is already known."""
    if settings.query is not None:
        return _open_query(backend, layout, settings.query, folder), None
    source = settings.source or ""
    place = f"tables.{layout.name}.source"
    files = locate(source, folder, place)
    if files is None:
        return _open_table(backend, source, place, folder), None
    if files.format == "csv":
        return _open_csv(backend, layout, settings, files)
    sql = _all_of(f"read_parquet({_paths(files)}, union_by_name = true)")
    return _relation(backend, _view(backend, layout, "source", sql)), None


def _open_query(backend: Backend, layout: TableLayout, query: str, folder: Path) -> Relation:
    place = f"tables.{layout.name}.query"
    number = count()

    def open_csv(source: str) -> str:
        """Return a view of the files in which no type costs an id its zeros or digits."""
        files = Files(matching(source, folder), "csv")
        name = f"file_{next(number)}"
        raw, candidates = _csv_as_text(backend, layout, files, f"{name}_text")
        plan = csv_types.Plan(candidates, set(candidates), set())
        counts = _counts(backend, raw, plan.probes())
        return _view(backend, layout, name, select(raw, plan.typed(counts), None))

    with mendable(place, folder):
        sql = anchored(query.strip().rstrip(";"), folder, open_csv)
        return _relation(backend, _view(backend, layout, "source", sql))


def _open_table(backend: Backend, source: str, place: str, folder: Path) -> Relation:
    name = ".".join(quoted(part) for part in source.split("."))
    try:
        return _relation(backend, name)
    except duckdb.CatalogException:
        rows = backend.raw_sql("SELECT table_name FROM information_schema.tables").fetchall()
        tables = [name for (name,) in rows if not name.startswith(INTERNAL)]
        files = [entry.name for entry in folder.iterdir() if entry.is_file()]
        raise InputError(
            f'{place} = "{source}": neither a .parquet, .csv or .csv.gz file nor a table of the '
            f"engine.{suggestion(source, [*tables, *files])} Tables: {', '.join(tables) or 'none'}"
        ) from None


def _open_csv(
    backend: Backend, layout: TableLayout, settings: TableSettings, files: Files
) -> tuple[Relation, int]:
    raw, candidates = _csv_as_text(backend, layout, files, "text")
    mapping = completed(settings, layout, raw)
    used = csv_types.typed_columns(mapping, settings.where, layout, raw.columns)
    plan = csv_types.Plan(candidates, used, csv_types.id_columns(mapping, layout, raw.columns))
    counts = _counts(backend, raw, plan.probes())
    items = plan.typed(counts) | plan.texts(counts)
    view = _view(backend, layout, "source", select(raw, items, None))
    texts = {column: csv_types.text_name(column) for column in raw.columns}
    return Relation(view, plan.types(counts), texts), counts[csv_types.ROWS]


def _csv_as_text(
    backend: Backend, layout: TableLayout, files: Files, purpose: str
) -> tuple[Relation, dict[str, str]]:
    """Return a view of CSV files as text, and the types that a sample of them suggests."""
    options = f"{_paths(files)}, header = true, union_by_name = true"
    sql = _all_of(f"read_csv({options}, all_varchar = true)")
    raw = _relation(backend, _view(backend, layout, purpose, sql))
    sampled = dict(_describe(backend, _all_of(f"read_csv({options})")))
    return raw, {column: sampled.get(column, "VARCHAR") for column in raw.columns}


def _counts(backend: Backend, relation: Relation, probes: Mapping[_Name, str]) -> dict[_Name, int]:
    items = {f"count_{position}": sql for position, sql in enumerate(probes.values())}
    row = backend.raw_sql(select(relation, items, None)).fetchone()
    return dict(zip(probes, row, strict=True))


def _paths(files: Files) -> str:
    return "[" + ", ".join(literal(glob.escape(str(path))) for path in files.paths) + "]"


def _all_of(relation: str) -> str:
    return f"SELECT * FROM {relation}"  # noqa: S608 - a quoted name, or a call on quoted paths


def _view(backend: Backend, layout: TableLayout, purpose: str, sql: str) -> str:
    name = internal_name(layout.name, purpose)
    backend.raw_sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")
    return name


def internal_name(table: str, purpose: str) -> str:
    """Return the engine's name of a temporary table or view, apart from the user's names."""
    return f"{INTERNAL}{table}_{purpose}"


def _describe(backend: Backend, sql: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in backend.raw_sql(f"DESCRIBE {sql}").fetchall()]


def _relation(backend: Backend, name: str) -> Relation:
    return Relation(name, dict(_describe(backend, _all_of(name))))


def _check_expressions(
    backend: Backend,
    layout: TableLayout,
    mapping: Mapping[str, str],
    relation: Relation,
    where: str | None,
) -> None:
    """Let the engine bind each expression alone, so that the message can name it."""
    texts = {f"columns.{column}": value for column, value in mapping.items()}
    if where:
        texts["where"] = where
    for key, value in texts.items():
        kind = layout.kind(key.removeprefix("columns."))
        items = {"value": expression(value, relation, kind)}
        try:
            _describe(backend, select(relation, items, value if key == "where" else None))
        except _MENDABLE as error:
            place = f"tables.{layout.name}.{key}"
            raise InputError(explain(place, value, str(error), relation)) from error


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
