"""What is asked of a plan, and whether it can be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from features.errors import InputError
from serving.targeting.actions import ASSUMED, ESTIMATED, Action
from serving.targeting.offers import Offers

UNITS = 10_000
"""In a unit of the currency: costs are whole numbers of them, so that their sum is exact."""


@dataclass(frozen=True)
class Order:
    """What is asked of a plan.

    Parameters
    ----------
    budget : float
        What may be spent on contacts and incentives, in the currency.
    control : float
        Share of the chosen customers who are held out at random, 0 to below 1.
    seed : int
        Of their draw.
    """

    budget: float
    control: float = 0.0
    seed: int = 7


def check(offers: Offers, order: Order) -> None:
    """Refuse what cannot be planned.

    Raises
    ------
    InputError
        Saying what to give instead.
    """
    if not 0 <= order.control < 1:
        raise InputError(
            f"control = {order.control:g}: give the share of planned customers who are left alone, "
            "such as 0.1; 0 holds nobody out"
        )
    if not offers.offered.any():
        raise InputError(_nothing_pays(offers.actions))
    costs = offers.cost[offers.offered]
    if not order.budget >= max(costs.min(), 1 / UNITS):
        everybody = np.where(offers.offered, offers.cost, 0).max(axis=1).sum()
        raise InputError(
            f"budget = {order.budget:g}: nobody can be contacted for that. Give what may be spent "
            f"on contacts and incentives: the cheapest offer that pays costs {costs.min():,.2f}, "
            f"the dearest to each of {len(offers.customers):,} customers {everybody:,.2f}"
        )
    for action in offers.actions:
        _check_room(action, order.control)


def _check_room(action: Action, control: float) -> None:
    if control and action.capacity is not None and action.capacity * control < 1:
        least = int(np.ceil(1 / control))
        raise InputError(
            f"[actions.{action.name}] capacity = {action.capacity}: a control group of "
            f"{control:.0%} of that is less than one customer. Raise the capacity to {least} at "
            f"least, or control to {1 / action.capacity:.2g}, or plan without control (0)"
        )


def _nothing_pays(actions: Iterable[Action]) -> str:
    told = "; ".join(f"{a.name}: {a.customers:,} eligible{_AFTER[a.basis]}" for a in actions)
    return (
        f"no offer is expected to pay, so that the best plan is to contact nobody ({told}). See "
        "costs, acceptance and eligible in [actions], and run `keepwell score` after a change; "
        "`keepwell uplift` tells of estimated effects, whatever acceptance says"
    )


_AFTER = {
    None: ", but neither an estimated effect nor an acceptance",
    ASSUMED: "",
    ESTIMATED: ", effect estimated",
}
"""What is said of an action that is not expected to pay, by the basis of its effect."""
