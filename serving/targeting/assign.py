"""Which action for whom: the most profit under a budget and the capacities of the actions.

A customer gets one action or none, an action has room for so many customers, and what the chosen
ones cost stays within the budget: a multiple-choice knapsack with capacities. At the best prices
(:mod:`serving.targeting.prices`) most choices are sure. Customers whose choice the prices leave
nearly open, the core, are decided by a linear programme that fills what the sure ones leave over,
its few halves rounded down; and the most doubtful of them once more, exactly, by an integer one.

Of customers who are exactly alike, as where an effect is the same for all, no price sends some one
way and the rest another: for the prices they are told apart by a trifle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, vstack

from models.matrix import Floats
from serving.targeting.prices import NOTHING, Choices, Problem, best_prices

_CORE = 3_000
"""Customers decided by the linear programme: many more than it leaves in halves."""

_EXACT = 400
"""Customers decided by the integer programme."""

_TRIFLE = 1e-4
"""Share of its profit by which the first customer's offer beats the same offer to the last."""

_WHOLE = 1e-6
"""How far a variable may be from 1."""

_NEAR = 1e-4
"""Share of the bound within which a plan is good enough: no search is worth its time then."""

_SEARCH = {"node_limit": 1_000, "presolve": False}
"""No limit of time: a plan must not depend on how busy the machine is."""


@dataclass(frozen=True)
class Assignment:
    """A choice for every customer.

    Parameters
    ----------
    choice : ndarray of shape (customers,)
        Number of the action; -1 for none.
    profit : float
        Expected.
    bound : float
        No plan within the limits brings more.
    price : float
        Profit that one more unit of budget would bring.
    """

    choice: Choices
    profit: float
    bound: float
    price: float


def assign(problem: Problem, *, exact: bool = True) -> Assignment:
    """Choose an action or none for every customer, never beyond a limit.

    Parameters
    ----------
    problem : Problem
    exact : bool
        Whether the least sure customers are decided exactly, which a few of very many do not need.

    Returns
    -------
    Assignment
        The same for the same problem; customers who are exactly alike are taken in their order.
    """
    problem = problem.bounded()
    apart = _apart(problem)
    prices = best_prices(apart)
    reduced = prices.reduced(apart)
    choice = np.where(reduced.max(axis=1) > 0, reduced.argmax(axis=1), NOTHING)
    doubt = _doubt(reduced)
    core = _open(problem, choice, doubt)
    choice[core] = _relaxed(problem.part(core, choice))
    choice = _filled(problem, choice, np.where(problem.profit > 0, reduced, -np.inf))
    bound = prices.bound(problem)
    if exact and problem.worth(choice) < (1 - 2 * _NEAR) * bound:
        choice = _polished(problem, choice, doubt, _NEAR * bound)
    return Assignment(choice, problem.worth(choice), bound, prices.budget)


def _apart(problem: Problem) -> Problem:
    """Tell customers who are alike apart, the first before the last."""
    trifle = _TRIFLE * np.linspace(1, 0, len(problem))[:, None]
    return replace(problem, profit=problem.profit * (1 + trifle))


def _doubt(reduced: Floats) -> Floats:
    """Give by how much each customer's choice is sure; infinite where there is none."""
    options = np.column_stack([reduced, np.zeros(len(reduced))])
    second, first = np.partition(options, -2, axis=1)[:, -2:].T
    return np.where(np.isfinite(reduced).any(axis=1), first - second, np.inf)


def _least_sure(doubt: Floats, rows: Choices, count: int) -> Choices:
    order = np.argsort(doubt[rows], kind="stable")[:count]
    return np.sort(rows[order])


def _open(problem: Problem, choice: Choices, doubt: Floats) -> Choices:
    """Take the choice of the least sure customers back, and give their rows.

    Where many are alike, the sure ones alone may be too many: then more are taken back.
    """
    core = _least_sure(doubt, np.flatnonzero(np.isfinite(doubt)), _CORE)
    choice[core] = NOTHING
    while min(*problem.left(choice)[1], problem.left(choice)[0]) < 0:
        more = _least_sure(doubt, np.flatnonzero(choice != NOTHING), _CORE)
        choice[more] = NOTHING
        core = np.sort(np.concatenate([core, more]))
    return core


