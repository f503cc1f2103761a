"""What is true of each customer at as-of, worked out from the story's own laws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from keepwell.simulate import purchases, rivals, service
from keepwell.simulate.customers import Customers
from keepwell.simulate.leaving import FLOOR
from keepwell.simulate.purchases import Orders
from keepwell.simulate.rivals import Offers
from keepwell.simulate.story import HORIZON, Floats, Story


@dataclass(frozen=True)
class State:
    """The latent state of a block of customers at as-of.

    Attributes
    ----------
    customers, offers
    factor
        What past complaints add to the factor of the hazard, shape (customers, horizon).
    treatment
        Factor of past campaigns, shape (customers, horizon).
    age
        Time on the customer's clock since the last purchase.
    """

    customers: Customers
    offers: Offers
    factor: Floats
    treatment: Floats
    age: Floats


@dataclass(frozen=True)
class Course:
    """One course that the offers of rivals may take in the horizon.

    Attributes
    ----------
    chance
        Of it, by customer.
    clocks
        Time on the clock since as-of at each midnight, shape (customers, horizon + 1).
    hazard
        Of each day, shape (customers, horizon), while nobody complains.
    """

    chance: Floats
    clocks: Floats
    hazard: Floats


def age_at_as_of(orders: Orders, clocks: Floats) -> Floats:
    """Give the time on each customer's clock since the last purchase, or since it began."""
    last = orders.begun.copy()
    np.maximum.at(last, orders.customer, orders.clock)
    return np.asarray(clocks[:, -1] - last)


def courses(story: Story, state: State) -> Iterator[Course]:
    """Give every course of the offers: the days on which they begin are known, the reached not."""
    region, count = state.customers.region, len(state.customers)
    days = story.days + np.arange(HORIZON)
    now = rivals.offer_of(region, days[:1] - 1)
    step = rivals.offer_of(region, days) - now
    held = np.take_along_axis(state.offers.reached, now, axis=1)
    for course in product((False, True), repeat=int(step.max())):
        chance, running = np.ones(count), (step == 0) & held
        for number, reaches in enumerate(course, start=1):
            likely = state.offers.chance if reaches else 1 - state.offers.chance
            # An offer that begins after the horizon is counted once, as one that reaches nobody.
            chance *= np.where(step[:, -1] >= number, likely, float(not reaches))
            running |= (step == number) & reaches
        factor = np.maximum(1 + rivals.EXCESS * running + state.factor, FLOOR)
        hazard = state.customers.hazard[:, None] * factor * state.treatment
        yield Course(chance, purchases.clock(story, days, running), hazard)


def churn_probability(state: State, futures: list[Course]) -> Floats:
    """Give the probability to buy nothing in the horizon, of those who are there at as-of.

    Who buys nothing has nothing new to complain of, so that past complaints are all that counts.
    """
    before = purchases.survival(state.customers, state.age[:, None])
    total = np.zeros(len(state.customers))
    for course in futures:
        times = state.age[:, None] + course.clocks
        silent = purchases.survival(state.customers, times) / before
        there = _there(course.hazard)
        gone = there[:, :-1] - there[:, 1:]
        churns = (gone * silent[:, :-1]).sum(axis=1) + there[:, -1] * silent[:, -1]
        total += course.chance * churns
    return total


def _there(hazard: Floats) -> Floats:
    """Give the probability not to have left at each midnight, shape (customers, horizon + 1)."""
    first = np.zeros((len(hazard), 1))
    return np.asarray(np.exp(-np.concatenate([first, np.cumsum(hazard, axis=1)], axis=1)))


def stays(state: State, futures: list[Course], log_factor: Floats) -> Floats:
    """Give the probability not to leave within the horizon, purchases and new complaints included.

    Parameters
    ----------
    state : State
    futures : list of Course
    log_factor : ndarray of shape (customers,)
        Of the hazard during the horizon: the effect of a contact at as-of; 0 without one.
    """
    change = np.exp(log_factor)
    total = np.zeros(len(state.customers))
    for course in futures:
        unmoved = np.exp(-change * course.hazard.sum(axis=1))
        orders = state.customers.rate * course.clocks[:, -1] / HORIZON
        new = orders * service.chance(state.customers) * _lost(state, change)
        total += course.chance * unmoved * np.exp(-new)
    return total


def _lost(state: State, change: Floats) -> Floats:
    """Integrate 1 - E exp(-hazard that a complaint adds until the horizon) over its day.

    Complaints are a thinned flow of purchases, taken as a Poisson process.
    """
    chances, sizes = service.kinds()
    base = (change * state.customers.hazard)[:, None] * sizes[None, :]
    kept = -np.expm1(-base * HORIZON) / base
    return HORIZON - np.asarray(kept @ chances)


def hazard_now(futures: list[Course]) -> Floats:
    """Give the expected hazard of the day that begins at as-of."""
    return np.asarray(sum(c.chance * c.hazard[:, 0] for c in futures))
