"""What the reader of a plan should know of it, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from serving.targeting.actions import ASSUMED, Action
from serving.targeting.eligibility import Bools
from serving.targeting.facts import Outcome
from serving.targeting.offers import Offers
from serving.targeting.order import Order


def notes(offers: Offers, rest: Bools, outcome: Outcome, order: Order) -> Iterator[str]:
    """Say which actions are not planned and why, who rests, and what the assumptions bear.

    Parameters
    ----------
    offers : Offers
        Without those who rest.
    rest : ndarray of bool, shape (customers, actions)
        Whose offers were left out after a contact.
    outcome : Outcome
    order : Order
    """
    for number, action in enumerate(offers.actions):
        resting = int(rest[:, number].sum())
        told = action_note(action) or _unpaid(action, int(offers.offered[:, number].sum()), resting)
        if told:
            yield told
        if resting:
            yield (
                f"[actions.{action.name}]: {resting:,} customers were contacted less than "
                f"{action.rest_days} days ago and are left out"
            )
        chosen = outcome.choice == number
        if order.control and chosen.any() and not (chosen & outcome.held_out).any():
            yield (
                f"[actions.{action.name}]: {_customers(int(chosen.sum()))} too few for a "
                f"control group of {order.control:.0%}; nobody is held out"
            )
    yield from _assumed(offers, outcome)


def action_note(action: Action) -> str | None:
    """Say why an action cannot be planned with anybody; None where it can."""
    if action.basis is None:
        return (
            f"[actions.{action.name}] is not planned: it has neither an estimated effect nor an "
            "assumed one; give acceptance, or let `keepwell train` learn from randomised contacts"
        )
    if not action.customers:
        why = f" ({action.eligible})" if action.eligible else ""
        return f"[actions.{action.name}] is not planned: no customer is eligible{why}"
    return None


def _unpaid(action: Action, paying: int, resting: int) -> str | None:
    if paying or resting:
        return None
    return (
        f"[actions.{action.name}] is not planned: with none of the {action.customers:,} eligible "
        "customers it is expected to pay"
    )


def _assumed(offers: Offers, outcome: Outcome) -> Iterator[str]:
    """Say how wrong the assumed acceptance may be before the offers that rest on it lose money."""
    assumed = np.array([action.basis == ASSUMED for action in offers.actions])
    incentive = np.array([action.incentive_cost for action in offers.actions])
    rows = ~outcome.held_out & assumed[outcome.choice]
    if not rows.any():
        return
    # The profit is linear in the acceptance: what is gained and redeemed because of it goes.
    gained = outcome.churn[rows] * (outcome.stake[rows] - incentive[outcome.choice[rows]])
    share = 1 - outcome.profit[rows].sum() / gained.sum()
    yield (
        f"assumed, not measured: the acceptance behind {int(rows.sum()):,} of the offers; together "
        f"they pay as long as it is above {share:.0%} of what is assumed"
    )


def _customers(count: int) -> str:
    return "1 customer is" if count == 1 else f"{count:,} customers are"
