"""What customers bought of each category, and what that says of the categories they have not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.matrix import Floats

NEIGHBOURS = 50
"""Customers with the most alike baskets whose categories count."""

_KNOWN = 5_000
"""Customers at most among whom neighbours are looked for."""

_FACTORS = 16

SIGNALS = (
    "popularity",
    "adoption",
    "neighbours",
    "neighbours_lately",
    "affinity",
    "companions",
    "factors",
)


@dataclass(frozen=True)
class Baskets:
    """Customers at a cutoff.

    Parameters
    ----------
    customers : ndarray of object, shape (customers,)
    categories : ndarray of object, shape (categories,)
    days : ndarray of shape (customers, categories)
        Days with a purchase of a category; 0 where there was none.
    first_age : ndarray of shape (customers, categories)
        Days since the first; infinite where there was none.
    context : ndarray of shape (customers, features)
        Features of the customer; NaN where one is unknown.
    """

    customers: NDArray[np.object_]
    categories: NDArray[np.object_]
    days: Floats
    first_age: Floats
    context: Floats

    @property
    def new(self) -> NDArray[np.bool_]:
        """Which categories the customer has never bought."""
        return np.asarray(self.days == 0)

    def take(self, rows: slice) -> Baskets:
        """Give some of the customers."""
        return Baskets(
            self.customers[rows],
            self.categories,
            self.days[rows],
            self.first_age[rows],
            self.context[rows],
        )


def spread_out(
    rows: pd.DataFrame, column: str, customers: NDArray[np.object_], categories: NDArray[np.object_]
) -> Floats:
    """Lay rows of customer and category out as a matrix, 0 where there is none.

    Parameters
    ----------
    rows : DataFrame
        ``customer_id``, ``category`` and the column; what is of no other name is left out.
    column : str
    customers, categories : ndarray of object
    """
    found = np.zeros((len(customers), len(categories)))
    at = pd.Index(customers).get_indexer(pd.Index(rows["customer_id"]))
    to = pd.Index(categories).get_indexer(pd.Index(rows["category"]))
    known = (at >= 0) & (to >= 0)
    found[at[known], to[known]] = rows[column].to_numpy(np.float64)[known]
    return found


@dataclass(frozen=True)
class Tastes:
    """What is bought together: the customers of a cutoff, or a sample of them.

    Parameters
    ----------
    baskets : Baskets
    horizon : int
        Days: what was bought first within them counts as begun lately.
    """

    baskets: Baskets
    horizon: int

    @classmethod
    def of(cls, baskets: Baskets, horizon: int) -> Tastes:
        """Take so many customers as neighbours can be looked for among, evenly spread."""
        step = -(-len(baskets.customers) // _KNOWN) or 1
        return cls(baskets.take(slice(None, None, step)), horizon)

    @cached_property
    def _owned(self) -> Floats:
        return (self.baskets.days > 0).astype(np.float64)

    @cached_property
    def _lately(self) -> Floats:
        return (self.baskets.first_age <= self.horizon).astype(np.float64)

    @cached_property
    def popularity(self) -> Floats:
        """Share of customers who ever bought a category."""
        return np.asarray(self._owned.mean(axis=0))

    @cached_property
    def adoption(self) -> Floats:
        """Share that began lately, of those who had not bought the category before."""
        begun = self._lately.sum(axis=0)
        before = (self._owned - self._lately).sum(axis=0)
        return np.asarray(begun / np.maximum(len(self._owned) - before, 1))

    @cached_property
    def _alike(self) -> Floats:
        """Cosine between the customers of two categories, 0 of a category with itself."""
        unit = _unit(self._owned.T)
        return _hollow(unit @ unit.T)

    @cached_property
    def _given(self) -> Floats:
        """Share of the customers of a category who also bought another."""
        both = self._owned.T @ self._owned
        return _hollow(both / np.maximum(self._owned.sum(axis=0)[:, None], 1))

    @cached_property
    def _middle(self) -> Floats:
        return np.asarray(_weights(self.baskets).mean(axis=0))

    @cached_property
    def _axes(self) -> Floats:
        _, _, axes = np.linalg.svd(_weights(self.baskets) - self._middle, full_matrices=False)
        return np.asarray(axes[:_FACTORS])

    def neighbours(self, baskets: Baskets) -> tuple[Floats, Floats]:
        """Give which share of the customer's neighbours bought a category, and began it lately.

        Neighbours have the largest cosine of log purchase days, and count by it; nobody is a
        neighbour of their own.
        """
        near = _unit(_weights(baskets)) @ _unit(_weights(self.baskets)).T
        own = pd.Index(self.baskets.customers).get_indexer(pd.Index(baskets.customers))
        here = np.flatnonzero(own >= 0)
        near[here, own[here]] = 0.0
        count = min(NEIGHBOURS, near.shape[1])
        far = np.partition(near, -count, axis=1)[:, -count, None]
        weight = np.where(near >= far, near, 0.0)
        whole = np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
        return weight @ self._owned / whole, weight @ self._lately / whole

    def signals(self, baskets: Baskets) -> dict[str, Floats]:
        """Give the figures of :data:`SIGNALS`, each of shape (customers, categories).

        *popularity* and *adoption* are those of the category; *neighbours* and
        *neighbours_lately* see :meth:`neighbours`; *affinity* is the mean cosine with the
        categories that the customer buys, by how much; *companions* the mean share of their
        customers who also buy this one; *factors* what the main components of all baskets make
        of the customer's.
        """
        weights, owned = _weights(baskets), (baskets.days > 0).astype(np.float64)
        near, lately = self.neighbours(baskets)
        shape = baskets.days.shape
        return {
            "popularity": np.broadcast_to(self.popularity, shape),
            "adoption": np.broadcast_to(self.adoption, shape),
            "neighbours": near,
            "neighbours_lately": lately,
            "affinity": _shares(weights) @ self._alike,
            "companions": _shares(owned) @ self._given,
            "factors": (weights - self._middle) @ self._axes.T @ self._axes + self._middle,
        }


def _weights(baskets: Baskets) -> Floats:
    return np.asarray(np.log1p(baskets.days))


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-12))


def _shares(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(rows.sum(axis=1, keepdims=True), 1e-12))


def _hollow(square: Floats) -> Floats:
    np.fill_diagonal(square, 0.0)
    return square
