"""Prices of the budget and of places, which split a plan into one easy choice a customer.

At a price for each unit of budget and for a place in each action, every customer takes the offer
that is left with the most profit, or none (Lagrangian relaxation; Fisher 1981, Management Science
27(1)). No plan brings more than what is left at any prices, plus what the limits are worth at them.
The lowest such bound is found by cutting planes (Kelley 1960): it is that of the linear relaxation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from models.matrix import Floats

Choices = NDArray[np.int64]

NOTHING = -1
"""The choice of no action."""

_CUTS = 400
_NEAR = 1e-6
"""Relative gap between the bound and its model at which prices are good enough."""


@dataclass(frozen=True)
class Problem:
    """What there is to choose from, within which limits.

    Parameters
    ----------
    profit : ndarray of shape (customers, actions)
        Expected, net of all costs; -inf where there is no offer.
    cost : ndarray of shape (customers, actions)
        At least 0, in whole units, so that sums are exact.
    budget : float
        In those units; infinite where there is none.
    capacity : ndarray of shape (actions,)
        Customers at most; infinite where there is no limit.
    """

    profit: Floats
    cost: Floats
    budget: float
    capacity: Floats

    def __len__(self) -> int:
        return len(self.profit)

    def bounded(self) -> Problem:
        """Give the same with limits that are finite, and bind no more than before."""
        most = float(self.cost.max(axis=1, initial=0.0).sum())
        capacity = np.minimum(self.capacity, len(self))
        return Problem(self.profit, self.cost, min(self.budget, most), capacity)

    def left(self, choice: Choices) -> tuple[float, Floats]:
        """Give what a choice leaves of the budget and of each capacity; below 0 if exceeded."""
        rows = np.flatnonzero(choice != NOTHING)
        used = float(self.cost[rows, choice[rows]].sum())
        filled = np.bincount(choice[rows], minlength=self.cost.shape[1])
        return self.budget - used, np.asarray(self.capacity - filled)

    def part(self, rows: Choices, others: Choices) -> Problem:
        """Give the problem of some customers, where `others` is chosen for the other ones."""
        return Problem(self.profit[rows], self.cost[rows], *self.left(others))

    def worth(self, choice: Choices) -> float:
        """Give the profit of a choice."""
        rows = np.flatnonzero(choice != NOTHING)
        return float(self.profit[rows, choice[rows]].sum())


@dataclass(frozen=True)
class Prices:
    """Of a unit of budget, and of a place in each action."""

    budget: float
    place: Floats

    def reduced(self, problem: Problem) -> Floats:
        """Give the profit that is left of each offer; shape (customers, actions)."""
        return np.asarray(problem.profit - self.budget * problem.cost - self.place)

    def bound(self, problem: Problem) -> float:
        """Give what no plan can exceed: the lowest such figure at the best prices."""
        return _dual(problem, np.array([self.budget, *self.place]))[0]


def best_prices(problem: Problem) -> Prices:
    """Find the prices of the lowest bound.

    Parameters
    ----------
    problem : Problem
        With finite limits.

    Returns
    -------
    Prices
    """
    count = problem.cost.shape[1]
    top = float(problem.profit.max(initial=0.0))
    if top <= 0:
        return Prices(0.0, np.zeros(count))
    # No price above the best offer's own worth is ever needed.
    ranges = [(0.0, _dearest(problem)), *[(0.0, top)] * count, (None, None)]
    at = best_at = np.zeros(1 + count)
    best = np.inf
    cuts: list[Floats] = []
    levels: list[float] = []
    for _ in range(_CUTS):
        value, slope = _dual(problem, at)
        if value < best:
            best, best_at = value, at
        cuts.append(np.append(slope, -1.0))
        levels.append(float(slope @ at) - value)
        at, lowest = _lowest(cuts, levels, ranges)
        if best - lowest <= _NEAR * max(abs(best), 1.0):
            break
    return Prices(float(best_at[0]), best_at[1:])


def _dearest(problem: Problem) -> float:
    offered = (problem.profit > 0) & (problem.cost > 0)
    ratios = problem.profit[offered] / problem.cost[offered]
    return float(ratios.max(initial=0.0))


def _dual(problem: Problem, at: Floats) -> tuple[float, Floats]:
    """Give the bound at some prices, and its slope in each of them."""
    reduced = Prices(float(at[0]), at[1:]).reduced(problem)
    choice = np.where(reduced.max(axis=1) > 0, reduced.argmax(axis=1), NOTHING)
    rows = np.flatnonzero(choice != NOTHING)
    budget, capacity = problem.left(choice)
    paid = at[0] * problem.budget + float(at[1:] @ problem.capacity)
    return paid + float(reduced[rows, choice[rows]].sum()), np.append(budget, capacity)


def _lowest(
    cuts: list[Floats], levels: list[float], ranges: list[tuple[float | None, float | None]]
) -> tuple[Floats, float]:
    """Find the lowest point of the model of the bound, which is the highest of all cuts."""
    aim = np.zeros(len(ranges))
    aim[-1] = 1.0
    found = linprog(aim, A_ub=np.array(cuts), b_ub=np.array(levels), bounds=ranges, method="highs")
    return np.asarray(found.x[:-1]), float(found.fun)
