"""Stores to test: one suite, on a SQLite file and on a real PostgreSQL server."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from serving.store import Store
from tests.postgres import NoPostgres, postgres

Urls = Callable[[], str]
Opener = Callable[..., Store]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Start a PostgreSQL server for the tests of this session."""
    try:
        with postgres() as url:
            yield url
    except NoPostgres as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {reason}")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Urls:
    """Return a function that makes an empty database and returns its URL."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / secrets.token_hex(4)}.db"
    return lambda: new_database(request.getfixturevalue("server"))


@pytest.fixture
def url(new_url: Urls) -> str:
    """Return the URL of an empty database."""
    return new_url()


@pytest.fixture
def opened(url: str) -> Iterator[Opener]:
    """Return a function that opens the test's store, and close them all in the end."""
    stores: list[Store] = []

    def open_store(**options: float) -> Store:
        stores.append(Store.open(url, **options))  # type: ignore[arg-type]
        return stores[-1]

    yield open_store
    for each in stores:
        each.close()


@pytest.fixture
def store(opened: Opener) -> Store:
    """Open the test's store with its defaults."""
    return opened()


def new_database(server: str) -> str:
    """Make a database and return its URL, its password shown."""
    name = f"store_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)
