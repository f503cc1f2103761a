"""What a plan is expected to bring and to cost, in all and by action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models.matrix import Floats
from serving.targeting.assign import Assignment
from serving.targeting.eligibility import Bools
from serving.targeting.offers import Offers
from serving.targeting.order import UNITS, Order
from serving.targeting.prices import Choices

_NORMAL_90 = 1.645
"""Half the width of the middle 90 % of a normal distribution, in standard deviations."""

_PLACES = 4


@dataclass(frozen=True)
class Outcome:
    """The chosen offers, an array of each fact.

    Parameters
    ----------
    choice : ndarray of shape (chosen,)
        Number of the action.
    held_out : ndarray of bool
        Who is in the control group.
    stake : ndarray
        What is lost if the customer leaves.
    profit, cost, deviation, churn, begins : ndarray
        As in :class:`serving.targeting.offers.Offers`.
    """

    choice: Choices
    held_out: Bools
    stake: Floats
    profit: Floats
    cost: Floats
    deviation: Floats
    churn: Floats
    begins: Floats

    def sums(self, rows: Bools, worst: Floats) -> dict[str, Any]:
        """Add up what some chosen customers bring; `worst` is each action's cost at worst."""
        treated = rows & ~self.held_out
        return {
            "treated": int(treated.sum()),
            "control": int((rows & self.held_out).sum()),
            "cost": round(float(self.cost[treated].sum()), _PLACES),
            "worst_cost": round(float(worst[self.choice[treated]].sum()), _PLACES),
            "expected_profit": round(float(self.profit[treated].sum()), _PLACES),
        }


@dataclass(frozen=True)
class ActionFacts:
    """What becomes of an action in a plan.

    Parameters
    ----------
    action, level : str
    basis : str or None
    eligible : int
        Customers who met the expression when they were scored.
    paying : int
        Those of them to whom an offer is expected to pay, and who need no rest.
    treated, control : int
    cost, worst_cost, expected_profit : float
        Of the treated.
    """

    action: str
    level: str
    basis: str | None
    eligible: int
    paying: int
    treated: int
    control: int
    cost: float
    worst_cost: float
    expected_profit: float


@dataclass(frozen=True)
class Facts:
    """A plan in figures, in the currency.

    Parameters
    ----------
    budget : float
    treated, control : int
        Customers.
    cost : float
        Expected, of the treated: what the budget bounds.
    worst_cost : float
        If every incentive is redeemed.
    expected_profit : float
        Of the treated, net of all costs.
    low, high : float
        Ends of the 90 % interval of what chance alone makes of it.
    forgone : float
        What the control group would have brought: the price of learning.
    bound : float
        No plan within the limits brings more, whether it holds a control group out or not.
    marginal : float
        Expected profit of one more unit of budget.
    actions : tuple of ActionFacts
    notes : tuple of str
    """

    budget: float
    treated: int
    control: int
    cost: float
    worst_cost: float
    expected_profit: float
    low: float
    high: float
    forgone: float
    bound: float
    marginal: float
    actions: tuple[ActionFacts, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        offers: Offers,
        outcome: Outcome,
        found: Assignment,
        order: Order,
        notes: tuple[str, ...],
    ) -> Facts:
        """Add a plan up."""
        worst = np.array([action.worst_cost for action in offers.actions])
        sums = outcome.sums(np.ones(len(outcome.choice), dtype=bool), worst)
        chance = outcome.deviation[~outcome.held_out]
        error = _NORMAL_90 * float(np.sqrt((chance**2).sum()))
        return cls(
            budget=order.budget,
            **sums,
            low=round(sums["expected_profit"] - error, _PLACES),
            high=round(sums["expected_profit"] + error, _PLACES),
            forgone=round(float(outcome.profit[outcome.held_out].sum()), _PLACES),
            bound=round(found.bound, _PLACES),
            marginal=found.price * UNITS * (1 - order.control),
            actions=tuple(_by_action(offers, outcome, worst)),
            notes=notes,
        )

    def to_dict(self) -> dict[str, Any]:
        """Give JSON types."""
        return asdict(self)


def _by_action(offers: Offers, outcome: Outcome, worst: Floats) -> Iterator[ActionFacts]:
    paying = offers.offered.sum(axis=0)
    for number, action in enumerate(offers.actions):
        sums = outcome.sums(outcome.choice == number, worst)
        yield ActionFacts(
            action.name,
            action.level,
            action.basis,
            action.customers,
            int(paying[number]),
            **sums,
        )
