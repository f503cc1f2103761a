"""Fitting the estimator of wallets, on the past and never on the customer it is asked about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from features.catalogue import FeatureSet
from models import booster
from models.matrix import Encoder, Floats
from models.recipe import default_parameters
from models.stored import Frame
from models.wallet import (
    CUSTOMER,
    FOLDS,
    OBSERVED,
    SPEND,
    TENURE,
    WalletModel,
    columns_of,
    folds,
    hashes,
    inputs,
    yearly_spend,
)

FEWEST = 100
"""Customers below whom nothing is estimated."""

FEWEST_FOR_LEVEL = 30
"""Observed wallets from which on they correct the level of the estimates."""

FEWEST_FOR_WALLETS = 1_000
"""Observed wallets from which on they teach more than the spend of all customers does."""

MOST = 20_000
"""Customers that one fit learns from: so few trees get no better with more."""

_ROUNDS = 100
_ABOVE = 20
_SHAPE = {"learning_rate": 0.05, "num_leaves": 4, "feature_fraction": 0.8, "lambda_l2": 1.0}


def fit(
    frame: Frame, features: FeatureSet, quantile: float, seed: int, most: int = MOST
) -> WalletModel | None:
    """Fit on the newest of some snapshots.

    Parameters
    ----------
    frame : DataFrame or Stored
        Snapshots with ``customer_id``, ``cutoff``, the inputs, the spend of the last 365 days and,
        where wallets are known, the observed one. Those of the newest cutoff count: there each
        customer stands once, with the longest history.
    features : FeatureSet
        Of which :func:`models.wallet.inputs` chooses.
    quantile : float
        Of spend, 0.8 to 0.9.
    seed : int
    most : int
        Customers that it learns from at most.

    Returns
    -------
    WalletModel or None
        None where there is no input or no spend, or where there are fewer customers than
        :data:`FEWEST`.
    """
    chosen = inputs(features)
    newest = _newest(frame, (*chosen.names, SPEND, OBSERVED, TENURE))
    if len(chosen) == 0 or SPEND not in frame or len(newest) < FEWEST:
        return None
    encoder = Encoder.fit(newest, chosen)
    known = newest[_observed(newest) > 0]
    if len(known) >= FEWEST_FOR_WALLETS:
        return _learnt(WalletModel(encoder, (), "wallet", 0.5), known, _observed(known), seed, most)
    spend = yearly_spend(newest)
    model = _learnt(WalletModel(encoder, (), "spend", quantile), newest, spend, seed, most)
    return model.scaled(_level(model, known))


def _newest(frame: Frame, columns: Iterable[str]) -> pd.DataFrame:
    """Read some columns of the newest cutoff, as far as there are such."""
    cutoff, read = frame["cutoff"], dict.fromkeys((CUSTOMER, *columns))
    found: pd.DataFrame = frame[cutoff == cutoff.max()][[c for c in read if c in frame]]
    return found


def needed(features: FeatureSet) -> list[str]:
    """Name the columns of a table of snapshots that :func:`fit` reads."""
    own = {*inputs(features).names, SPEND, OBSERVED}
    return [CUSTOMER, "cutoff", *(n for n in features.names if n in own)]


def _learnt(
    model: WalletModel, frame: pd.DataFrame, amounts: Floats, seed: int, most: int
) -> WalletModel:
    """Fit a booster a fold, on the customers of the other folds."""
    # By their numbers, so that the same customers are taken whatever the order of the rows.
    taken = np.sort(np.argsort(hashes(frame[CUSTOMER]), kind="stable")[:most])
    rows, logs = frame.iloc[taken], np.log1p(amounts[taken])
    matrix = model.matrix(columns_of(rows, model.encoder.features))
    fold, settings = folds(rows[CUSTOMER]), _parameters(model, len(rows))

    def without(number: int) -> booster.Design:
        return booster.Design(matrix[fold != number], logs[fold != number])

    return replace(
        model,
        boosters=tuple(
            booster.train(without(number), model.encoder, settings, _ROUNDS, seed)
            for number in range(FOLDS)
        ),
    )


def _parameters(model: WalletModel, rows: int) -> booster.Parameters:
    common = {**default_parameters(rows), **_SHAPE}
    if model.target == "wallet":
        # The mean of the log, as a median is learnt from its neighbours alone and so is coarser.
        return {**common, "objective": "regression"}
    # What a leaf tells of a high quantile rests on the few rows above it.
    wanted = round(_ABOVE / (1 - model.quantile))
    fewest = max(common["min_data_in_leaf"], min(wanted, rows // 5))
    return {
        **common,
        "objective": "quantile",
        "alpha": model.quantile,
        "min_data_in_leaf": fewest,
    }


def _level(model: WalletModel, known: pd.DataFrame) -> float:
    """Give the median observed wallet over its estimate; 1 where there are too few."""
    estimate = model.estimate(columns_of(known, model.encoder.features))
    told = estimate > 0
    if told.sum() < FEWEST_FOR_LEVEL:
        return 1.0
    return float(np.median(_observed(known)[told] / estimate[told]))


def _observed(frame: pd.DataFrame) -> Floats:
    if OBSERVED not in frame:
        return np.full(len(frame), np.nan)
    return frame[OBSERVED].to_numpy(np.float64, na_value=np.nan)
