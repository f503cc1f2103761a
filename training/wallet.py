"""How good the estimated wallets are, on snapshots of customers that the estimator never knew."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.matrix import Floats
from models.release import Release
from models.wallet import OBSERVED, SPEND, yearly_spend
from training.measures_value import spearman

_FEWEST = 30
"""Observed wallets below which a correlation with them says nothing."""


def wallet_measures(release: Release, held_out: pd.DataFrame) -> dict[str, float]:
    """Judge a release's estimator of wallets.

    Parameters
    ----------
    release : Release
    held_out : DataFrame
        Snapshots of a cutoff that it was not fitted on. Estimates are out of fold by customer, too.

    Returns
    -------
    dict of str to float
        ``wallet_pinball_loss`` of the logarithm of what the estimator was fitted on (yearly spend,
        or observed wallets) and ``wallet_coverage``, the part of customers who spend no more than
        their estimate; with enough observed wallets ``wallet_rank_correlation`` (Spearman) of
        estimates with them, and ``wallet_share_rank_correlation`` of the shares of both. Empty
        without an estimator.
    """
    model = release.wallet
    if model is None:
        return {}
    told = release.completed(held_out)
    spend, estimate = _column(told, SPEND), _column(told, "wallet_estimate")
    observed = _column(told, OBSERVED) if OBSERVED in told else np.full(len(told), np.nan)
    known = (observed > 0) & (estimate > 0)
    learnt = (yearly_spend(told), estimate)
    if model.target == "wallet":
        learnt = (observed[known], estimate[known])
    # The boosters' own quantile is judged: the level is corrected afterwards.
    measures = {
        "wallet_pinball_loss": pinball_loss(learnt[0], learnt[1] / model.factor, model.quantile),
        "wallet_coverage": float(np.mean(spend <= estimate)),
    }
    if known.sum() < _FEWEST:
        return measures
    shares = [(spend / np.maximum(spend, w))[known] for w in (observed, estimate)]
    return {
        **measures,
        "wallet_rank_correlation": spearman(observed[known], estimate[known]),
        "wallet_share_rank_correlation": spearman(*shares),
    }


def pinball_loss(actual: Floats, predicted: Floats, quantile: float) -> float:
    """Give the mean pinball loss of log(1 + amount): the lowest at the true quantile."""
    error = np.log1p(actual) - np.log1p(predicted)
    return float(np.mean(np.maximum(quantile * error, (quantile - 1) * error)))


def _column(frame: pd.DataFrame, name: str) -> Floats:
    return frame[name].to_numpy(np.float64, na_value=np.nan)
