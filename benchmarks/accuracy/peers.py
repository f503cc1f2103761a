"""All peers on one snapshot, kept on disk: they do not change while Keepwell does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.accuracy.automl import automl
from benchmarks.accuracy.btyd import btyd
from benchmarks.accuracy.logs import DataError
from benchmarks.accuracy.plain import Floats, boosted, features, panel
from benchmarks.accuracy.rules import rules
from benchmarks.accuracy.snapshots import ACTIVE_DAYS, Snapshot, within

Predictions = dict[str, Floats]


def fixed(shot: Snapshot) -> Predictions:
    """Run the peers whose time is their own: rules, logistic RFM, LightGBM and MBG/NBD.

    Returns
    -------
    dict of str to ndarray
        ``"method/part"`` to predictions by customer of the snapshot; a part is ``probability``
        (of churn), ``risk`` (only its ranking means something) or ``value``.

    Raises
    ------
    DataError
        When the log is too short for a past cutoff.
    """
    parts, test = _learnt(shot)
    start = shot.cutoff - timedelta(days=ACTIVE_DAYS)
    year = within(shot.known, start, shot.cutoff).groupby("customer_id")["amount"]
    net = year.sum().reindex(test.index, fill_value=0.0)
    return {
        **rules(parts[0], test, net, shot.horizon),
        **boosted(pd.concat(parts), test),
        **btyd(shot),
    }


def searched(shot: Snapshot, seconds: float) -> Predictions:
    """Run FLAML for as long as Keepwell took."""
    parts, test = _learnt(shot)
    return automl(pd.concat(parts), test, seconds)


def kept(path: Path, rows: pd.Index[Any], make: Callable[[], Predictions]) -> pd.DataFrame:
    """Read predictions from a file, or make them and write it.

    Parameters
    ----------
    path : Path
        A Parquet file. One of other rows is replaced.
    rows : Index
        Whom the predictions are of.
    make : callable

    Returns
    -------
    DataFrame
        A prediction a column, by row.
    """
    if path.is_file():
        found = pd.read_parquet(path)
        if found.index.equals(rows):
            return found
    made = pd.DataFrame(make(), index=rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.to_parquet(path)
    return made


def _learnt(shot: Snapshot) -> tuple[list[pd.DataFrame], pd.DataFrame]:
    parts = panel(shot)
    if not parts:
        raise DataError(
            f"{shot.title}: no past cutoff whose window of {shot.horizon} days has ended; give a "
            "later --cutoff or a shorter --horizon"
        )
    return parts, features(shot.known, shot.cutoff)
