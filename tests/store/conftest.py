"""Stores to test: one suite, on a SQLite file and on a real PostgreSQL server."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serving.store import Store
from tests.postgres import new_database

Urls = Callable[[], str]
Opener = Callable[..., Store]


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
