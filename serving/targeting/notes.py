"""What the reader of a plan should know of it, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.matrix import Floats
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
            f"assumed one; give {action.assumption}, or let `keepwell train` learn from randomised "
            "contacts"
        )
    if not action.customers:
        new = f" to whom {action.category} is new" if action.category else ""
        why = new + (f" ({action.eligible})" if action.eligible else "")
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
    """Say how wrong an assumption may be before the offers that rest on it lose money."""
    for assumption, gained in _gained(offers, outcome).items():
        mine = [a.basis == ASSUMED and a.assumption == assumption for a in offers.actions]
        rows = ~outcome.held_out & np.array(mine)[outcome.choice]
        if rows.any():
            share = 1 - outcome.profit[rows].sum() / gained[rows].sum()
            yield (
                f"assumed, not measured: the {assumption} behind {int(rows.sum()):,} of the "
                f"offers; together they pay as long as it is above {share:.0%} of what is assumed"
            )


def _gained(offers: Offers, outcome: Outcome) -> dict[str, Floats]:
    """Give what of each profit goes if nothing comes of an assumption, in which it is linear."""
    incentive, contact = (
        np.array([getattr(action, cost) for action in offers.actions])[outcome.choice]
        for cost in ("incentive_cost", "contact_cost")
    )
    # Without a lift the contact is paid for nothing, and so is whoever would have begun anyway.
    return {
        "acceptance": outcome.churn * (outcome.stake - incentive),
        "lift": outcome.profit + contact + outcome.begins * incentive,
    }


def _customers(count: int) -> str:
    return "1 customer is" if count == 1 else f"{count:,} customers are"
