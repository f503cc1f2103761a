"""What other budgets would bring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.matrix import Floats
from serving.targeting.assign import assign
from serving.targeting.order import UNITS
from serving.targeting.prices import NOTHING, Problem

POINTS = 12
_MOST = 20_000
"""Customers who are looked at: of more, each second, third ... stands for those around it."""


@dataclass(frozen=True)
class Curve:
    """Expected profit over budget.

    Parameters
    ----------
    budget, profit : ndarray of shape (points,)
        In the currency; the last budget limits nothing.
    every : int
        Each how many-th customer it rests on; 1: on all.
    """

    budget: Floats
    profit: Floats
    every: int


def profit_curve(problem: Problem, control: float) -> Curve:
    """Plan with budgets from none to one that limits nothing.

    Parameters
    ----------
    problem : Problem
        Its own budget does not count.
    control : float
        Share of the chosen customers who are held out, and bring nothing.
    """
    every = -(-len(problem) // _MOST)
    sample = Problem(
        problem.profit[::every], problem.cost[::every], np.inf, problem.capacity / every
    )
    most = _cost(sample)
    budgets = np.linspace(0, most, POINTS)
    profits = [_profit(sample, budget) for budget in budgets]
    scale = every * (1 - control)
    return Curve(budgets * every / UNITS, np.array(profits) * scale, every)


def _cost(problem: Problem) -> float:
    found = assign(problem, exact=False)
    rows = np.flatnonzero(found.choice != NOTHING)
    return float(problem.cost[rows, found.choice[rows]].sum())


def _profit(problem: Problem, budget: float) -> float:
    limited = Problem(problem.profit, problem.cost, float(np.floor(budget)), problem.capacity)
    return assign(limited, exact=False).profit
