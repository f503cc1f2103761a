"""What a data scientist builds in an afternoon: 21 features and a LightGBM over past cutoffs."""

from __future__ import annotations

import os
from datetime import date, timedelta

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.accuracy.snapshots import Snapshot, outcomes, population

Floats = NDArray[np.float64]

CUTOFFS = 12
EVERY_DAYS = 30
TREES = 300
PARAMETERS = {
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.8,
    "seed": 0,
    "deterministic": True,
    "verbose": -1,
}
_WINDOWS = (30, 60, 90, 180, 365)
_MOST_HISTORY = 90


def features(lines: pd.DataFrame, cutoff: date) -> pd.DataFrame:
    """Give the 21 features of the population at a cutoff, by customer.

    Parameters
    ----------
    lines : DataFrame
        ``customer_id``, ``occurred_at`` and ``amount``; those from the cutoff on are left out.
    cutoff : date
    """
    customers = population(lines, cutoff)
    known = lines[lines["occurred_at"] < pd.Timestamp(cutoff)]
    bought = days(known)
    age = (pd.Timestamp(cutoff) - bought["day"]).dt.days
    grouped = bought.assign(age=age).groupby("customer_id")
    made = grouped.agg(
        days_since_purchase=("age", "min"),
        tenure_days=("age", "max"),
        purchase_days=("age", "size"),
        spend=("amount", "sum"),
        mean_amount=("amount", "mean"),
        largest_amount=("amount", "max"),
    ).reindex(customers)
    for window in _WINDOWS:
        recent = bought[age <= window].groupby("customer_id")["amount"]
        made[f"purchase_days_count_{window}d"] = recent.size()
        made[f"spend_sum_{window}d"] = recent.sum()
    returned = known[known["amount"] < 0].groupby("customer_id")["amount"]
    made["returns_count"], made["returns_sum"] = returned.size(), returned.sum()
    made = made.fillna(0.0)
    gaps = (made["purchase_days"] - 1).where(made["purchase_days"] > 1)
    made["mean_gap"] = (made["tenure_days"] - made["days_since_purchase"]) / gaps
    made["overdue_ratio"] = made["days_since_purchase"] / made["mean_gap"]
    return made.assign(month=cutoff.month).astype("float64")


def days(lines: pd.DataFrame) -> pd.DataFrame:
    """Sum positive amounts by customer and day: ``customer_id``, ``day``, ``amount``."""
    bought = lines[lines["amount"] > 0]
    day = bought["occurred_at"].dt.normalize().rename("day")
    return bought.groupby(["customer_id", day])["amount"].sum().reset_index()


def cutoffs(shot: Snapshot) -> list[date]:
    """Give the past cutoffs to learn from, newest first: their windows have ended."""
    newest = shot.cutoff - timedelta(days=shot.horizon)
    first = shot.known["occurred_at"].min().date()
    oldest = first + timedelta(days=min(shot.horizon, _MOST_HISTORY))
    found = [newest - timedelta(days=EVERY_DAYS * n) for n in range(CUTOFFS)]
    return [day for day in found if day >= oldest]


def panel(shot: Snapshot) -> list[pd.DataFrame]:
    """Give the features and outcomes of the past cutoffs, newest first.

    Cutoffs at which nobody was active, or all came to the same end, are left out.
    """
    parts = [
        features(shot.known, day).join(outcomes(shot.known, day, shot.horizon))
        for day in cutoffs(shot)
    ]
    return [part for part in parts if 0 < part["churned"].mean() < 1]


def boosted(train: pd.DataFrame, test: pd.DataFrame) -> dict[str, Floats]:
    """Fit the plain LightGBM, and predict.

    Parameters
    ----------
    train : DataFrame
        Features and outcomes of all past cutoffs.
    test : DataFrame
        :func:`features`.

    Returns
    -------
    dict of str to ndarray
        ``"method/part"`` to predictions: the churn probability, and the value by three losses.
    """
    x = train[test.columns]
    stays = train["churned"] == 0
    churn = _fit(x, train["churned"], "binary", test)
    if stays.any():
        retained = _fit(x[stays], train.loc[stays, "value"], "regression", test)
    else:
        retained = np.zeros(len(test))
    tweedie = _fit(x, train["value"].clip(lower=0.0), "tweedie", test)
    return {
        "LightGBM, 21 features/probability": churn,
        "LightGBM, Tweedie/value": tweedie,
        "LightGBM, L2/value": _fit(x, train["value"], "regression", test),
        "LightGBM, two-part/value": (1 - churn) * retained,
    }


def threads() -> int:
    """Give the threads of a fit: ``OMP_NUM_THREADS``, else all processors.

    On a busy machine 1 is faster: threads that wait for each other spin.
    """
    return int(os.environ.get("OMP_NUM_THREADS", "0")) or os.cpu_count() or 1


def _fit(x: pd.DataFrame, y: pd.Series[float], objective: str, test: pd.DataFrame) -> Floats:
    data = lgb.Dataset(x, y, free_raw_data=False)
    parameters = {**PARAMETERS, "objective": objective, "num_threads": threads()}
    model = lgb.train(parameters, data, TREES)
    return np.asarray(model.predict(test), dtype=np.float64)
