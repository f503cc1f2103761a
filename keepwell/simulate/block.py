"""One block of customers from birth to the truth: every table, and what is true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from keepwell.simulate import (
    actions,
    arrow,
    customers,
    events,
    leaving,
    lines,
    purchases,
    relations,
    rivals,
    service,
    truth,
    wallets,
)
from keepwell.simulate.actions import ACTIONS
from keepwell.simulate.customers import AGES, INCOMES, REGIONS, Customers
from keepwell.simulate.leaving import NEVER, Fate
from keepwell.simulate.lines import Lines
from keepwell.simulate.purchases import Orders
from keepwell.simulate.rivals import Offers
from keepwell.simulate.service import Complaints
from keepwell.simulate.story import HORIZON, Floats, Ints, Story, microseconds, stream
from keepwell.simulate.truth import State

TRUTH = "truth"
FAR_FUTURE = np.datetime64("2200-01-01", "us")
"""When those have left who are still there; within the range of every clock."""

_SOURCES = ("advert", "passing by", "search", "referral")


@dataclass(frozen=True)
class Life:
    """What happened to a block of customers, the latent and the visible.

    Attributes
    ----------
    story, block
    people, offers
    clocks
        See :func:`keepwell.simulate.purchases.clock`.
    orders, complaints
        Those made if nobody left.
    added
        What complaints add to the factor of the hazard, shape (customers, days + horizon).
    effects
        Log factors of the actions, shape (customers, actions).
    fate
    bought
        The lines of orders that were made.
    """

    story: Story
    block: int
    people: Customers
    offers: Offers
    clocks: Floats
    orders: Orders
    complaints: Complaints
    added: Floats
    effects: Floats
    fate: Fate
    bought: Lines

    def stream(self, part: str) -> np.random.Generator:
        """Give the random numbers of one part."""
        return stream(self.story, self.block, part)


def live(story: Story, block: int, number: Ints) -> Life:
    """Simulate a block of customers.

    Parameters
    ----------
    story : Story
    block : int
        Its number, which with the seed decides all that is drawn.
    number : ndarray of int
        Its customers' numbers in the company.
    """
    people = customers.draw(story, block, number)
    offers = rivals.draw(story, block, people)
    rival = rivals.running(offers, people, np.arange(story.days))
    clocks = purchases.clock(story, np.arange(story.days), rival)
    orders = purchases.draw(story, block, people, clocks)
    made = service.draw(story, block, people, orders)
    added = service.added(made, len(people), story.days + HORIZON)
    effects = actions.log_factors(stream(story, block, "effects"), people)
    factor = 1 + rivals.EXCESS * rival + added[:, : story.days]
    fate = leaving.live(stream(story, block, "leaving"), story, people, orders, factor, effects)
    bought = lines.draw(story, block, people, orders, fate.left)
    return Life(story, block, people, offers, clocks, orders, made, added, effects, fate, bought)


def tables(life: Life) -> dict[str, pa.Table]:
    """Give the canonical tables of a block by name, and ``truth``."""
    story, people, left = life.story, life.people, life.fate.left
    ids = arrow.ids("c", people.number)
    by = relations.referrers(life.stream("referrers"), people, left)
    return {
        "customers": _customers(life, by, ids),
        "transactions": lines.table(life.stream("records"), story, life.bought, ids),
        "complaints": events.complaints(
            life.stream("handling"), story, life.complaints, life.orders, left, ids
        ),
        "contacts": events.contacts(life.stream("contacts"), story, life.fate, life.effects, ids),
        "surveys": events.surveys(
            life.stream("surveys"), story, people, life.complaints, left, ids
        ),
        "subscriptions": relations.subscriptions(
            life.stream("subscriptions"), story, people, left, ids
        ),
        "activities": _activities(life, ids),
        "referrals": relations.referrals(story, people, by, ids),
        "wallets": wallets.observed(life.stream("wallets"), story, people, left, ids),
        TRUTH: _truth(life, ids),
    }


def state(life: Life) -> State:
    """Give the latent state at as-of."""
    return State(
        customers=life.people,
        offers=life.offers,
        factor=life.added[:, life.story.days :],
        treatment=life.fate.treatment,
        age=truth.age_at_as_of(life.orders, life.clocks),
    )


def _activities(life: Life, ids: pa.Array) -> pa.Table:
    rng, left = life.stream("activities"), life.fate.left
    log_ins = relations.log_ins(rng, life.people, life.clocks, left)
    told = relations.told(rng, life.story, life.people, life.offers, left)
    return relations.activities(rng, life.story, log_ins, told, life.bought, ids)


def _customers(life: Life, by: Ints, ids: pa.Array) -> pa.Table:
    people = life.people
    drawn = life.stream("sources").integers(len(_SOURCES) - 1, size=len(people))
    source = np.where(by == relations.NEVER_REFERRED, drawn, len(_SOURCES) - 1)
    joined = arrow.times(life.story, people.joined.astype(np.float64))
    return pa.table(
        {
            "customer_id": ids,
            "joined_at": joined,
            "valid_from": joined,
            "region": arrow.words(REGIONS, people.region),
            "income": arrow.words(INCOMES, people.income),
            "household_size": pa.array(people.household + 1),
            "age": arrow.words(AGES, people.age),
            "source": arrow.words(_SOURCES, source),
        }
    )


def _truth(life: Life, ids: pa.Array) -> pa.Table:
    story, people, left = life.story, life.people, life.fate.left
    alive = left == NEVER
    now = state(life)
    futures = list(truth.courses(story, now))
    spend = lines.spent(life.bought, len(people), story.days - story.year)
    realised = wallets.realise(life.stream("realised"), story, people, spend)
    last = life.fate.hazard[np.arange(len(people)), np.minimum(left, story.days - 1)]
    gone_at = microseconds(story.start) + np.where(alive, 0, left) * 86_400_000_000
    stays = truth.stays(now, futures, np.zeros(len(people)))
    effects = {
        f"effect_{action.name}": np.where(
            alive, stays - truth.stays(now, futures, life.effects[:, number]), 0.0
        )
        for number, action in enumerate(ACTIONS)
    }
    return pa.table(
        {
            "customer_id": ids,
            "alive": alive,
            "left_at": np.where(alive, FAR_FUTURE, gone_at.astype("datetime64[us]")),
            "leaving_hazard": np.where(alive, truth.hazard_now(futures), last),
            "churn_probability": np.where(alive, truth.churn_probability(now, futures), 1.0),
            "wallet": realised.wallet / 100,
            "wallet_share": realised.share,
            **effects,
        }
    )
