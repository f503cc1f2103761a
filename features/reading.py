"""Open a company's files, tables and queries, and map their columns to canonical ones."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar

import ibis
from ibis.backends import BaseBackend

from features import csv_types
from features.columns import INTERNAL, TableLayout
from features.errors import InputError, suggestion
from features.files import Files, locate, matching
from features.keeping import internal_name
from features.mapping import (
    Relation,
    completed,
    explain,
    expression,
    key_columns,
    key_name,
    literal,
    quoted,
    select,
)
from features.queries import anchored
from features.settings import TableSettings
from features.sources import engine_of, errors, mendable

_Name = TypeVar("_Name")
_NO_SUCH_TABLE = re.compile("does not exist|NOT_FOUND")


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


def read_source(
    backend: BaseBackend, layout: TableLayout, settings: TableSettings, folder: Path
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
        relation, rows = open_source(backend, layout, settings, folder)
        mapping = completed(settings, layout, relation)
        keys = key_columns(settings.key, mapping, relation, place)
        items = {c: expression(v, relation, layout.kind(c)) for c, v in mapping.items()}
        items |= {key_name(position): sql for position, sql in enumerate(keys)}
        _check_expressions(backend, layout, mapping, relation, settings.where)
        mapped = _view(backend, layout, "mapped", select(relation, items, settings.where))
        if settings.where and rows is None:
            rows = _counts(backend, relation, {"rows": "count(*)"})["rows"]
    return Source(backend.table(mapped), rows if settings.where else None)


def open_source(
    backend: BaseBackend, layout: TableLayout, settings: TableSettings, folder: Path
) -> tuple[Relation, int | None]:
    """Return the source as a view, and its number of rows where that is already known."""
    if settings.query is not None:
        return _open_query(backend, layout, settings.query, folder), None
    source = settings.source or ""
    place = f"tables.{layout.name}.source"
    files = locate(source, folder, place) if engine_of(backend).reads_files else None
    if files is None:
        return _open_table(backend, source, place, folder), None
    if files.format == "csv":
        return _open_csv(backend, layout, settings, files)
    sql = _all_of(f"read_parquet({_paths(files)}, union_by_name = true)")
    return _relation(backend, _view(backend, layout, "source", sql)), None


def _open_query(backend: BaseBackend, layout: TableLayout, query: str, folder: Path) -> Relation:
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
        sql = query.strip().rstrip(";")
        if engine_of(backend).reads_files:
            sql = anchored(sql, folder, open_csv)
        return _relation(backend, _view(backend, layout, "source", sql))


def _open_table(backend: BaseBackend, source: str, place: str, folder: Path) -> Relation:
    name = ".".join(quoted(part) for part in source.split("."))
    try:
        return _relation(backend, name)
    except errors() as error:
        if not _NO_SUCH_TABLE.search(str(error)):
            raise
        engine = engine_of(backend)
        tables = [name for name in engine.tables(backend) if not name.startswith(INTERNAL)]
        known = [*tables, *(e.name for e in folder.iterdir() if e.is_file() and engine.reads_files)]
        said = (
            "neither a .parquet, .csv or .csv.gz file nor a table of the engine"
            if engine.reads_files
            else 'no table of the engine (files are read by data.engine = "duckdb://" alone)'
        )
        raise InputError(
            f'{place} = "{source}": {said}.{suggestion(source, known)} '
            f"Tables: {', '.join(tables) or 'none'}"
        ) from None


def _open_csv(
    backend: BaseBackend, layout: TableLayout, settings: TableSettings, files: Files
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
    backend: BaseBackend, layout: TableLayout, files: Files, purpose: str
) -> tuple[Relation, dict[str, str]]:
    """Return a view of CSV files as text, and the types that a sample of them suggests."""
    options = f"{_paths(files)}, header = true, union_by_name = true"
    sql = _all_of(f"read_csv({options}, all_varchar = true)")
    raw = _relation(backend, _view(backend, layout, purpose, sql))
    sampled = engine_of(backend).columns(backend, _all_of(f"read_csv({options})"))
    return raw, {column: sampled.get(column, "VARCHAR") for column in raw.columns}


def _counts(
    backend: BaseBackend, relation: Relation, probes: Mapping[_Name, str]
) -> dict[_Name, int]:
    items = {f"count_{position}": sql for position, sql in enumerate(probes.values())}
    (row,) = engine_of(backend).rows(backend, select(relation, items, None))
    return dict(zip(probes, row, strict=True))


def _paths(files: Files) -> str:
    return "[" + ", ".join(literal(glob.escape(str(path))) for path in files.paths) + "]"


def _all_of(relation: str) -> str:
    return f"SELECT * FROM {relation}"  # noqa: S608 - a quoted name, or a call on quoted paths


def _view(backend: BaseBackend, layout: TableLayout, purpose: str, sql: str) -> str:
    name = internal_name(layout.name, purpose)
    engine_of(backend).view(backend, sql, name)
    return name


def _relation(backend: BaseBackend, name: str) -> Relation:
    return Relation(name, engine_of(backend).columns(backend, _all_of(name)))


def _check_expressions(
    backend: BaseBackend,
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
            sql = select(relation, items, value if key == "where" else None)
            engine_of(backend).columns(backend, sql)
        except errors() as error:
            place = f"tables.{layout.name}.{key}"
            raise InputError(explain(place, value, str(error), relation)) from error
