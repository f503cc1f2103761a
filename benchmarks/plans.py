"""Plans beside the integer programme and the bound: ``python -m benchmarks.plans``.

Offers of six actions to made-up customers; the budget suffices for an eighth of what everybody's
best offers would cost, and the capacities bind. HiGHS solves the integer programme at 10,000
customers to a relative gap of 1e-4, and says what no plan exceeds; a million are compared with the
bound of the plan's own prices.
Each size runs in a process of its own.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from benchmarks.measured import measured, report
from serving.targeting.assign import Assignment, assign
from serving.targeting.prices import Problem

ACTIONS = 6
SHARE = 0.125
GAP = 1e-4
LIMIT = 600.0
"""Seconds after which the integer programme ends with the bound that it has by then."""

NAMED = (10_000, 1_000_000)


def problem(customers: int, seed: int = 1) -> Problem:
    """Make offers up: risks, values, effects and who is eligible."""
    rng = np.random.default_rng(seed)
    shape = (customers, ACTIONS)
    p, stake = rng.beta(1.2, 3.0, (customers, 1)), rng.gamma(1.5, 120.0, (customers, 1))
    contact = np.array([0.5, 1.0, 2.0, 3.0, 6.0, 8.0])
    incentive = np.array([10.0, 0.0, 0.0, 15.0, 0.0, 5.0])
    saved = p * np.clip(rng.normal(0.2, 0.15, shape), -0.3, 0.8)
    redeemed = np.clip(saved + 1 - p, 0, 1)
    profit = np.round(saved * stake - redeemed * incentive - contact, 4)
    offered = (rng.random(shape) < 0.7) & (profit > 0)  # noqa: PLR2004 - eligible share
    cost = np.where(offered, np.rint(10_000 * (contact + redeemed * incentive)), 0.0)
    profit = np.where(offered, profit, -np.inf)
    best = cost[np.arange(customers), profit.argmax(axis=1)].sum()
    capacity = np.floor(customers / np.array([10, 8, 6, 20, 30, 50]))
    return Problem(profit, cost, float(np.floor(SHARE * best)), capacity)


def exact(asked: Problem) -> float:
    """Give the profit that no plan exceeds: the integer programme, to the gap."""
    row, column = np.nonzero(asked.profit > 0)
    ones, number = np.ones(len(row)), np.arange(len(row))
    limits = vstack(
        [
            csr_array((ones, (row, number)), shape=(len(asked), len(row))),
            csr_array((ones, (column, number)), shape=(ACTIONS, len(row))),
            csr_array(asked.cost[row, column][None, :]),
        ]
    )
    ends = np.concatenate([np.ones(len(asked)), asked.capacity, [asked.budget]])
    found = milp(
        -asked.profit[row, column],
        constraints=LinearConstraint(limits, ub=ends),
        integrality=1,
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": GAP, "time_limit": LIMIT},
    )
    return -float(found.mip_dual_bound)


def solved(customers: int) -> Assignment:
    """Plan once."""
    return assign(problem(customers))


def _run(sizes: list[int], out: Console) -> None:
    table = Table(title=f"Plans of {ACTIONS} actions")
    for name in ("customers", "seconds", "GB", "below the bound", "below the integer programme"):
        table.add_column(name, justify="right")
    for customers in sizes:
        cost = measured("benchmarks.plans", "--one", customers)
        found = solved(customers)
        gap = 1 - found.profit / found.bound
        below = "-"
        if customers <= NAMED[0]:
            start = time.perf_counter()
            best = exact(problem(customers))
            took = time.perf_counter() - start
            below = f"{1 - found.profit / best:.1e} (in {took:.0f} s)"
        table.add_row(
            f"{customers:,}", f"{cost.seconds:.1f}", f"{cost.memory:.2f}", f"{gap:.1e}", below
        )
    out.print(table)


def main() -> int:
    """Run the comparison, or one plan that is measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--customers", type=int, nargs="+", default=list(NAMED))
    parser.add_argument("--one", type=int, help="plan once, and print what it took")
    given = parser.parse_args()
    if given.one:
        report(lambda: solved(given.one))
    else:
        _run(given.customers, Console())
    return 0


if __name__ == "__main__":
    sys.exit(main())
