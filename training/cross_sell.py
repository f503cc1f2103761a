"""Cross-selling: learn from earlier windows, judge on the newest, and fit again with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.adoption import sold_by_category
from features.errors import InputError
from features.grains import Tables
from models.baskets import Tastes
from models.cross_sell import CrossSell, best, fit
from training.category_panel import LEARNT, Customers, Order
from training.category_ranks import Judged, judge

_FEWEST = 20
"""Customers who begin something in a window: with fewer there is nothing to learn or to judge."""

_AT_ONCE = 10_000
"""Customers who are scored at once: a matrix of them with all categories is held in memory."""


@dataclass(frozen=True)
class Crossed:
    """A response model with the customers whom it is asked about, and how good it was.

    Parameters
    ----------
    model : CrossSell
    customers : Customers
        As of the day asked for.
    tastes : Tastes
        Theirs.
    judged : mapping or None
        Hit rate and NDCG at 3 by method, on the newest window, by models that end before it;
        None where the history is too short to hold a window out.
    gains : mapping
        By how much the model is better than each other method.
    held_out : date or None
        First day of the window that was held out.
    """

    model: CrossSell
    customers: Customers
    tastes: Tastes
    judged: Judged | None
    gains: Judged
    held_out: date | None

    @property
    def categories(self) -> NDArray[np.object_]:
        """The categories that it knows, by name."""
        return self.tastes.baskets.categories

    def matrix(self, top: int | None = None, only: Collection[str] | None = None) -> pd.DataFrame:
        """Score the categories that are new to each customer.

        Parameters
        ----------
        top : int, optional
            The likeliest of each customer alone, so many at most.
        only : collection of str, optional
            These categories alone.

        Returns
        -------
        DataFrame
            See :meth:`models.cross_sell.CrossSell.matrix`.
        """
        parts = []
        for start in range(0, len(self.customers.context), _AT_ONCE):
            some = self.customers.baskets(self.categories, slice(start, start + _AT_ONCE))
            found = self.model.matrix(some, self.tastes, only)
            parts.append(found if top is None else best(found, top))
        return pd.concat(parts, ignore_index=True)


def cross_sell(
    tables: Tables, as_of: date, first: date, order: Order, *, judging: bool = True
) -> Crossed:
    """Learn who begins to buy which category, and judge it on the newest window.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        Canonical, with what is known as of the day.
    as_of : date
        The first day that is not known.
    first : date
        The first day with a transaction.
    order : Order
    judging : bool
        False leaves the judging out, which takes half as long as the learning.

    Raises
    ------
    InputError
        Without categories or customers, or when too few began anything.
    """
    if not sold_by_category(tables):
        raise InputError(
            "tables.transactions has no category: there is nothing to cross-sell; map it under "
            "[tables.transactions.columns]"
        )
    days = _days(as_of, first, order)
    found = [Customers(tables, day, order) for day in days]
    now = Customers(tables, as_of, order)
    if now.context.empty:
        raise InputError(f"nobody to cross-sell to: no customer is in the population on {as_of}")
    categories = now.categories()
    windows = [customers.window(categories) for customers in found[: order.windows]]
    began = sum(int(window.begun.any(axis=1).sum()) for window in windows)
    if began < _FEWEST:
        raise InputError(
            f"{began} customers bought in a category new to them within {order.horizon} days of "
            f"{len(windows)} earlier days; needed are {_FEWEST} to learn from. Give a longer "
            "cross_sell.horizon, or bring more history"
        )
    judged, gains = _held_out(found, order) if judging else (None, {})
    return Crossed(
        fit(windows, order.seed),
        now,
        Tastes.of(now.sample(categories, LEARNT), order.horizon),
        judged,
        gains,
        days[0] if judged else None,
    )


def _days(as_of: date, first: date, order: Order) -> list[date]:
    """Give the days with a whole window before as-of and as much history, the newest first."""
    step = timedelta(days=order.horizon)
    days = [as_of - (n + 1) * step for n in range(order.windows + 1)]
    enough = [day for day in days if day - first >= step]
    if not enough:
        raise InputError(
            f"the history is too short to learn cross-selling: {(as_of - first).days} days; needed "
            f"are {2 * order.horizon}, twice cross_sell.horizon. Shorten it or bring more history"
        )
    return enough


def _held_out(found: Sequence[Customers], order: Order) -> tuple[Judged | None, Judged]:
    """Judge a model of the earlier windows on the newest one."""
    newest, *earlier = found
    categories = newest.categories()
    windows = [customers.window(categories) for customers in earlier]
    if not any(window.begun.any() for window in windows):
        return None, {}
    held_out = newest.window(categories)
    if held_out.begun.any(axis=1).sum() < _FEWEST:
        return None, {}
    model = fit(windows, order.seed)
    return judge(held_out, model.probability(held_out.baskets, held_out.tastes), order.seed)
