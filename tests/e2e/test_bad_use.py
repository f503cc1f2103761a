"""Commands in the wrong order or with places that cannot be written to."""

from __future__ import annotations

import resource
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from keepwell.output import write_frame
from tests.support import BASE, Shop, sales


def test_score_before_train(shop: Shop) -> None:
    shop.write(sales())
    message = shop.refuses("score")
    assert "no model of 'shop' has been promoted yet; run `keepwell train` first" in message
    assert not shop.scores.exists()


def test_risk_list_before_score(trained: Shop) -> None:
    message = trained.refuses("risk-list")
    assert "there are no scores yet; run `keepwell score` first" in message


def test_a_day_that_the_champion_has_learnt_from(trained: Shop) -> None:
    message = trained.refuses("score", "--as-of", "2023-09-01")
    assert "--as-of 2023-09-01 is earlier than 2023-10-28" in message
    assert not trained.scores.exists()
    trained.does("score", "--as-of", "2023-09-01", "--backtest")
    scores = pd.read_parquet(trained.scores)
    assert scores["backtest"].all()
    trained.does("risk-list", "--out", trained.folder / "list.csv")
    assert pd.read_csv(trained.folder / "list.csv")["backtest"].all()


def test_a_champion_trained_on_another_feature_set(shop: Shop) -> None:
    lines = sales()
    complaints = lines.drop_duplicates("customer_id").rename(columns={"occurred_at": "opened_at"})
    complaints = complaints[["customer_id", "opened_at"]]
    shop.write(lines, BASE + '[tables.complaints]\nsource = "complaints.csv"\n')
    complaints.to_csv(shop.folder / "complaints.csv", index=False)
    shop.does("train")
    shop.write(config=BASE)
    message = shop.refuses("score")
    assert "the champion of 'shop' was trained on another feature set; missing: " in message
    assert "complaints_count_30d" in message
    assert "Give it the tables and columns it was trained on, or run `keepwell train`" in message
    assert not shop.scores.exists()
    assert "promoted: the champion can no longer score these tables" in shop.does("train").all
    shop.does("score")


@pytest.mark.parametrize(
    ("command", "name", "says"),
    [
        ("score", "scores.xlsx", "name a file that ends in .parquet or .csv"),
        ("risk-list", "list.parquet", "name a file that ends in .csv"),
        ("score", "nowhere/scores.csv", "there is no folder "),
        ("score", "keepwell.toml/scores.csv", "there is no folder "),
    ],
)
def test_a_place_that_cannot_take_the_result(
    trained: Shop, command: str, name: str, says: str
) -> None:
    message = trained.refuses(command, "--out", trained.folder / name)
    assert f"--out {trained.folder / name}: " in message
    assert says in message
    assert not trained.scores.exists()


def test_a_folder_that_takes_no_files(trained: Shop) -> None:
    message = trained.refuses("score", "--out", "/proc/scores.csv")
    assert "cannot write to /proc: " in message
    assert "give it write permission, or name another place" in message
    assert not trained.scores.exists()


def test_a_result_that_is_a_folder_keeps_it(trained: Shop) -> None:
    taken = trained.folder / "taken.csv"
    taken.mkdir()
    assert f"{taken}" in trained.refuses("score", "--out", taken)
    assert not list(trained.folder.glob(".*.part"))


@contextmanager
def small_files(most: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as on a disk that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    told = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, told)


@pytest.mark.parametrize("name", ["scores.parquet", "scores.csv"])
def test_a_failed_write_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_frame(pd.DataFrame({"a": [1]}), path)
    before = path.read_bytes()
    with small_files(1000), pytest.raises(InputError, match=f"cannot write .*{name}"):
        write_frame(pd.DataFrame({"a": range(10_000)}), path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("most", [1000, 10_000])
def test_a_disk_that_fills_up_while_scoring(trained: Shop, most: int) -> None:
    trained.does("score")
    before = trained.scores.read_bytes()
    assert len(before) > 1000
    with small_files(most):
        said = trained.run("score")
    assert said.status == 2
    assert said.err.startswith("keepwell: cannot write ")
    assert trained.scores.read_bytes() == before
    assert not list(trained.folder.rglob("*.part"))
    trained.does("score")


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:////proc/none/mlflow.db",
        "sqlite:////dev/null/mlflow.db",
        "sqlite:///.",
        "sqlite:///keepwell.toml",
        "nonsense://store",
    ],
)
def test_a_tracking_store_that_cannot_be_used(shop: Shop, uri: str) -> None:
    shop.write(sales(), BASE + f'[tracking]\nuri = "{uri}"\n')
    message = shop.refuses("train")
    assert ("cannot write to " in message) != ("the tracking store " in message)


@pytest.fixture
def locked(trained: Shop) -> Iterator[Shop]:
    """Give a shop whose store another program keeps locked."""
    holder = sqlite3.connect(trained.folder / "mlruns" / "mlflow.db")
    holder.execute("BEGIN EXCLUSIVE")
    yield trained
    holder.rollback()
    holder.close()


def test_a_locked_store(locked: Shop) -> None:
    message = locked.refuses("score")
    assert "database is locked" in message
    assert "is not locked by another program" in message
    assert not locked.scores.exists()


def test_an_unusable_champion_is_told_and_then_replaced(shop: Shop) -> None:
    shop.write(sales())
    shop.does("train")
    shutil.rmtree(shop.folder / "mlruns" / "artifacts")
    message = shop.refuses("score")
    assert "the files of 'shop' version 1 are gone" in message
    assert "restore them or run `keepwell train`" in message
    assert "promoted: the champion cannot be loaded" in shop.does("train").all
    shop.does("score")
    assert set(shop.scored()["model_version"]) == {"2"}