def _filled(problem: Problem, choice: Choices, reduced: Floats) -> Choices:
    """Give what the core leaves over to the others, whom the prices leave nearest first."""
    for _ in range(reduced.shape[1] + 1):  # each time but the last, an action's places have run out
        budget, capacity = problem.left(choice)
        left = np.where(capacity >= 1, reduced, -np.inf)
        rows = np.flatnonzero((choice == NOTHING) & np.isfinite(left).any(axis=1))
        first, most = left[rows].argmax(axis=1), left[rows].max(axis=1)
        order = np.argsort(-most, kind="stable")
        rows, first = rows[order], first[order]
        fits = _places(first, reduced.shape[1]) < capacity[first]
        rows, first = rows[fits], first[fits]
        paid = np.cumsum(problem.cost[rows, first]) <= budget
        if not paid.any():
            break
        choice[rows[paid]] = first[paid]
    return choice


def _places(column: Choices, count: int) -> Choices:
    """Give each taker of an action a number, from 0."""
    found = np.zeros(len(column), dtype=np.int64)
    for action in range(count):
        takers = column == action
        found[takers] = np.arange(takers.sum())
    return found


def _polished(problem: Problem, choice: Choices, doubt: Floats, near: float) -> Choices:
    """Decide the least sure customers exactly, to so much profit, if that is better."""
    rows = _least_sure(doubt, np.flatnonzero(np.isfinite(doubt)), _EXACT)
    other = choice.copy()
    other[rows] = NOTHING
    open_ = problem.part(rows, other)
    now = open_.worth(choice[rows])
    other[rows] = _exact(open_, near / max(now, near))
    return other if problem.worth(other) > problem.worth(choice) else choice


@dataclass(frozen=True)
class _Programme:
    """A choice as 0-1 variables, one for each offer: maximise -aim·x where rows·x <= ends.

    The rows are the customers, each with one action at most, the actions with their capacities,
    and the budget.
    """

    row: Choices
    column: Choices
    aim: Floats
    rows: csr_array
    ends: Floats

    @classmethod
    def of(cls, problem: Problem) -> _Programme:
        row, column = np.nonzero(problem.profit > 0)
        people, actions = problem.profit.shape
        ones, number = np.ones(len(row)), np.arange(len(row))
        unit = max(1.0, float(problem.cost.max(initial=0.0)))  # of a size with the other rows
        rows = [
            csr_array((ones, (row, number)), shape=(people, len(row))),
            csr_array((ones, (column, number)), shape=(actions, len(row))),
            csr_array(problem.cost[row, column][None, :] / unit),
        ]
        ends = np.concatenate([np.ones(people), problem.capacity, [problem.budget / unit]])
        return cls(row, column, -problem.profit[row, column], vstack(rows), ends)

    def choice(self, problem: Problem, x: Floats) -> Choices:
        """Take the whole ones, and give what they leave over to whom it pays most."""
        chosen = np.full(len(problem), NOTHING)
        whole = x > 1 - _WHOLE
        chosen[self.row[whole]] = self.column[whole]
        return _topped(problem, _within(problem, chosen))


def _relaxed(problem: Problem) -> Choices:
    asked = _Programme.of(problem)
    if not len(asked.row):
        return np.full(len(problem), NOTHING)
    found = linprog(asked.aim, A_ub=asked.rows, b_ub=asked.ends, bounds=(0, 1), method="highs-ds")
    return asked.choice(problem, found.x)


def _exact(problem: Problem, gap: float) -> Choices:
    asked = _Programme.of(problem)
    if not len(asked.row):
        return np.full(len(problem), NOTHING)
    limits = LinearConstraint(asked.rows, ub=asked.ends)
    options = {**_SEARCH, "mip_rel_gap": gap}
    found = milp(asked.aim, constraints=limits, integrality=1, bounds=Bounds(0, 1), options=options)
    # Where the search ended before it found anything, the rest is filled as it comes.
    return asked.choice(problem, np.zeros(len(asked.row)) if found.x is None else found.x)


def _within(problem: Problem, choice: Choices) -> Choices:
    """Take the least profitable back where a solver's tolerance let the budget be exceeded."""
    rows = np.flatnonzero(choice != NOTHING)
    for row in rows[np.argsort(problem.profit[rows, choice[rows]], kind="stable")]:
        if problem.left(choice)[0] >= 0:
            break
        choice[row] = NOTHING
    return choice


def _topped(problem: Problem, choice: Choices) -> Choices:
    """Give what is left over to whom it pays most, while it lasts."""
    budget, capacity = problem.left(choice)
    row, column = np.nonzero((problem.profit > 0) & (choice == NOTHING)[:, None])
    for n in np.argsort(-problem.profit[row, column], kind="stable"):
        who, what = row[n], column[n]
        cost = problem.cost[who, what]
        if choice[who] == NOTHING and cost <= budget and capacity[what] >= 1:
            choice[who] = what
            budget, capacity[what] = budget - cost, capacity[what] - 1
    return choice
