"""Small made-up snapshots whose truth is known, for the tests of models and what uses them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from features.catalogue import Feature, FeatureSet, Reason
from features.families import FAMILIES
from models.bundle import Bundle, Definition
from models.recipe import Recipe, default_parameters
from models.registry import Registry
from tests.once import Made, once
from tests.postgres import NoPostgres, postgres
from tests.support import BASE, command, put_store, sales
from training.fit import learn

# The tests start many processes: let what they import be compiled once, as it usually is.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

LONGEST = {"bento", "contract", "e2e", "oracle", "properties", "simulation"}
"""Folders whose files take longest."""

ENGINES = "tests/contract/"
"""Tests of engines, which take long to start: all in one process."""

Maker = Callable[..., pd.DataFrame]

REGION = Feature(
    "attribute_region",
    "attributes",
    "category",
    None,
    "The customer's region.",
    Reason("region: {attribute_region}", "changed needs", "high"),
    dtype="category",
)
CHOSEN = (
    "days_since_purchase",
    "overdue_ratio",
    "purchase_days_count_365d",
    "purchase_gap_mean",
    "spend_sum_365d",
    "net_sum_365d",
    "tenure_days",
    "complaints_open",
)

_TIME, _MONEY = "timestamp(6)", "decimal(18, 4)"
INPUTS = {
    "transactions": {"customer_id": "string", "occurred_at": _TIME, "amount": _MONEY},
    "customers": {"customer_id": "string", "region": "string"},
    "complaints": {"customer_id": "string", "opened_at": _TIME, "resolved_at": _TIME},
}
"""The tables that the made-up snapshots could come from."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: at the end no process waits long for the other's last one."""
    items.sort(key=lambda item: item.path.parent.name not in LONGEST)


class ByFile(LoadFileScheduling):  # type: ignore[misc]  # it is Any there
    """Gives a process all tests of a file, and all files that start engines."""

    def _split_scope(self, nodeid: str) -> str:
        return ENGINES if nodeid.startswith(ENGINES) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    """Deal the tests out by file, where the command line asks for it."""
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


def make_snapshots(rows: int, seed: int = 1, cutoff: str = "2024-01-01") -> pd.DataFrame:
    """Make snapshots: who is silent for long, against their own rhythm, leaves more often."""
    rng = np.random.default_rng(seed)
    gap = rng.gamma(3.0, 10.0, rows) + 1
    silence = np.ceil(rng.exponential(gap) + rng.integers(1, 30, rows))
    bought = 1 + rng.poisson(300 / gap)
    spend = np.round(rng.gamma(2.0, 20.0, rows) * bought, 2)
    leaves = rng.random(rows) < 1 / (1 + np.exp(2.0 - 0.9 * silence / gap))
    value = np.where(leaves, 0.0, np.round(spend / 4 * rng.gamma(4.0, 0.25, rows), 2))
    return pd.DataFrame(
        {
            "customer_id": [f"k{i:05d}" for i in range(rows)],
            "cutoff": pd.Timestamp(cutoff),
            "days_since_purchase": silence,
            "overdue_ratio": np.where(bought > 1, silence / gap, np.nan),
            "purchase_days_count_365d": bought.astype(float),
            "purchase_gap_mean": np.where(bought > 1, gap, np.nan),
            "spend_sum_365d": spend,
            "net_sum_365d": spend * 0.95,
            "tenure_days": silence + rng.integers(0, 600, rows),
            "complaints_open": rng.poisson(0.1, rows).astype(float),
            "attribute_region": rng.choice(["north", "south", "east"], rows),
            "churned": leaves.astype(int),
            "value": value,
        }
    )


def make_recipe(rounds: int = 30, seed: int = 7) -> Recipe:
    """Give a complete recipe of few trees."""
    parameters = {**default_parameters(1000), "num_threads": 1}
    return Recipe(
        churn_parameters=parameters,
        value_parameters=parameters,
        churn_rounds=rounds,
        value_rounds=rounds,
        seed=seed,
    )


@pytest.fixture(scope="session")
def features() -> FeatureSet:
    catalogue = {f.name: f for family in FAMILIES for f in family.features}
    return FeatureSet((*(catalogue[name] for name in CHOSEN), REGION))


@pytest.fixture(scope="session")
def snapshots() -> Maker:
    return make_snapshots


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return make_recipe()


@pytest.fixture(scope="session")
def shop(features: FeatureSet) -> Bundle:
    """Give a bundle fitted on made-up snapshots."""
    recipe = make_recipe()
    return Bundle(
        "shop",
        learn(make_snapshots(1500), features, recipe),
        Definition("inactivity", 90, 0, 90, 365, "GBP", "UTC"),
        recipe,
        "2024-06-01",
        {"churn_log_loss": 0.5},
        {"grade": "B"},
        INPUTS,
    )


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a function that makes a folder for all processes of the session."""
    return once(tmp_path_factory)


@pytest.fixture(scope="session")
def empty_store(made_once: Made) -> Path:
    """Make an empty MLflow store once, to be copied: its tables take seconds to create."""

    def make(folder: Path) -> None:
        assert Registry(f"sqlite:///{folder}/mlflow.db", "shop").champion() is None

    return made_once("empty_store", make) / "mlflow.db"


@pytest.fixture(scope="session")
def scored_once(made_once: Made, empty_store: Path) -> Path:
    """Train and score a small shop once, to be copied; the bundle's files stay with it."""

    def make(folder: Path) -> None:
        put_store(empty_store, folder)
        sales(200).to_parquet(folder / "transactions.parquet")
        command(folder, BASE, "train")
        command(folder, BASE, "score")

    return made_once("scored", make)


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
