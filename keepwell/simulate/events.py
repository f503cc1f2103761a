"""What else happens to customers: complaints, contacts and surveys, as the company keeps them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from keepwell.simulate import arrow
from keepwell.simulate.actions import ACTIONS
from keepwell.simulate.customers import Customers
from keepwell.simulate.leaving import Fate
from keepwell.simulate.purchases import Orders
from keepwell.simulate.service import CHANNELS, TOPICS, Complaints
from keepwell.simulate.story import Bools, Floats, Ints, Story

_PROMISED = 7
_COMPENSATED = 0.5
_ANSWERS = 0.5
_LINGERS = 90
_BASE = np.array([0.22, 0.45, 0.35, 0.25])
"""Chance of a response to each action by those whom it does not move."""


def complaints(
    rng: np.random.Generator,
    story: Story,
    made: Complaints,
    orders: Orders,
    left: Ints,
    customer_ids: pa.Array,
) -> pa.Table:
    """Give the complaints made before each customer left; outcomes only where there were any."""
    n = len(made.customer)
    compensated, amount = rng.random(n), rng.random(n)
    opened = _opened(orders, made)
    closed = opened + made.took
    end = np.minimum(left, story.days)[made.customer]
    unresolved = closed >= end
    graded = 3.9 - 0.35 * made.severity + np.where(made.is_fast, 0.9, -1.2) + 0.7 * made.noise
    paid = (compensated < _COMPENSATED) & made.is_fast
    compensation = np.where(paid, np.round(500 * made.severity * (1 + amount)), 0.0)
    cost = np.round(100 * (4 + 3 * made.severity + 0.3 * np.minimum(made.took, 60)))
    table = pa.table(
        {
            "customer_id": customer_ids.take(pa.array(made.customer)),
            "opened_at": arrow.times(story, opened),
            "promised_at": arrow.times(story, opened + _PROMISED),
            "resolved_at": arrow.times(story, closed, unresolved),
            "category": arrow.words(TOPICS, made.topic),
            "severity": arrow.numbers(made.severity),
            "channel": arrow.words(CHANNELS, made.channel),
            "satisfaction": arrow.numbers(np.clip(np.round(graded), 1, 5), unresolved),
            "compensation": arrow.money(compensation, unresolved),
            "cost": arrow.money(cost, unresolved),
            "recorded_at": arrow.times(story, arrow.recorded(rng, story, opened, 0.1, 2.0)),
        }
    )
    return table.filter(pa.array(made.day < left[made.customer]))


def _opened(orders: Orders, made: Complaints) -> Floats:
    # On the evening of the order, so that the hazard of the day before knows nothing of it.
    at = arrow.opening_hours(orders.day, orders.moment)[made.order]
    return np.asarray(at + (made.day + 0.99 - at) / 2)


def contacts(
    rng: np.random.Generator, story: Story, fate: Fate, effects: Floats, customer_ids: pa.Array
) -> pa.Table:
    """Give the contacts, those of the control groups too, sorted by customer."""
    drawn = fate.contacts
    customer, day, action, treated = drawn[np.lexsort((drawn[:, 1], drawn[:, 0]))].T
    n = len(customer)
    at = day + (9 + 8 * rng.random(n)) / 24
    moved = np.maximum(-effects[customer, action], 0.0)
    responds = rng.random(n) < np.minimum(_BASE[action] + 0.5 * moved, 0.9)
    when = at + 0.1 + rng.standard_exponential(n) * 3
    silent = ~(responds & (treated == 1) & (when < np.minimum(fate.left, story.days)[customer]))
    incentive = np.array([a.incentive for a in ACTIONS])[action]
    redeems = rng.random(n) < 0.7  # noqa: PLR2004 - part of those who respond
    cost = np.array([a.cost for a in ACTIONS])[action] * treated
    return pa.table(
        {
            "customer_id": customer_ids.take(pa.array(customer)),
            "contacted_at": arrow.times(story, at),
            "action": arrow.words([a.name for a in ACTIONS], action),
            "treated": arrow.flags(treated == 1),
            "channel": arrow.words([a.channel for a in ACTIONS], action),
            "cost": arrow.money(np.round(100 * cost)),
            "responded_at": arrow.times(story, when, silent),
            "redeemed_cost": arrow.money(np.round(100 * incentive * redeems), silent),
            "recorded_at": arrow.times(story, arrow.recorded(rng, story, at, 0.05, 3.0)),
        }
    )


def surveys(
    rng: np.random.Generator,
    story: Story,
    customers: Customers,
    made: Complaints,
    left: Ints,
    customer_ids: pa.Array,
) -> pa.Table:
    """Give the answers to surveys: they tell of the service, and of a complaint that drags on."""
    n = len(customers)
    end = np.minimum(left, story.days)
    count = rng.poisson(_ANSWERS * (end - customers.first) / 365)
    customer = np.repeat(np.arange(n), count)
    life = (end - customers.first)[customer]
    day = customers.first[customer] + np.floor(rng.random(len(customer)) * life).astype(np.int64)
    order = np.lexsort((day, customer))
    customer, day = customer[order], day[order]
    at = day + (9 + 12 * rng.random(len(day))) / 24
    mood = customers.service[customer] - 1.5 * _annoyed(made, customer, day, story.days)
    noise = rng.standard_normal((2, len(day)))
    nps = np.clip(np.round(7.4 + 1.6 * mood + 1.2 * noise[0]), 0, 10)
    csat = np.clip(np.round(3.7 + 0.8 * mood + 0.6 * noise[1]), 1, 5)
    return pa.table(
        {
            "customer_id": customer_ids.take(pa.array(customer)),
            "answered_at": arrow.times(story, at),
            "nps": arrow.numbers(nps),
            "csat": arrow.numbers(csat),
            "recorded_at": arrow.times(story, arrow.recorded(rng, story, at, 0.2, 5.0)),
        }
    )


def _annoyed(made: Complaints, customer: Ints, day: Ints, days: int) -> Bools:
    """Tell whether a complaint that was not resolved fast had been made in the 90 days before."""
    apart = 2 * days
    slow = made.customer[~made.is_fast] * apart + made.day[~made.is_fast]
    keys = np.sort(np.append(slow, -apart))
    asked = customer * apart + day
    passed = asked - keys[np.searchsorted(keys, asked, side="left") - 1]
    return np.asarray(passed <= _LINGERS)
