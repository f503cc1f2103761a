"""Poor service becomes complaints; how fast they are resolved moves the hazard of leaving."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepwell.simulate.customers import Customers
from keepwell.simulate.purchases import Orders
from keepwell.simulate.story import Bools, Floats, Ints, Story, stream

DAYS = 90
"""A complaint moves the hazard from the next day on, for so long."""

RECOVERED = -0.25
BY_SEVERITY = 0.6
"""What is added to the hazard's factor: after a fast solution, and else for each severity."""

PER_ORDER = 0.016
SEVERITY = np.array([0.3, 0.3, 0.2, 0.15, 0.05])
"""Chance of the severities 1 to 5."""

FAST = 0.55
NEVER = 0.3
"""Part of all complaints that is resolved fast, and of the others that never is."""

TOPICS = ("quality", "delivery", "billing", "staff")
CHANNELS = ("phone", "email", "store", "app")


@dataclass(frozen=True)
class Complaints:
    """Complaints that would be made if nobody left, by customer and time.

    Attributes
    ----------
    customer, order
        Positions in the block and among its orders.
    day
        On which it was opened, that of the order.
    severity
        1 to 5.
    is_fast
        Resolved within four days.
    took
        Days until it is resolved; infinite: never.
    topic, channel
        Codes.
    noise
        Standard normal, of the satisfaction.
    """

    customer: Ints
    order: Ints
    day: Ints
    severity: Ints
    is_fast: Bools
    took: Floats
    topic: Ints
    channel: Ints
    noise: Floats


def chance(customers: Customers) -> Floats:
    """Give the probability that an order ends in a complaint."""
    return np.minimum(PER_ORDER * np.exp(-0.5 * customers.service), 0.15)


def draw(story: Story, block: int, customers: Customers, orders: Orders) -> Complaints:
    """Draw which orders end in a complaint, and what becomes of it."""
    rng = stream(story, block, "complaints")
    failed = rng.random(len(orders.customer)) < chance(customers)[orders.customer]
    order = np.flatnonzero(failed)
    n = len(order)
    is_fast = rng.random(n) < FAST
    slow = np.where(rng.random(n) < NEVER, np.inf, 12 + 48 * rng.random(n))
    return Complaints(
        customer=orders.customer[order],
        order=order,
        day=orders.day[order],
        severity=1 + np.searchsorted(np.cumsum(SEVERITY)[:-1], rng.random(n), side="right"),
        is_fast=is_fast,
        took=np.where(is_fast, 0.2 + 3.8 * rng.random(n), slow),
        topic=rng.integers(len(TOPICS), size=n),
        channel=rng.integers(len(CHANNELS), size=n),
        noise=rng.standard_normal(n),
    )


def excess(complaints: Complaints) -> Floats:
    """Give what each complaint adds to the factor of the hazard."""
    return np.where(complaints.is_fast, RECOVERED, BY_SEVERITY * complaints.severity)


def kinds() -> tuple[Floats, Floats]:
    """Give the chance of each kind of complaint, and what it adds to the factor."""
    slow = BY_SEVERITY * np.arange(1, len(SEVERITY) + 1)
    return np.array([FAST, *(1 - FAST) * SEVERITY]), np.array([RECOVERED, *slow])


def added(complaints: Complaints, customers: int, days: int) -> Floats:
    """Give what complaints add to the factor on each day, shape (customers, days)."""
    steps = np.zeros((customers, days + 1))
    size = excess(complaints)
    for at, sign in ((complaints.day + 1, 1.0), (complaints.day + 1 + DAYS, -1.0)):
        np.add.at(steps, (complaints.customer, np.minimum(at, days)), sign * size)
    return np.cumsum(steps[:, :-1], axis=1)
