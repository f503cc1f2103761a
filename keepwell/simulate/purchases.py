"""When customers buy: a renewal process in a time that runs with the season and the share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepwell.simulate.customers import BURSTY, REGULAR, Customers
from keepwell.simulate.rivals import SHARE_KEPT
from keepwell.simulate.story import Bools, Floats, Ints, Story, stream

ERLANG = 4
"""Stages of a regular customer's gap."""

QUICK, SHORT, LONG = 0.8, 0.3, 3.8
"""A bursty customer's gaps: the part of short ones, and the means of both over that of all."""

_SEASON, _PEAK = 0.15, 345
_WEEKDAYS = np.array([0.9, 0.85, 0.9, 0.95, 1.2, 1.4, 0.8])
_BEFORE = 4.0
"""Mean gaps, at most, since which the customers of day 0 have bought: no purchase falls on it."""


@dataclass(frozen=True)
class Orders:
    """What a block of customers would buy if nobody left, an order a row, by customer and time.

    Attributes
    ----------
    customer
        Position in the block.
    day
        Of the records.
    moment
        Part of the day that has passed, 0 to 1.
    clock
        The time that runs with season and share.
    begun
        By customer, the clock at which the process began with a purchase.
    """

    customer: Ints
    day: Ints
    moment: Floats
    clock: Floats
    begun: Floats


def season(story: Story, days: Ints) -> Floats:
    """Give the pace of purchases on days of the records, 1 on average over a year."""
    dates = np.datetime64(story.start) + days
    of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
    yearly = 1 + _SEASON * np.cos(2 * np.pi * (of_year - _PEAK) / 365.25)
    weekday = (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
    return np.asarray(yearly * _WEEKDAYS[weekday])


def clock(story: Story, days: Ints, rival: Bools) -> Floats:
    """Give the clock at each midnight from the first day on, shape (customers, days + 1)."""
    pace = season(story, days) * np.where(rival, SHARE_KEPT, 1.0)
    return np.concatenate([np.zeros((len(rival), 1)), np.cumsum(pace, axis=1)], axis=1)


def draw(story: Story, block: int, customers: Customers, clocks: Floats) -> Orders:
    """Draw the orders of a block.

    Parameters
    ----------
    story, block, customers
    clocks : ndarray of shape (customers, days + 1)
        The clock at each midnight.
    """
    rng = stream(story, block, "purchases")
    begun = _begun(rng, customers, clocks)
    customer, time = _renewals(rng, customers, begun, clocks[:, -1])
    kept = (time >= 0) & (time < clocks[customer, -1])
    customer, time = customer[kept], time[kept]
    day = days_at(clocks, customer, time)
    since = time - clocks[customer, day]
    moment = since / (clocks[customer, day + 1] - clocks[customer, day])
    return Orders(customer, day, moment, time, begun)


def days_at(clocks: Floats, customer: Ints, time: Floats) -> Ints:
    """Give the day on which each customer's clock shows a time."""
    days = clocks.shape[1] - 1
    apart = 1.0 + clocks[:, -1].max()
    starts = (clocks[:, :-1] + apart * np.arange(len(clocks))[:, None]).ravel()
    position = np.searchsorted(starts, time + apart * customer, side="right") - 1
    return np.asarray(np.clip(position - customer * days, 0, days - 1))


def _begun(rng: np.random.Generator, customers: Customers, clocks: Floats) -> Floats:
    rows, first = np.arange(len(customers)), customers.first
    part = rng.random(len(customers))
    on_joining = clocks[rows, first] + part * (clocks[rows, first + 1] - clocks[rows, first])
    return np.where(customers.joined < 0, -_BEFORE * part / customers.rate, on_joining)


def _renewals(
    rng: np.random.Generator, customers: Customers, begun: Floats, end: Floats
) -> tuple[Ints, Floats]:
    """Draw more gaps than fit before the end; give customer and time of the purchases."""
    expected = customers.rate * (end - begun)
    spread = np.where(customers.pattern == BURSTY, 5.0, 1.0)
    count = np.ceil(expected + 5 * np.sqrt(expected * spread) + 10).astype(np.int64)
    customer = np.repeat(np.arange(len(customers)), count)
    gaps = _gaps(rng, customers.pattern[customer]) / customers.rate[customer]
    first = np.cumsum(count) - count
    gaps[first] = 0.0
    total = np.cumsum(gaps)
    return customer, total - np.repeat(total[first] - begun, count)


def _gaps(rng: np.random.Generator, pattern: Ints) -> Floats:
    stages = np.where(pattern == REGULAR, float(ERLANG), 1.0)
    gaps = rng.standard_gamma(stages) / stages
    phase = np.where(rng.random(len(pattern)) < QUICK, SHORT, LONG)
    return np.asarray(gaps * np.where(pattern == BURSTY, phase, 1.0))


def survival(customers: Customers, passed: Floats) -> Floats:
    """Give the probability that a gap exceeds a time on the clock, shape (customers, times)."""
    x = customers.rate[:, None] * passed
    pattern = customers.pattern[:, None]
    staged = ERLANG * x
    regular = np.exp(-staged) * (1 + staged * (1 + staged / 2 * (1 + staged / 3)))
    bursty = QUICK * np.exp(-x / SHORT) + (1 - QUICK) * np.exp(-x / LONG)
    return np.where(pattern == REGULAR, regular, np.where(pattern == BURSTY, bursty, np.exp(-x)))
