"""The registry on a real MLflow store: SQLite and a folder of artifacts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from models import bundle
from models.bundle import Bundle
from models.errors import BundleError, ModelError, NoChampionError
from models.registry import Promotion, Registry, Version
from training.tracking import Tracker

Maker = Callable[..., pd.DataFrame]


class Store:
    """A store of its own for a test, in a folder with a space and an umlaut in its name."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self.folder = folder / "ein Büro"
        self.folder.mkdir()
        shutil.copy(empty, self.folder / "mlflow.db")
        self.uri = f"sqlite:///{self.folder / 'mlflow.db'}"
        self.registry = Registry(self.uri, "shop")

    def register(self, release: Bundle) -> Version:
        """Log a bundle in a run and register it."""
        written = self.folder / "written"
        written.mkdir(exist_ok=True)
        bundle.save(release, written)
        with Tracker(self.uri, "shop", self.folder / "artifacts").run("train") as run:
            return self.registry.register(run.id, run.folder(written, "bundle"))


@pytest.fixture
def store(tmp_path: Path, empty_store: Path) -> Store:
    return Store(tmp_path, empty_store)


def test_before_the_first_promotion_there_is_no_champion(store: Store, shop: Bundle) -> None:
    expected = "no model of 'shop' has been promoted yet; run `keepwell train` first"
    for _ in range(2):
        assert store.registry.champion() is None
        assert store.registry.history() == []
        with pytest.raises(NoChampionError, match=f"^{re.escape(expected)}$"):
            store.registry.load_champion()
        store.register(shop)


def test_registering_does_not_promote(store: Store, shop: Bundle) -> None:
    first, second = store.register(shop), store.register(shop)
    assert (first.number, second.number) == (1, 2)
    assert store.registry.champion() is None
    store.registry.promote(first, "first")
    store.register(shop)
    assert store.registry.champion() == first


def test_the_champion_is_loaded_as_it_was_saved(
    store: Store, shop: Bundle, snapshots: Maker
) -> None:
    store.registry.promote(store.register(shop), "first")
    version, loaded = store.registry.load_champion()
    frame = snapshots(100)
    assert version.number == 1
    pd.testing.assert_frame_equal(
        loaded.release.score(frame), shop.release.score(frame), check_exact=True
    )


def test_a_promotion_moves_the_alias_and_is_recorded(store: Store, shop: Bundle) -> None:
    versions = [store.register(shop) for _ in range(3)]
    before = datetime.now(UTC)
    made = [store.registry.promote(v, f"reason {v.number}") for v in versions]
    again = store.registry.promote(versions[0], "back")
    assert store.registry.champion() == versions[0]
    history = store.registry.history()
    assert history == [*made, again]
    assert [(p.version, p.reason) for p in history] == [
        (1, "reason 1"),
        (2, "reason 2"),
        (3, "reason 3"),
        (1, "back"),
    ]
    times = [datetime.fromisoformat(p.at) for p in history]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= datetime.now(UTC)


def test_the_order_of_many_promotions_is_kept(store: Store, shop: Bundle) -> None:
    version = store.register(shop)
    for number in range(12):
        store.registry.promote(version, str(number))
    assert [p.reason for p in store.registry.history()] == [str(n) for n in range(12)]


@pytest.mark.parametrize("reason", ["x" * 20_000, "|log bias| 0.1 → 0.2; ärger"])
def test_a_reason_of_any_length_promotes(store: Store, shop: Bundle, reason: str) -> None:
    version = store.register(shop)
    store.registry.decline(version, reason)
    made = store.registry.promote(version, reason)
    assert store.registry.champion() == version
    assert store.registry.history() == [made]
    assert reason.startswith(made.reason.removesuffix(" …"))


def test_a_declined_version_keeps_the_reason(store: Store, shop: Bundle) -> None:
    version = store.register(shop)
    store.registry.decline(version, "worse than the champion")
    tags = MlflowClient(store.uri).get_model_version("shop", "1").tags
    assert tags == {"not_promoted": "worse than the champion"}
    assert store.registry.champion() is None


def test_a_version_by_number(store: Store, shop: Bundle) -> None:
    made = store.register(shop)
    assert store.registry.version(1) == made
    with pytest.raises(ModelError, match="'shop' has no version 9 in the registry"):
        store.registry.version(9)


def test_files_that_are_gone_are_named_with_a_remedy(store: Store, shop: Bundle) -> None:
    version = store.register(shop)
    store.registry.promote(version, "first")
    shutil.rmtree(store.folder / "artifacts")
    with pytest.raises(ModelError, match=r"'shop' version 1 are gone \(.*\); restore them or run"):
        store.registry.load_champion()


def test_a_damaged_file_in_the_store_is_noticed(store: Store, shop: Bundle) -> None:
    store.registry.promote(store.register(shop), "first")
    (path,) = (store.folder / "artifacts").rglob("churn_1.txt")
    path.write_text(path.read_text().replace("split_gain", "split_pain"))
    with pytest.raises(BundleError, match=r"churn_1\.txt has changed since it was written"):
        store.registry.load_champion()


def test_two_models_in_one_store_do_not_meet(store: Store, shop: Bundle) -> None:
    store.registry.promote(store.register(shop), "first")
    other = Registry(store.uri, "other shop")
    assert other.champion() is None
    assert other.history() == []


def test_a_promotion_is_a_plain_fact() -> None:
    assert Promotion(3, "2024-01-01", "why") == Promotion(3, "2024-01-01", "why")


def test_every_version_is_listed_with_what_its_run_tells(store: Store, shop: Bundle) -> None:
    assert store.registry.versions() == []
    with Tracker(store.uri, "shop", store.folder / "artifacts").run("train") as run:
        run.parameters({"as_of": "2024-06-01"})
        run.tags({"grade": "B (better)"})
        told = store.registry.register(run.id, "somewhere")
    silent = store.register(shop)
    store.registry.decline(silent, "worse")
    first, second = store.registry.versions()
    assert (first.version, first.data_cutoff, first.grade, first.declined) == (
        told,
        "2024-06-01",
        "B (better)",
        None,
    )
    assert (second.version, second.data_cutoff, second.grade, second.declined) == (
        silent,
        None,
        None,
        "worse",
    )
    assert first.at <= second.at <= datetime.now(UTC).isoformat()
