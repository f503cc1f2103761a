"""Keepwell as its user runs it: a configuration, ``keepwell train`` and ``keepwell score``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.accuracy.logs import DataError
from benchmarks.accuracy.snapshots import ACTIVE_DAYS, Snapshot

KEEPWELL = Path(sys.executable).with_name("keepwell")
_SECONDS = "seconds.txt"
TRACKING = '[tracking]\nuri = "sqlite:///mlruns/mlflow.db"\n'
_CONFIG = """name = "accuracy"

[tables.transactions]
source = "transactions.parquet"

[population]
active_within = "{active}d"

[churn]
horizon = "{horizon}d"

[value]
horizon = "{horizon}d"

"""


@dataclass(frozen=True)
class Run:
    """What Keepwell gave.

    Parameters
    ----------
    scores : DataFrame
        The columns of ``scores.parquet``, by customer.
    seconds : float
        Of training.
    """

    scores: pd.DataFrame
    seconds: float


def keepwell(shot: Snapshot, lines: pd.DataFrame, folder: Path) -> None:
    """Train and score as of the cutoff, on the whole log as a user would in a backtest.

    Parameters
    ----------
    shot : Snapshot
    lines : DataFrame
        The whole log: what lies after as-of is for Keepwell to leave out.
    folder : Path
        Gets the configuration, the table and Keepwell's own files; emptied first.

    Raises
    ------
    DataError
        When a command fails.
    """
    empty(folder)
    lines.to_parquet(folder / "transactions.parquet", index=False)
    config = _CONFIG.format(active=ACTIVE_DAYS, horizon=shot.horizon) + TRACKING
    train_and_score(folder, config, ["--as-of", str(shot.cutoff)])


def train_and_score(folder: Path, config: str, options: list[str]) -> None:
    """Run both commands on a configuration, and note how long training took."""
    (folder / "keepwell.toml").write_text(config, encoding="utf-8")
    started = time.perf_counter()
    command(folder, "train", *options)
    seconds = time.perf_counter() - started
    command(folder, "score", *options)
    (folder / _SECONDS).write_text(f"{seconds:.1f}", encoding="utf-8")


def done(folder: Path) -> bool:
    """Tell whether both commands have succeeded in a folder."""
    return (folder / _SECONDS).is_file()


def scored(folder: Path, customers: pd.Index[Any]) -> Run:
    """Read the scores of customers.

    Raises
    ------
    DataError
        When some have none.
    """
    scores = pd.read_parquet(folder / "scores.parquet").set_index("customer_id")
    missing = customers.difference(scores.index)
    if len(missing):
        raise DataError(
            f"{folder}: Keepwell gave no score for {len(missing)} of {len(customers)} customers, "
            f"such as {list(missing[:3])}"
        )
    return Run(scores.loc[customers], float((folder / _SECONDS).read_text(encoding="utf-8")))


def command(folder: Path, *words: str) -> None:
    """Run a command of Keepwell in a folder; what it says goes to a file there.

    Raises
    ------
    DataError
        With what it said, when it fails.
    """
    surroundings = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    ran = subprocess.run(  # noqa: S603 - this project's own command
        [KEEPWELL, *words],
        cwd=folder,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    (folder / f"{words[0]}.log").write_text(ran.stdout + ran.stderr, encoding="utf-8")
    if ran.returncode:
        raise DataError(f"keepwell {' '.join(words)} failed:\n{ran.stderr[-3000:]}")


def empty(folder: Path) -> None:
    """Make a folder anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
