"""Offers of rivals: for sixty days they take part of the share and draw customers away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepwell.simulate.customers import STRONG_RIVAL, Customers
from keepwell.simulate.story import Bools, Floats, Ints, Story, stream

DAYS = 60
"""A region's rival begins an offer every so many days, and it lasts until the next."""

SHARE_KEPT = 0.6
EXCESS = 1.0
"""What is added to the hazard's factor while an offer lasts."""

_PHASE = np.array([7, 19, 31, 43, 55])


@dataclass(frozen=True)
class Offers:
    """The offers of rivals to a block of customers.

    Attributes
    ----------
    chance
        Of each customer to be reached by an offer.
    reached
        Shape (customers, offers): whether each offer reached them; the first began before day 0.
    """

    chance: Floats
    reached: Bools


def draw(story: Story, block: int, customers: Customers) -> Offers:
    """Draw whom each offer reaches."""
    rng = stream(story, block, "rivals")
    strong = np.isin(customers.region, STRONG_RIVAL)
    chance = np.where(strong, 0.16, 0.07) * np.where(customers.discount_prone == 1, 1.5, 1.0)
    count = story.days // DAYS + 2
    return Offers(chance, rng.random((len(customers), count)) < chance[:, None])


def offer_of(region: Ints, days: Ints) -> Ints:
    """Give the offer that runs on each day, shape (customers, days), as an index from 0."""
    return np.asarray((days[None, :] - _PHASE[:, None]) // DAYS + 1)[region]


def begins(region: Ints, offers: int) -> Ints:
    """Give the day on which each offer begins, shape (customers, offers)."""
    return np.asarray(_PHASE[region][:, None] + (np.arange(offers)[None, :] - 1) * DAYS)


def running(offers: Offers, customers: Customers, days: Ints) -> Bools:
    """Tell whether an offer holds each customer on each day of the records."""
    return np.take_along_axis(offers.reached, offer_of(customers.region, days), axis=1)
