"""Wallets as they came out over the last year, and those that the company got to know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from keepwell.simulate import arrow
from keepwell.simulate.customers import Customers
from keepwell.simulate.story import YEAR, Floats, Ints, Story

OBSERVED = 0.3
TWICE = 0.35
NOISE, ERROR = 0.08, 0.1
ELSEWHERE = 0.02
"""Least part of what is spent here that goes elsewhere, too."""


@dataclass(frozen=True)
class Realised:
    """What came out over the last year, in cents.

    Attributes
    ----------
    wallet
        Spent in the category, with anybody.
    spend
        Of it, spent here; returns are not deducted.
    """

    wallet: Ints
    spend: Ints

    @property
    def share(self) -> Floats:
        """Share of the wallet, 0 to 1."""
        return np.asarray(self.spend / self.wallet)


def realise(rng: np.random.Generator, story: Story, customers: Customers, spend: Ints) -> Realised:
    """Let wallets come out: needs are given, and what is not bought here is bought elsewhere."""
    noise = np.exp(NOISE * rng.standard_normal(len(customers)) - NOISE**2 / 2)
    meant = 100 * customers.wallet * story.year / YEAR * noise
    wallet = np.maximum(meant, (1 + ELSEWHERE) * spend)
    return Realised(np.ceil(wallet).astype(np.int64), spend)


def observed(
    rng: np.random.Generator, story: Story, customers: Customers, left: Ints, customer_ids: pa.Array
) -> pa.Table:
    """Give the wallets that a survey or a bureau told of, some twice, with an error."""
    n = len(customers)
    asked, again = rng.random(n) < OBSERVED, rng.random(n) < TWICE
    # On the first day, so that being asked tells nothing of how long the customer will stay.
    first = customers.first
    later = first + 180 + rng.integers(186, size=n)
    again &= asked & (later < np.minimum(left, story.days))
    customer = np.concatenate([np.flatnonzero(asked), np.flatnonzero(again)])
    day = np.concatenate([first[asked], later[again]])
    order = np.lexsort((day, customer))
    customer, at = customer[order], day[order] + 0.5
    period = np.where(rng.random(n) < 0.7, YEAR, 90)[customer]  # noqa: PLR2004 - the bureau's part
    error = np.exp(ERROR * rng.standard_normal(len(customer)))
    amount = np.round(100 * customers.wallet[customer] * error * period / YEAR)
    return pa.table(
        {
            "customer_id": customer_ids.take(pa.array(customer)),
            "observed_at": arrow.times(story, at),
            "period_days": arrow.numbers(period),
            "amount": arrow.money(amount),
            "recorded_at": arrow.times(story, arrow.recorded(rng, story, at, 0.5, 30.0)),
        }
    )
