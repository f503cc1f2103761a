"""Small companies made up for the end-to-end tests, and what their users do."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from keepwell.cli import main
from models.registry import Registry

BASE = """
name = "shop"
currency = "EUR"

[tables.transactions]
source = "transactions.parquet"

[churn]
horizon = "30d"

[training]
cutoffs = 4
every = "30d"
folds = 1
"""
"""A configuration whose source has the canonical column names."""


def sales(customers: int = 300, days: int = 300, seed: int = 1) -> pd.DataFrame:
    """Make up a shop's sales: customers with a rate and a level of spend, who drop out."""
    rng = np.random.default_rng(seed)
    joined = rng.uniform(0, days / 2, customers)
    stayed = rng.exponential(300, customers)
    level = rng.lognormal(3, 0.5, customers)
    gaps = rng.gamma(2.0, 8.0, customers) + 2
    rows = []
    for number in range(customers):
        times = joined[number] + np.cumsum(rng.exponential(gaps[number], 200))
        end = min(days, joined[number] + stayed[number])
        spent = level[number] * rng.lognormal(0, 0.3, 200)
        rows += [
            (f"{number:05d}", time, round(amount, 2))
            for time, amount in zip([joined[number], *times], spent, strict=False)
            if time < end
        ]
    made = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    when = pd.Timestamp("2023-01-01") + pd.to_timedelta(made["day"], unit="D")
    return made.assign(occurred_at=when.dt.floor("s")).drop(columns="day")


def put_store(store: Path, folder: Path) -> None:
    """Give a company's folder an MLflow store without any model."""
    (folder / "mlruns").mkdir(parents=True)
    shutil.copy(store, folder / "mlruns" / "mlflow.db")


def command(folder: Path, config: str, *words: str) -> None:
    """Write a company's configuration, and run a command that succeeds."""
    path = folder / "keepwell.toml"
    path.write_text(config, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        assert main([*words, "--config", str(path)]) == 0


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Both streams as one line, without the breaks that the console put in."""
        return " ".join((self.out + self.err).split())


@dataclass(frozen=True)
class Shop:
    """A company's folder, and its user.

    Parameters
    ----------
    folder : Path
    capsys : pytest.CaptureFixture
    store : Path, optional
        An MLflow store without any model, to begin with: its tables take seconds to create.
    """

    folder: Path
    capsys: pytest.CaptureFixture[str]
    store: Path | None = None

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "keepwell.toml"

    @property
    def scores(self) -> Path:
        """What ``keepwell score`` writes."""
        return self.folder / "scores.parquet"

    @property
    def registry(self) -> Registry:
        """The versions of the shop's model."""
        return Registry(f"sqlite:///{self.folder}/mlruns/mlflow.db", "shop")

    def write(self, table: pd.DataFrame | None = None, config: str = BASE) -> None:
        """Write the configuration, and the sales where they are given."""
        if self.store and not self.folder.exists():
            put_store(self.store, self.folder)
        self.folder.mkdir(exist_ok=True)
        self.config.write_text(config, encoding="utf-8")
        if table is not None:
            table.to_parquet(self.folder / "transactions.parquet")

    def run(self, command: str, *options: str | Path) -> Said:
        """Run a command of Keepwell, such as ``"models list"``, in this process."""
        self.capsys.readouterr()
        status = main([*command.split(), "--config", str(self.config), *map(str, options)])
        return Said(status, *self.capsys.readouterr())

    def does(self, command: str, *options: str | Path) -> Said:
        """Run a command that succeeds."""
        said = self.run(command, *options)
        assert said.status == 0, said.err
        return said

    def refuses(self, command: str, *options: str | Path) -> str:
        """Run a command that refuses its input, and give its message."""
        said = self.run(command, *options)
        assert said.status == 2, said
        assert said.err.startswith("keepwell: ")
        assert "Traceback" not in said.err
        return " ".join(said.err.split())

    def scored(self) -> pd.DataFrame:
        """Read the scores, by customer."""
        return pd.read_parquet(self.scores).set_index("customer_id")
