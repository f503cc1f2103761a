"""MBG/NBD and Gamma-Gamma by lifetimes: buy till you die."""

from __future__ import annotations

import warnings
from contextlib import redirect_stdout
from datetime import date
from io import StringIO

import numpy as np
import pandas as pd
from lifetimes import GammaGammaFitter, ModifiedBetaGeoFitter
from lifetimes.utils import ConvergenceError

from benchmarks.accuracy.plain import Floats, days
from benchmarks.accuracy.snapshots import Snapshot

PENALTIES = (0.0, 0.001, 0.01, 0.1)
"""Tried in this order until a fit converges to parameters that mean something."""

_WEEK = 7.0
_MOST = 1e4
"""A parameter beyond it has run away: all customers are then the same."""


def summary(known: pd.DataFrame, cutoff: date) -> pd.DataFrame:
    """Give frequency, recency, age (weeks) and mean repeat spend of everybody who ever bought.

    Parameters
    ----------
    known : DataFrame
        Lines before the cutoff.
    cutoff : date
    """
    bought = days(known).sort_values(["customer_id", "day"])
    grouped = bought.groupby("customer_id")
    first, last, count = grouped["day"].min(), grouped["day"].max(), grouped.size()
    repeat = grouped["amount"].sum() - grouped["amount"].first()
    return pd.DataFrame(
        {
            "frequency": (count - 1).astype("float64"),
            "recency": (last - first).dt.days / _WEEK,
            "age": (pd.Timestamp(cutoff) - first).dt.days / _WEEK,
            "spend": (repeat / (count - 1).where(count > 1)).fillna(0.0),
        }
    )


def btyd(shot: Snapshot) -> dict[str, Floats]:
    """Predict churn and value, by customer of the snapshot; nothing where no fit converges.

    The churn probability is exact: the customer is gone, or alive without a purchase in the
    window.
    """
    table = summary(shot.known, shot.cutoff)
    asked = table.loc[shot.outcome.index]
    horizon = shot.horizon / _WEEK
    # lifetimes says much on its way to a fit, in warnings and on the console.
    with warnings.catch_warnings(), np.errstate(all="ignore"), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        model = _counts(table)
        spend = _spend(table)
        if model is None or spend is None:
            return {}
        key = (asked["frequency"], asked["recency"], asked["age"])
        alive = np.asarray(model.conditional_probability_alive(*key))
        bought = model.conditional_expected_number_of_purchases_up_to_time(horizon, *key)
        each = spend.conditional_expected_average_profit(asked["frequency"], asked["spend"])
    r, alpha = model.params_["r"], model.params_["alpha"]
    frequency, age = asked["frequency"].to_numpy(), asked["age"].to_numpy()
    return {
        "MBG/NBD/probability": no_purchase(alive, r, alpha, frequency, age, horizon),
        "MBG/NBD + Gamma-Gamma/value": np.asarray(bought) * np.asarray(each),
    }


def no_purchase(
    alive: Floats, r: float, alpha: float, frequency: Floats, age: Floats, horizon: float
) -> Floats:
    """Give the probability of buying nothing in a window.

    The customer is gone, or alive with a rate that is gamma-distributed given the history, and
    silent: one drops out only after a purchase.

    Parameters
    ----------
    alive : ndarray of shape (customers,)
        Probability of being alive at the cutoff.
    r, alpha : float
        Shape and rate of the population's purchase rates.
    frequency, age : ndarray of shape (customers,)
        Repeat purchases, and time since the first one.
    horizon : float
        Of the window, in the same unit of time.
    """
    return 1 - alive * (1 - ((alpha + age) / (alpha + age + horizon)) ** (r + frequency))


def _counts(table: pd.DataFrame) -> ModifiedBetaGeoFitter | None:
    for penalty in PENALTIES:
        model = ModifiedBetaGeoFitter(penalizer_coef=penalty)
        try:
            model.fit(table["frequency"], table["recency"], table["age"])
        except ConvergenceError:
            continue
        if np.isfinite(model.params_).all() and model.params_.max() < _MOST:
            return model
    return None


def _spend(table: pd.DataFrame) -> GammaGammaFitter | None:
    repeated = table[(table["frequency"] > 0) & (table["spend"] > 0)]
    for penalty in PENALTIES:
        model = GammaGammaFitter(penalizer_coef=penalty)
        try:
            model.fit(repeated["frequency"], repeated["spend"])
        except ConvergenceError:
            continue
        # Below 1 the population has no mean spend, and the expectation turns negative.
        if np.isfinite(model.params_).all() and model.params_["q"] > 1:
            return model
    return None
