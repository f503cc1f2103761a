"""Cross-selling: which category, new to the customer, a customer buys next.

One booster over pairs of customer and category answers for every category: the pairs of rare
categories are too few for a model of their own, and what tells of one tells of others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import Feature, FeatureSet
from models import booster
from models.baskets import SIGNALS, Baskets, Tastes
from models.matrix import Encoder, Floats

PARAMETERS: Mapping[str, Any] = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.06,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.8,
}
_ROUNDS = 150
_MOST = 400_000
"""Pairs without a purchase that are learnt from at most: they are many, and much alike."""

_PRIOR = 5.0
"""First purchases that the mean amount of all categories counts as, beside a category's own."""


@dataclass(frozen=True)
class Window:
    """Customers at a cutoff, and what they bought in the days after it.

    Parameters
    ----------
    baskets : Baskets
    tastes : Tastes
        Of the same cutoff.
    spent : ndarray of shape (customers, categories)
        In the currency; 0 where nothing was bought.
    """

    baskets: Baskets
    tastes: Tastes
    spent: Floats

    @property
    def begun(self) -> NDArray[np.bool_]:
        """Which categories were bought for the first time."""
        return self.baskets.new & (self.spent > 0)


@dataclass(frozen=True)
class CrossSell:
    """A response model of all categories.

    Parameters
    ----------
    estimator : lightgbm.Booster
    amounts : ndarray of shape (categories,)
        Mean spend of those who begin, over the window, in the currency.
    """

    estimator: lgb.Booster
    amounts: Floats

    def probability(self, baskets: Baskets, tastes: Tastes) -> Floats:
        """Give the probability of a first purchase within the horizon.

        Parameters
        ----------
        baskets : Baskets
        tastes : Tastes
            Of the same cutoff.

        Returns
        -------
        ndarray of shape (customers, categories)
            NaN where the category is not new to the customer.
        """
        found = np.full(baskets.days.shape, np.nan)
        pairs = np.nonzero(baskets.new)
        found[pairs] = self._predicted(baskets, tastes, pairs)
        return found

    def matrix(
        self, baskets: Baskets, tastes: Tastes, only: Collection[str] | None = None
    ) -> pd.DataFrame:
        """Give every category that is new to a customer, a row each.

        Parameters
        ----------
        baskets : Baskets
        tastes : Tastes
            Of the same cutoff.
        only : collection of str, optional
            These categories alone.

        Returns
        -------
        DataFrame
            ``customer_id``, ``category``, ``probability`` and ``expected_amount``, what whoever
            begins spends on it within the horizon; by customer and category.
        """
        asked = True if only is None else pd.Index(baskets.categories).isin(list(only))
        customer, category = pairs = np.nonzero(baskets.new & asked)
        return pd.DataFrame(
            {
                "customer_id": baskets.customers[customer],
                "category": baskets.categories[category],
                "probability": self._predicted(baskets, tastes, pairs),
                "expected_amount": self.amounts[category],
            }
        )

    def _predicted(
        self, baskets: Baskets, tastes: Tastes, pairs: tuple[NDArray[np.intp], ...]
    ) -> Floats:
        if not len(pairs[0]):
            return np.empty(0)
        return np.asarray(self.estimator.predict(_matrix(baskets, tastes, pairs)))


def fit(windows: Sequence[Window], seed: int) -> CrossSell:
    """Learn from what customers began to buy.

    Parameters
    ----------
    windows : sequence of Window
        Of different cutoffs, with the same categories.
    seed : int

    Raises
    ------
    ValueError
        When nobody began anything.
    """
    if not any(window.begun.any() for window in windows):
        msg = "nobody bought anything new in any window"
        raise ValueError(msg)
    rng = np.random.default_rng(seed)
    share = min(1.0, _MOST / sum(window.baskets.new.sum() for window in windows))
    parts = [_sampled(window, share, rng) for window in windows]
    matrix, outcome = (np.concatenate(part) for part in zip(*parts, strict=True))
    weight = np.where(outcome > 0, 1.0, 1 / share)
    encoder = _encoder(windows[0].baskets)
    design = booster.Design(matrix, outcome, weight)
    estimator = booster.train(design, encoder, PARAMETERS, _ROUNDS, seed)
    return CrossSell(estimator, _amounts(windows))


def best(matrix: pd.DataFrame, count: int) -> pd.DataFrame:
    """Keep the likeliest categories of each customer, so many at most, the likeliest first."""
    order = ["customer_id", "probability", "category"]
    ranked = matrix.sort_values(order, ascending=[True, False, True], ignore_index=True)
    return ranked.groupby("customer_id", sort=False).head(count).reset_index(drop=True)


def first_purchase(
    matrix: pd.DataFrame, customers: Sequence[str], category: str
) -> tuple[Floats, Floats]:
    """Look up what an offer of a category meets.

    Parameters
    ----------
    matrix : DataFrame
        See :meth:`CrossSell.matrix`.
    customers : sequence of str
    category : str

    Returns
    -------
    tuple of ndarray
        Probability of a first purchase without any offer, and the amount expected of it; both NaN
        for customers to whom the category is not new, or whom the matrix does not have.
    """
    own = matrix[matrix["category"] == category].set_index("customer_id")
    found = own.reindex(list(customers))
    probability, amount = (
        found[c].to_numpy(np.float64) for c in ("probability", "expected_amount")
    )
    return probability, amount


def _sampled(window: Window, share: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    begun, new = window.begun, window.baskets.new
    kept = begun | (new & (rng.random(new.shape) < share))
    pairs = np.nonzero(kept)
    return _matrix(window.baskets, window.tastes, pairs), begun[pairs].astype(np.float64)


def _matrix(baskets: Baskets, tastes: Tastes, pairs: tuple[NDArray[np.intp], ...]) -> Floats:
    customer, category = pairs
    signals = tastes.signals(baskets)
    told = [signals[name][customer, category] for name in SIGNALS]
    return np.column_stack([*told, baskets.context[customer]])


def _encoder(baskets: Baskets) -> Encoder:
    # The category's name is no input: of rare ones the past windows would be learnt by heart.
    names = [*SIGNALS, *(f"context_{n}" for n in range(baskets.context.shape[1]))]
    return Encoder(FeatureSet(tuple(Feature(n, "pair", "", None, "Of a pair.") for n in names)), {})


def _amounts(windows: Sequence[Window]) -> Floats:
    """Give the mean first spend of each category, drawn to that of all where there are few."""
    spent = sum(np.where(w.begun, w.spent, 0.0).sum(axis=0) for w in windows)
    count = sum(w.begun.sum(axis=0) for w in windows)
    overall = np.sum(spent) / np.sum(count)
    return np.asarray((spent + _PRIOR * overall) / (count + _PRIOR))
