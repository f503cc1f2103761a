"""Connect to engines, and say what differs between them: the only place that knows one."""

from __future__ import annotations

import logging
import re
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa
import sqlglot.expressions as sge
from duckdb import (
    DataError,
    NotSupportedError,
    OperationalError,
    OutOfMemoryException,
    ProgrammingError,
)
from ibis.backends import BaseBackend
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

from features.conditions import Cases
from features.engine import Engine, loaded
from features.errors import InputError, suggestion, without_password
from features.extras import library
from features.files import missing_file
from features.mapping import first_line, literal
from features.settings import DataSettings

_COUNT_ON_ROWS = ("statistics_propagation", "compressed_materialization", "row_group_pruner")
"""Steps of DuckDB's planner that use the least and greatest value and the like of what is there."""

_NO_FILES = re.compile(r'No files found that match the pattern "([^"]+)"')
_BATCH = 100_000


class _DuckDBSQL(DuckDBCompiler):  # type: ignore[misc] # untyped
    """What Ibis writes with filters, which DuckDB is slow at."""

    agg = Cases(supports_filter=True, supports_order_by=True)


class _DuckDB(Engine):
    reads_files = True
    dialect = "duckdb"

    def connect(self, data: DataSettings, folder: Path) -> BaseBackend:
        name = data.engine.removeprefix("duckdb://")
        path = folder / name
        if name and not path.is_file():
            raise InputError(f'data.engine = "{data.engine}": {missing_file(path)}')
        backend = ibis.duckdb.connect(path if name else ":memory:", read_only=bool(name))
        backend.compiler = _DuckDBSQL()
        # A name of its own: two runs at once never clear each other's files away.
        spill = Path(tempfile.gettempdir()) / f"keepwell-{uuid4().hex}"
        settings = {
            "TimeZone": data.timezone,
            "file_search_path": str(folder.resolve()),
            "temp_directory": str(spill),
            "memory_limit": data.memory_limit,
        }
        for key, value in settings.items():
            if value is not None:
                with mendable(f"data.{key.lower()}"):
                    backend.raw_sql(f"SET {key} = {literal(value)}")
        # Rows have no order here, and the engine needs less memory when it may mix them.
        backend.raw_sql("SET preserve_insertion_order = false; SET enable_progress_bar = false")
        return backend

    def errors(self) -> tuple[type[Exception], ...]:
        return (DataError, NotSupportedError, OperationalError, ProgrammingError)

    def columns(self, backend: BaseBackend, sql: str) -> dict[str, str]:
        return {row[0]: row[1] for row in self.rows(backend, f"DESCRIBE {sql}")}

    def keep(self, backend: BaseBackend, sql: str, name: str) -> None:
        backend.raw_sql(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def write(
        self, backend: BaseBackend, sql: str, _schema: pa.Schema, path: Path, form: str
    ) -> None:
        backend.raw_sql(f"COPY ({sql}) TO {literal(str(path))} (FORMAT {form})")

    def batches(
        self, backend: BaseBackend, sql: str, schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        yield from backend.raw_sql(sql).arrow().cast(schema).to_batches(_BATCH)

    def ordered(self, table: ibis.Table, backend: BaseBackend) -> pa.Table:
        # In the order of its source, which a file has.
        backend.raw_sql("SET preserve_insertion_order = true")
        rows = table.to_pyarrow()
        backend.raw_sql("SET preserve_insertion_order = false")
        return rows

    def digest(self, row: str) -> str:
        return f"CAST(md5_number_lower({row}) AS HUGEINT)"


class _PostgresSQL(PostgresCompiler):  # type: ignore[misc] # untyped
    """What Ibis leaves out: casts that give null, and texts in the order of their bytes."""

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: ANN401, N802 - as Ibis has it
        if op.arg.dtype.is_string() and (reader := _reader(to)):
            arg = self.f.anon[f"pg_temp.{reader}"](arg)
        bound = _bound(op.arg.dtype, to)
        cast = self.visit_Cast(op, arg=arg, to=to)
        return cast if bound is None else self.if_(self.f.abs(arg) < bound, cast, sge.Null())

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: ANN401, N802
        if op.arg.dtype.is_boolean() and to.is_numeric():
            arg = self.cast(arg, dt.int32)  # The one number that a boolean casts to.
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_Mean(self, op: Any, **parts: Any) -> Any:  # noqa: ANN401, N802
        return self.cast(super().visit_Mean(op, **parts), op.dtype)  # Of counts it is a decimal.

    def visit_SortKey(self, op: Any, *, arg: Any, **options: Any) -> Any:  # noqa: ANN401, N802
        return super().visit_SortKey(op, arg=_bytewise(op, arg), **options)

    def visit_Max(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: ANN401, N802
        return super().visit_Max(op, arg=_bytewise(op, arg), where=where)

    def visit_Min(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: ANN401, N802
        return super().visit_Min(op, arg=_bytewise(op, arg), where=where)


def _reader(to: dt.DataType) -> str | None:
    if to.is_timestamp():
        return "keepwell_moment" if to.timezone else "keepwell_time"
    return "keepwell_number" if to.is_numeric() else None


def _bound(given: dt.DataType, to: dt.DataType) -> sge.Expression | None:
    """Give the size from which on numbers do not fit a type; None where all of them do."""
    if to.is_decimal() and not given.is_integer():
        return sge.convert(10 ** (to.precision - to.scale) - 1)
    if to.is_integer() and not given.is_integer():
        return sge.convert(2**63 - 1)
    return sge.convert(10**308) if to.is_floating() and given.is_string() else None


def _bytewise(op: Any, arg: Any) -> Any:  # noqa: ANN401
    if not op.arg.dtype.is_string():
        return arg
    return sge.Collate(this=arg, expression=sge.to_identifier("C", quoted=True))


_READERS = {
    "keepwell_number": ("numeric", ""),
    # Words such as "now" are no times, though PostgreSQL reads them as such.
    "keepwell_time": ("timestamp", r"IF given !~ '^\s*\d' THEN RETURN NULL; END IF;"),
    "keepwell_moment": ("timestamptz", r"IF given !~ '^\s*\d' THEN RETURN NULL; END IF;"),
}


class _Postgres(Engine):
    dialect = "postgres"

    def connect(self, data: DataSettings, _folder: Path) -> BaseBackend:
        psycopg = library("psycopg", "postgres", "data.engine")
        # A URL without a password leaves it to PGPASSWORD or ~/.pgpass, as everywhere.
        backend = ibis.postgres.from_connection(psycopg.connect(data.engine, autocommit=True))
        weakref.finalize(backend, backend.con.close)
        backend.compiler = _PostgresSQL()
        # Compiling queries of this size takes PostgreSQL longer than running them.
        settings = {"TIME ZONE": data.timezone, "jit =": "off", "client_min_messages =": "warning"}
        for key, value in settings.items():
            backend.raw_sql(f"SET {key} {literal(value)}")
        for name, (kind, check) in _READERS.items():
            backend.raw_sql(
                f"CREATE OR REPLACE FUNCTION pg_temp.{name}(given text) RETURNS {kind} "
                f"LANGUAGE plpgsql STABLE AS $$ BEGIN {check} RETURN given::{kind}; "
                "EXCEPTION WHEN data_exception THEN RETURN NULL; END $$"
            )
        return backend

    def errors(self) -> tuple[type[Exception], ...]:
        return loaded("psycopg", "Error")

    def columns(self, backend: BaseBackend, sql: str) -> dict[str, str]:
        found = backend.raw_sql(f"SELECT * FROM ({sql}) AS q LIMIT 0").description  # noqa: S608
        return {column.name: column.type_display for column in found}

    def view(self, backend: BaseBackend, sql: str, name: str) -> None:
        # A view is replaced only by one with the same columns.
        backend.raw_sql(f"DROP VIEW IF EXISTS {name} CASCADE")
        backend.raw_sql(f"CREATE TEMP VIEW {name} AS {sql}")

    def keep(self, backend: BaseBackend, sql: str, name: str) -> None:
        backend.raw_sql(f"DROP TABLE IF EXISTS {name} CASCADE")
        backend.raw_sql(f"CREATE TEMP TABLE {name} AS {sql}")
        backend.raw_sql(f"ANALYZE {name}")

    def batches(
        self, backend: BaseBackend, sql: str, schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        rows = pa.struct(list(schema))
        with backend.con.transaction(), backend.con.cursor(name=f"q{uuid4().hex}") as cursor:
            cursor.execute(sql)
            while found := cursor.fetchmany(_BATCH):
                yield pa.RecordBatch.from_struct_array(pa.array(found, type=rows))

    def digest(self, row: str) -> str:
        return f"CAST(CAST('x' || substr(md5({row}), 1, 16) AS bit(64)) AS bigint)"


class _SparkSQL(PySparkCompiler):  # type: ignore[misc]
    """Days are counted without going through moments; a moment is read as such."""

    def visit_TimestampTruncate(self, op: Any, *, arg: Any, unit: Any) -> Any:  # noqa: ANN401, N802
        if unit.short != "D" or op.arg.dtype.timezone is not None:
            return super().visit_TimestampTruncate(op, arg=arg, unit=unit)
        return self.cast(self.cast(arg, dt.date), op.dtype)

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: ANN401, N802
        if not (to.is_timestamp() and to.timezone):
            return super().visit_TryCast(op, arg=arg, to=to)
        return sge.TryCast(this=arg, to=sge.DataType.build("timestampltz"))

    def visit_DateDelta(self, op: Any, *, left: Any, right: Any, part: Any) -> Any:  # noqa: ANN401, N802
        del op, part  # Days, the only part that is asked for.
        return self.f.anon.datediff(left, right)


class _Spark(Engine):
    dialect = "spark"
    text = "STRING"

    def connect(self, data: DataSettings, _folder: Path) -> BaseBackend:
        session = _spark_session(data.engine)
        backend = ibis.pyspark.connect(session)
        backend.compiler = _SparkSQL()
        settings = {
            "spark.sql.session.timeZone": data.timezone,
            "spark.sql.timestampType": "TIMESTAMP_NTZ",  # Times are local ones, without a zone.
            "spark.sql.ansi.enabled": "true",
            # Names are quoted in one way for all engines, which is that of standard SQL.
            "spark.sql.ansi.doubleQuotedIdentifiers": "true",
        }
        for key, value in settings.items():
            session.conf.set(key, value)
        return backend

    def errors(self) -> tuple[type[Exception], ...]:
        return loaded("pyspark.errors", "PySparkException")

    def rows(self, backend: BaseBackend, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in backend.raw_sql(sql).collect()]

    def columns(self, backend: BaseBackend, sql: str) -> dict[str, str]:
        return dict(backend.raw_sql(sql).dtypes)

    def tables(self, backend: BaseBackend) -> list[str]:
        return [row[1] for row in self.rows(backend, "SHOW TABLES")]

    def keep(self, backend: BaseBackend, sql: str, name: str) -> None:
        backend.raw_sql(sql).persist().createOrReplaceTempView(name)

    def put(self, backend: BaseBackend, table: pa.Table, name: str) -> None:
        session = backend.raw_sql("SELECT 1").sparkSession
        session.createDataFrame(table).createOrReplaceTempView(name)

    def batches(
        self, backend: BaseBackend, sql: str, schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        yield from backend.raw_sql(sql).toArrow().cast(schema).to_batches(_BATCH)

    def digest(self, row: str) -> str:
        return f"CAST(conv(substr(md5({row}), 1, 15), 16, 10) AS DECIMAL(20, 0))"


def _spark_session(url: str) -> Any:  # noqa: ANN401 - the library may be absent
    spark = library("pyspark.sql", "spark", "data.engine")
    builder = spark.SparkSession.builder.appName("keepwell")
    # Errors are raised, and told in one line.
    logging.getLogger("SQLQueryContextLogger").disabled = True
    if url.startswith("sc://"):
        return builder.remote(url).getOrCreate()
    place = url.removeprefix("spark://")
    local = place.startswith("local")
    settings = {"spark.ui.showConsoleProgress": "false"}
    if local:
        settings |= dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), "127.0.0.1")
        settings["spark.ui.enabled"] = "false"
    session = builder.config(map=settings).master(place if local else url).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


_ENGINES: Mapping[str, Engine] = {
    "duckdb": _DuckDB(),
    "postgres": _Postgres(),
    "pyspark": _Spark(),
}
"""By the name that Ibis has for them."""

_SCHEMES: Mapping[str, str] = {
    "duckdb://": "duckdb",
    "postgresql://": "postgres",
    "postgres://": "postgres",
    "sc://": "pyspark",
    "spark://": "pyspark",
}


def connect(data: DataSettings, folder: Path) -> BaseBackend:
    """Return a connection to the engine, which only ever reads the user's tables.

    Parameters
    ----------
    data
        The `[data]` section.
    folder
        The configuration's folder, to which paths are relative.

    Raises
    ------
    InputError
        When the engine is unknown or does not answer, its database missing or a setting refused.
    """
    scheme = next((s for s in _SCHEMES if data.engine.startswith(s)), None)
    if scheme is None:
        known = ", ".join(f'"{s}..."' for s in _SCHEMES)
        raise InputError(
            f'data.engine = "{without_password(data.engine)}" is no engine that is known here; '
            f"write one of {known}.{suggestion(data.engine, _SCHEMES)}"
        )
    with mendable(f'data.engine = "{without_password(data.engine)}"'):
        return _ENGINES[_SCHEMES[scheme]].connect(data, folder)


def engine_of(backend: BaseBackend) -> Engine:
    """Return what is to be told to the engine of a connection in its own way."""
    return _ENGINES[backend.name]


def in_memory() -> BaseBackend:
    """Return an engine of its own, without data, for small queries that cannot wait.

    One thread, because handing a few rows to another one takes longer than working on them. A plan
    that is prepared here holds for rows that come later: it may not count on those there are.
    """
    backend = ibis.duckdb.connect(":memory:", threads=1)
    backend.compiler = _DuckDBSQL()
    backend.raw_sql("SET enable_progress_bar = false")
    backend.raw_sql(f"SET disabled_optimizers = {literal(','.join(_COUNT_ON_ROWS))}")
    return backend


def errors() -> tuple[type[Exception], ...]:
    """Return what engines raise for files, SQL and values that a user can mend."""
    return tuple(error for engine in _ENGINES.values() for error in engine.errors())


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
    except OutOfMemoryException as error:
        raise InputError(
            f"{place}: out of memory or disk: {first_line(str(error))}. Raise data.memory_limit, "
            "or point TMPDIR at a larger disk"
        ) from error
    except errors() as error:
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
