"""Shops for the end-to-end tests: one that is only set up, one that has trained already."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from keepwell.cli import main
from tests.support import BASE, Shop, sales


@pytest.fixture(autouse=True)
def _own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path / "shop", capsys)


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "shop"
    folder.mkdir()
    (folder / "keepwell.toml").write_text(BASE, encoding="utf-8")
    sales().to_parquet(folder / "transactions.parquet")
    assert main(["train", "--config", str(folder / "keepwell.toml")]) == 0
    return folder


@pytest.fixture
def trained(shop: Shop, trained_once: Path) -> Shop:
    """Give a shop of its own with a champion; the bundle's files stay with the first one."""
    shutil.copytree(trained_once, shop.folder)
    return shop
