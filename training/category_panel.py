"""Customers and categories at a day: what was bought, what is bought next, and their features."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from ibis import ir
from numpy.typing import NDArray

from features.adoption import baskets, purchases
from features.asof import Spine
from features.grains import Tables
from features.own import NONE, Own
from features.panel import features_at
from features.population import population
from models.baskets import Baskets, Tastes, spread_out
from models.cross_sell import Window
from training.dates import known_by

CONTEXT = (
    "days_since_purchase",
    "overdue_ratio",
    "purchase_days_count_90d",
    "purchase_days_count_365d",
    "purchase_gap_mean",
    "spend_sum_90d",
    "spend_sum_365d",
    "spend_mean",
    "promotion_dependence_365d",
    "tenure_days",
    "categories_count",
    "categories_count_90d",
    "categories_new_90d",
    "categories_entropy_365d",
)
"""Features of the customer that a response may rest on, where the tables give them."""

LEARNT = 20_000
"""Customers at most of a cutoff that are learnt from, evenly spread."""


@dataclass(frozen=True)
class Order:
    """What is wanted.

    Parameters
    ----------
    kind : str
        Of churn: it says who the customers are.
    active_within : int
        Days.
    horizon : int
        Days in which a first purchase counts.
    windows : int
        Earlier windows at most that are learnt from.
    categories : int
        The most bought ones are looked at, so many at most.
    seed : int
    own : Own
        The company's own families.
    wanted : tuple of str
        Categories that are looked at however few buy them.
    """

    kind: str
    active_within: int
    horizon: int
    windows: int = 4
    categories: int = 300
    seed: int = 7
    own: Own = NONE
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Customers:
    """The customers of a day: what they had bought, what they buy next, their features.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        With what came later, too: what they buy next.
    day : date
    order : Order
    """

    tables: Tables
    day: date
    order: Order

    @cached_property
    def context(self) -> pd.DataFrame:
        """Their features, ordered by customer."""
        made = features_at(self._known, self._spine, self.order.own.families)
        names = [n for n in CONTEXT if n in made.features.names]
        frame: pd.DataFrame = made.table.select("customer_id", *names).to_pandas()
        return frame.sort_values("customer_id", ignore_index=True)

    @cached_property
    def bought(self) -> pd.DataFrame:
        """What they had bought, ordered and indexed by customer."""
        return _by_customer(baskets(self._known, self._spine))

    @cached_property
    def next(self) -> pd.DataFrame:
        """What they buy within the horizon, ordered and indexed by customer."""
        return _by_customer(purchases(self.tables, self._spine, 0, self.order.horizon))

    @property
    def _known(self) -> Tables:
        return known_by(self.tables, self.day)

    @property
    def _spine(self) -> Spine:
        return population(self._known, self.day, self.order.kind, self.order.active_within)

    def categories(self) -> NDArray[np.object_]:
        """Give the most bought categories, and those wanted in any case, by name."""
        counts = self.bought["category"].value_counts()
        ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
        most = (str(c) for c, _ in ordered[: self.order.categories])
        return np.array(sorted({*most, *self.order.wanted}), dtype=object)

    def baskets(self, categories: NDArray[np.object_], part: slice) -> Baskets:
        """Give some of them by what they had bought."""
        context = self.context.iloc[part]
        customers = context["customer_id"].to_numpy(object)
        rows = _of(self.bought, customers)
        days, age = (spread_out(rows, n, customers, categories) for n in ("days", "first_age"))
        features = context.drop(columns="customer_id").to_numpy(np.float64, na_value=np.nan)
        return Baskets(customers, categories, days, np.where(days > 0, age, np.inf), features)

    def sample(self, categories: NDArray[np.object_], count: int) -> Baskets:
        """Give so many of them at most, evenly spread."""
        return self.baskets(categories, slice(None, None, -(-len(self.context) // count) or 1))

    def window(self, categories: NDArray[np.object_]) -> Window:
        """Give those who are learnt from, and what they buy next."""
        made = self.sample(categories, LEARNT)
        rows = _of(self.next, made.customers)
        spent = spread_out(rows, "amount", made.customers, categories)
        return Window(made, Tastes.of(made, self.order.horizon), spent)


def _by_customer(rows: ir.Table) -> pd.DataFrame:
    frame: pd.DataFrame = rows.to_pandas()
    return frame.sort_values(["customer_id", "category"]).set_index("customer_id")


def _of(rows: pd.DataFrame, customers: NDArray[np.object_]) -> pd.DataFrame:
    """Find the rows from the first customer to the last, without looking through all."""
    return rows.loc[customers[0] : customers[-1]].reset_index() if len(customers) else rows.iloc[:0]
