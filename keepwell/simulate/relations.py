"""What binds customers: the loyalty plan, visits and points, offers of rivals, referrals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from keepwell.simulate import arrow, rivals
from keepwell.simulate.customers import Customers
from keepwell.simulate.lines import Lines
from keepwell.simulate.purchases import days_at
from keepwell.simulate.rivals import Offers
from keepwell.simulate.story import YEAR, Floats, Ints, Story

NEVER_REFERRED = -1

_PLANS, _PRICES, _RISE = ("basic", "plus"), np.array([300, 600]), 1.1
_CANCELS = 0.85
_REFERRED = 0.15
_CANDIDATES = 6
_DIGITAL = 0.65
_TOLD = 0.7
_POINTS = 500


def subscriptions(
    rng: np.random.Generator,
    story: Story,
    customers: Customers,
    left: Ints,
    customer_ids: pa.Array,
) -> pa.Table:
    """Give the contracts of the loyalty plan: most end as the customer leaves, a few before.

    Prices rise at the first new year of the records, and that begins a new row.
    """
    n = len(customers)
    plan = (rng.random(n) < 0.4).astype(np.int64)  # noqa: PLR2004 - part with the larger plan
    automatic = rng.random(n) < 0.75  # noqa: PLR2004 - part that renews by itself
    starts = customers.joined + 1 + np.floor(rng.exponential(40, n)).astype(np.int64)
    tires = starts + np.floor(rng.exponential(8 * YEAR, n)).astype(np.int64)
    leaves = np.where(rng.random(n) < _CANCELS, left, 10 * story.days + 10**6)
    ends = np.minimum(tires, leaves)
    end = np.minimum(left, story.days)
    member = np.flatnonzero((customers.member == 1) & (starts < end) & (starts < ends))
    rise = _new_year(story)
    changes = (starts < rise) & (rise < np.minimum(ends, end))
    row = np.concatenate([member, member[changes[member]]])
    later = np.arange(len(row)) >= len(member)
    started = np.where(later, rise, starts[row])
    ended = np.where(~later & changes[row], rise, ends[row])
    order = np.lexsort((started, row))
    row, later, started, ended = row[order], later[order], started[order], ended[order]
    # An end after as-of is not known yet, nor one that the customer no longer lives to see.
    open_ended = ended > np.minimum(left, story.days - 1)[row]
    price = np.round(_PRICES[plan[row]] * np.where(started >= rise, _RISE, 1.0))
    at = started.astype(np.float64)
    return pa.table(
        {
            "customer_id": customer_ids.take(pa.array(row)),
            "started_at": arrow.times(story, at),
            "ended_at": arrow.times(story, ended.astype(np.float64), open_ended),
            "plan": arrow.words(_PLANS, plan[row]),
            "price": arrow.money(price),
            "price_period_days": arrow.numbers(np.full(len(row), 30)),
            "renews_at": arrow.times(story, _renews(starts[row], started)),
            "auto_renew": arrow.flags(automatic[row]),
            "recorded_at": arrow.times(story, at),
        }
    )


def _new_year(story: Story) -> int:
    first = np.datetime64(f"{story.start.year + 1}-01-01")
    return int((first - np.datetime64(story.start)).astype(np.int64))


def _renews(first: Ints, started: Ints) -> Floats:
    """Give the next anniversary of each contract as its row begins."""
    years = (started - first) // YEAR + 1
    return (first + years * YEAR).astype(np.float64)


Visits = tuple[Ints, Floats]
"""Customers, as positions in the block, and days since the records began."""


def activities(
    rng: np.random.Generator,
    story: Story,
    log_ins: Visits,
    told: Visits,
    lines: Lines,
    customer_ids: pa.Array,
) -> pa.Table:
    """Give log-ins with the balance of points, and the offers of rivals that customers told of."""
    customer, at = (np.concatenate(pair) for pair in zip(log_ins, told, strict=True))
    is_offer = np.arange(len(at)) >= len(log_ins[1])
    order = np.lexsort((at, customer))
    customer, at, is_offer = customer[order], at[order], is_offer[order]
    late = np.where(is_offer, arrow.recorded(rng, story, at, 0.5, 7.0), at)
    return pa.table(
        {
            "customer_id": customer_ids.take(pa.array(customer)),
            "occurred_at": arrow.times(story, at),
            "kind": arrow.words(("login", "rival_offer"), is_offer.astype(np.int64)),
            "count": arrow.numbers(np.ones(len(at))),
            "points_balance": arrow.numbers(_points(lines, customer, at, story.days), is_offer),
            "recorded_at": arrow.times(story, late),
        }
    )


def log_ins(rng: np.random.Generator, customers: Customers, clocks: Floats, left: Ints) -> Visits:
    """Draw the log-ins of digital customers; they run on the same clock as purchases."""
    n = len(customers)
    rows, days = np.arange(n), clocks.shape[1] - 1
    begin = clocks[rows, customers.first]
    long = clocks[rows, np.minimum(left, days)] - begin
    digital = rng.random(n) < _DIGITAL
    rate = 0.5 * customers.rate * np.exp(0.5 * customers.engagement) * digital
    customer = np.repeat(rows, rng.poisson(rate * long))
    time = begin[customer] + rng.random(len(customer)) * long[customer]
    # The clock runs in steps of days: the last moment of a life must not fall on the day after.
    day = np.minimum(days_at(clocks, customer, time), left[customer] - 1)
    return customer, arrow.opening_hours(day, rng.random(len(day)))


def told(
    rng: np.random.Generator, story: Story, customers: Customers, offers: Offers, left: Ints
) -> Visits:
    """Draw which of the offers that reached customers the company heard of."""
    begins = rivals.begins(customers.region, offers.reached.shape[1])
    there = (begins > customers.first[:, None]) & (begins < np.minimum(left, story.days)[:, None])
    heard = rng.random(offers.reached.shape) < _TOLD
    customer, offer = np.nonzero(offers.reached & there & heard)
    day = begins[customer, offer]
    return customer, arrow.opening_hours(day, rng.random(len(day)))


def _points(lines: Lines, customer: Ints, at: Floats, days: int) -> Floats:
    """Give the points of purchases before a moment: one a unit of currency, a voucher takes 500."""
    apart = 2.0 * days
    bought = np.maximum(lines.amount, 0)
    total = np.concatenate([[0], np.cumsum(bought)])
    own = np.searchsorted(lines.customer, customer, side="left")
    position = np.searchsorted(lines.at + apart * lines.customer, at + apart * customer)
    return np.asarray((total[position] - total[own]) // 100 % _POINTS, dtype=np.float64)


def referrers(rng: np.random.Generator, customers: Customers, left: Ints) -> Ints:
    """Draw who referred each customer, as a position in the block; NEVER_REFERRED for most."""
    n = len(customers)
    referred = (customers.joined >= 0) & (rng.random(n) < _REFERRED)
    candidate = rng.integers(n, size=(n, _CANDIDATES))
    joined = customers.joined[:, None]
    there = (customers.joined[candidate] < joined) & (left[candidate] > joined)
    # Content customers recommend: of many who could, one whom the service has pleased.
    pleased = rng.random(candidate.shape) < 1 / (1 + np.exp(-customers.service[candidate]))
    fits = there & pleased & (candidate != np.arange(n)[:, None])
    chosen = candidate[np.arange(n), fits.argmax(axis=1)]
    return np.where(referred & fits.any(axis=1), chosen, NEVER_REFERRED)


def referrals(story: Story, customers: Customers, by: Ints, customer_ids: pa.Array) -> pa.Table:
    """Give the referrals, dated on the morning on which the referred joined."""
    referred = np.flatnonzero(by != NEVER_REFERRED)
    referred = referred[np.lexsort((referred, by[referred]))]
    at = np.asarray(customers.joined[referred] + 0.25, dtype=np.float64)
    return pa.table(
        {
            "customer_id": customer_ids.take(pa.array(by[referred])),
            "referred_id": customer_ids.take(pa.array(referred)),
            "occurred_at": arrow.times(story, at),
            "recorded_at": arrow.times(story, at),
        }
    )
