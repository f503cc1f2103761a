"""Offers of a category: whom they are for, and what they make of a first purchase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.cross_sell import first_purchase
from models.economics import lifted_effect
from models.effect import Effect
from models.matrix import Floats
from serving.targeting.eligibility import Bools
from serving.targeting.settings import ActionSettings


@dataclass(frozen=True)
class Begun:
    """What an offer of a category meets with some customers.

    Parameters
    ----------
    probability : ndarray of shape (customers,)
        P(a first purchase in the category | left alone) within the value horizon; NaN where the
        category is not new to the customer.
    amount : ndarray of shape (customers,)
        What a first purchase brings, in the currency and measure of values.
    lift : float or None
        As assumed.
    """

    probability: Floats
    amount: Floats
    lift: float | None

    @classmethod
    def of(cls, first: pd.DataFrame, customers: pd.Series[str], action: ActionSettings) -> Begun:
        """Look some customers up in a matrix of first purchases."""
        return cls(*first_purchase(first, customers.tolist(), action.category or ""), action.lift)

    @property
    def new(self) -> Bools:
        """To whom the category is new."""
        return ~np.isnan(self.probability)

    @property
    def effect(self) -> Effect | None:
        """Give the effect that is assumed; None where nothing is."""
        if self.lift is None:
            return None
        return lifted_effect(self.probability, self.amount, self.lift)

    @property
    def variance(self) -> Floats:
        """Give what chance makes of the assumed gain: some begin, and spend more or less.

        First purchases of a category are taken to spread as much as their mean; those of a grocer
        do by a quarter less.
        """
        if self.lift is None:
            return np.zeros_like(self.probability)
        more = lifted_effect(self.probability, self.amount, self.lift)
        gain = np.asarray(more.value)
        return np.asarray(2 * gain * self.amount - gain**2)
