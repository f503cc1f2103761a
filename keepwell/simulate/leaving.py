"""Who leaves when: the hazard of every day, and campaigns that change it for those treated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepwell.simulate.actions import ACTIONS
from keepwell.simulate.customers import Customers
from keepwell.simulate.purchases import Orders
from keepwell.simulate.story import HORIZON, Floats, Ints, Story

NEVER = 1_000_000
"""Stands for the day on which those leave who have not."""

FLOOR = 0.2
"""Least factor of the hazard: no number of happy solutions makes a customer immortal."""

FIRST, EVERY = 60, 30
"""Day of the first campaigns, and days until the next."""

REST = HORIZON
"""Days in which a customer is in one campaign at most, and those that its effect lasts."""

ACTIVE = 60
"""Days within which the addressed have bought."""

REACHED = 0.06
"""Chance of a free customer to be drawn for each of the day's campaigns."""


@dataclass(frozen=True)
class Fate:
    """What became of a block of customers.

    Attributes
    ----------
    hazard
        Of each day of the records, shape (customers, days), as it would be of those who stay.
    treatment
        Factor that past campaigns put on the hazard after as-of, shape (customers, horizon).
    left
        Day at whose beginning each has left; NEVER of those who are still there.
    contacts
        Customer, campaign's day, action and whether treated, a contact a row.
    """

    hazard: Floats
    treatment: Floats
    left: Ints
    contacts: Ints


def live(
    rng: np.random.Generator,
    story: Story,
    customers: Customers,
    orders: Orders,
    factor: Floats,
    effects: Floats,
) -> Fate:
    """Let time pass over a block of customers.

    Parameters
    ----------
    rng, story, customers
    orders : Orders
        Those made if nobody left.
    factor : ndarray of shape (customers, days)
        Of the hazard, from complaints and rivals.
    effects : ndarray of shape (customers, actions)
        Log factors of the actions.
    """
    there = np.arange(story.days)[None, :] > customers.first[:, None]
    hazard = np.where(there, customers.hazard[:, None] * np.maximum(factor, FLOOR), 0.0)
    treatment = np.ones((len(customers), HORIZON))
    patience = rng.standard_exponential(len(customers))
    left = _left(hazard, patience)
    bought = _last_bought(len(customers), story.days, orders)
    addressed = np.full(len(customers), -REST)
    contacts = [np.empty((0, 4), dtype=np.int64)]
    for day in range(FIRST, story.days, EVERY):
        recent = (bought[:, day] >= day - ACTIVE) & (day < left) & (day - addressed >= REST)
        drawn = _assigned(rng, np.flatnonzero(recent), len(customers), day)
        contacts.append(drawn)
        addressed[drawn[:, 0]] = day
        treated = drawn[drawn[:, 3] == 1]
        rows, until = treated[:, 0], day + 1 + REST
        change = np.exp(effects[rows, treated[:, 2]])[:, None]
        hazard[rows, day + 1 : until] *= change
        treatment[rows, : max(0, until - story.days)] *= change
        left[rows] = _left(hazard[rows], patience[rows])
    return Fate(hazard, treatment, left, np.concatenate(contacts))


def _left(hazard: Floats, patience: Floats) -> Ints:
    beyond = np.cumsum(hazard, axis=1) >= patience[:, None]
    return np.where(beyond.any(axis=1), beyond.argmax(axis=1), NEVER)


def _last_bought(customers: int, days: int, orders: Orders) -> Ints:
    """Give the last day with an order before each day, shape (customers, days)."""
    last = np.full((customers, days + 1), -NEVER, dtype=np.int32)
    last[orders.customer, orders.day + 1] = orders.day
    return np.maximum.accumulate(last, axis=1)[:, :-1]


def _assigned(rng: np.random.Generator, free: Ints, customers: int, day: int) -> Ints:
    """Draw who is addressed with which action, and half of each action's as its control."""
    # A number for everybody: who else is free does not change a customer's lot.
    lot, order = rng.random(customers)[free], rng.random(customers)[free]
    action = np.floor(lot / REACHED).astype(np.int64)
    coins = rng.integers(2, size=len(ACTIONS))
    rows = []
    for number in range(len(ACTIONS)):
        chosen = free[action == number][np.argsort(order[action == number])]
        treated = (np.arange(len(chosen)) + coins[number]) % 2
        rows.append(np.stack([chosen, *np.broadcast_arrays(day, number, treated)], axis=1))
    return np.concatenate(rows)
