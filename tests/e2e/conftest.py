"""Shops for the end-to-end tests: one that is only set up, one that has trained already."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.flat import FLAT, people
from tests.once import Made
from tests.support import BASE, Shop, command, put_store, sales


@pytest.fixture(autouse=True)
def _own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    """Give a shop that has nothing yet, for what the very first command leaves behind."""
    return Shop(tmp_path / "shop", capsys)


@pytest.fixture
def shop(bare: Shop, empty_store: Path) -> Shop:
    return replace(bare, store=empty_store)


@pytest.fixture(scope="session")
def trained_once(made_once: Made) -> Path:
    def make(folder: Path) -> None:
        sales().to_parquet(folder / "transactions.parquet")
        command(folder, BASE, "train")

    return made_once("trained", make)


@pytest.fixture
def trained(shop: Shop, trained_once: Path) -> Shop:
    """Give a shop of its own with a champion; the bundle's files stay with the first one."""
    shutil.copytree(trained_once, shop.folder)
    return shop


@pytest.fixture
def trained_before(shop: Shop, made_once: Made, empty_store: Path) -> Shop:
    """Give a shop whose champion is of a month before the end of its records."""

    def make(folder: Path) -> None:
        put_store(empty_store, folder)
        sales().to_parquet(folder / "transactions.parquet")
        command(folder, BASE, "train", "--as-of", "2023-09-28")

    shutil.copytree(made_once("trained_before", make), shop.folder)
    return shop


@pytest.fixture
def flat(shop: Shop, made_once: Made, empty_store: Path) -> Shop:
    """Give a shop that has trained on a flat file."""

    def make(folder: Path) -> None:
        put_store(empty_store, folder)
        people().to_parquet(folder / "people.parquet")
        command(folder, FLAT, "train")

    shutil.copytree(made_once("flat", make), shop.folder)
    return shop
