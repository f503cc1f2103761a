"""FLAML on the 21 features, for as long as Keepwell took."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pandas as pd

from benchmarks.accuracy.plain import Floats, threads

SHORTEST_S = 20.0


def installed() -> bool:
    """Tell whether FLAML and what its learners need are there."""
    return all(find_spec(name) for name in ("flaml", "xgboost"))


def automl(train: pd.DataFrame, test: pd.DataFrame, seconds: float) -> dict[str, Floats]:
    """Search for a churn model, then for a value model, each for half of the time.

    Parameters
    ----------
    train : DataFrame
        Features, ``churned`` and ``value`` of past cutoffs.
    test : DataFrame
        Features of the cutoff.
    seconds : float
        For both; each gets :data:`SHORTEST_S` at least, in less FLAML may find nothing.
    """
    make = import_module("flaml").AutoML
    x, budget = train[test.columns], max(seconds / 2, SHORTEST_S)
    shared = {"time_budget": budget, "seed": 0, "verbose": 0, "n_jobs": threads()}
    churn, value = make(), make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        churn.fit(
            x, train["churned"].astype(int), task="classification", metric="log_loss", **shared
        )
        value.fit(x, train["value"], task="regression", metric="mse", **shared)
        return {
            "FLAML/probability": np.asarray(churn.predict_proba(test)[:, 1]),
            "FLAML/value": np.asarray(value.predict(test), dtype=np.float64),
        }
