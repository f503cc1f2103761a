"""Connections: SQLite and PostgreSQL behind one way to read and one way to write."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from serving.errors import StoreError
from serving.store.failures import explained

PUBLISHING, RECORDING = 4_805_361_205, 4_805_361_206
"""Keys of the advisory locks on PostgreSQL: any numbers of our own. SQLite has one writer."""

_READ_WAIT_S = 10
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_FORMS = '"sqlite:///keepwell.db" or "postgresql+psycopg://user:password@host/database"'


def connect(url: str) -> Engine:
    """Return an engine; nothing is opened yet.

    Parameters
    ----------
    url : str
        Of a SQLite file or a PostgreSQL database.

    Raises
    ------
    StoreError
        When the URL names neither, or the PostgreSQL driver is not installed.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    options: dict[str, object] = {"client_encoding": "utf8"}
    if "connect_timeout" not in parsed.query:
        options["connect_timeout"] = _READ_WAIT_S
    try:
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True, connect_args=options)
    except ModuleNotFoundError:
        raise StoreError(
            "PostgreSQL's driver is not installed; install the extra: pip install "
            "'psycopg[binary]', or let [store] url name a SQLite file"
        ) from None


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter of a port that is no number
        raise StoreError(f"[store] url is not a database URL; write {_FORMS}") from None
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise StoreError(f'[store] url: unknown kind "{parsed.drivername}"; write {_FORMS}')
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError(f"[store] url names no file; write {_FORMS}")
    return parsed


def place(engine: Engine) -> str:
    """Return the URL for people: without any password."""
    shown = engine.url.difference_update_query(["password", "passfile", "sslpassword"])
    return shown.render_as_string(hide_password=True)


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's connection
        connection.isolation_level = None  # BEGIN is ours: the driver would leave DDL out of it
        for pragma in (
            "foreign_keys = ON",
            "synchronous = NORMAL",  # with WAL: never torn; a power cut may undo the last run
            "secure_delete = FAST",  # a dropped run is not overwritten page by page
            "cache_size = -65536",
            "journal_size_limit = 67108864",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        wait_s = connection.get_execution_options().get("write_wait_s")
        kind = "BEGIN" if wait_s is None else "BEGIN IMMEDIATE"
        wait_ms = round(1000 * (_READ_WAIT_S if wait_s is None else wait_s))
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {wait_ms}")
        connection.exec_driver_sql(kind)

    return engine


def use_wal(engine: Engine) -> None:
    """Let readers of a SQLite file go on while a run is published; the file remembers it."""
    if engine.dialect.name != "sqlite":
        return
    until = time.monotonic() + _READ_WAIT_S
    with _translated(engine):
        while not _switched(engine, last=time.monotonic() > until):
            time.sleep(0.05)


def _switched(engine: Engine, *, last: bool) -> bool:
    raw = engine.raw_connection()
    dbapi: Any = engine.dialect.loaded_dbapi
    try:
        raw.cursor().execute("PRAGMA journal_mode = WAL")
    except dbapi.OperationalError:
        if last:
            raise
        return False  # SQLite does not wait by itself here, when two processes open a new file
    finally:
        raw.close()
    return True


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that reads.

    Raises
    ------
    StoreUnavailable
        When the database does not answer.
    """
    with _translated(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine, wait_s: float, lock: int = PUBLISHING) -> Iterator[Connection]:
    """Open a transaction that writes: one of a kind at a time, all or nothing.

    Parameters
    ----------
    engine : Engine
    wait_s : float
        Seconds to wait for another writer.
    lock : int
        The kind, on PostgreSQL.

    Raises
    ------
    StoreUnavailable
        When the database does not answer, or another writer took longer.
    StoreFull
        When the disk is full.
    """
    with (
        _translated(engine),
        engine.connect().execution_options(write_wait_s=wait_s) as connection,
        connection.begin(),
    ):
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{round(1000 * wait_s)}ms'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({lock})"))
        yield connection


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    dbapi: Any = engine.dialect.loaded_dbapi
    try:
        yield
    except PoolTimeout:
        raise explained(place(engine), None) from None
    except (DBAPIError, dbapi.Error) as error:
        # The driver's own words may show rows: they are not passed on whole.
        raise explained(place(engine), error) from None
