"""A plan: which customer is offered what within a budget, and what that is expected to bring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from serving.targeting.assign import assign
from serving.targeting.control import control_group
from serving.targeting.eligibility import Bools
from serving.targeting.facts import Facts, Outcome
from serving.targeting.notes import notes
from serving.targeting.offers import MATRICES, Offers
from serving.targeting.order import UNITS, Order, check
from serving.targeting.prices import NOTHING, Choices, Problem
from serving.targeting.told import reasons

COLUMNS = ("customer_id", "action", "arm", "cost", "expected_profit", "basis", "reasons")
TREATED, CONTROL = "treated", "control"


@dataclass(frozen=True)
class Plan:
    """Who is offered what.

    Parameters
    ----------
    rows : DataFrame
        The columns :data:`COLUMNS`, a customer with an action a row, ordered by customer. A
        control customer is left alone: cost and expected profit are 0.
    facts : Facts
    """

    rows: pd.DataFrame
    facts: Facts


def make_plan(offers: Offers, order: Order, contacts: pd.DataFrame, day: date) -> Plan:
    """Choose an action or none for each customer, and hold a control group out.

    Parameters
    ----------
    offers : Offers
    order : Order
    contacts : DataFrame
        ``customer_id`` and ``contacted_at`` of the newest contact, of either arm, of those who
        have been contacted.
    day : date
        The first moment that the offers do not know.

    Returns
    -------
    Plan
        The same for the same offers, whatever their order was.

    Raises
    ------
    InputError
        When the budget or a capacity is too small for a plan, or no offer pays.
    """
    rest = rested(offers, contacts, day)
    open_offers = offers.without(rest)
    check(open_offers, order)
    found = assign(problem_of(open_offers, order.budget))
    chosen = np.flatnonzero(found.choice != NOTHING)
    kept = open_offers.take(found.choice != NOTHING)
    choice = found.choice[chosen]
    value = kept.customers["expected_value"].to_numpy(np.float64)
    names = [action.name for action in offers.actions]
    held_out = control_group(names, choice, value, order.control, order.seed)
    outcome = _outcome(kept, choice, held_out)
    told = tuple(notes(open_offers, rest, outcome, order))
    return Plan(_rows(kept, outcome), Facts.of(open_offers, outcome, found, order, told))


def rested(offers: Offers, contacts: pd.DataFrame, day: date) -> Bools:
    """Tell which offers go to a customer who was contacted too recently for that action.

    Parameters
    ----------
    offers : Offers
    contacts : DataFrame
        As for :func:`make_plan`.
    day : date
        Contacts from it on count as well.
    """
    newest = contacts.set_index("customer_id")["contacted_at"]
    at = pd.to_datetime(offers.customers["customer_id"].map(newest), utc=True)
    since = [pd.Timestamp(day - timedelta(a.rest_days), tz="UTC") for a in offers.actions]
    columns = [
        (at >= moment).to_numpy() & (action.rest_days > 0)
        for action, moment in zip(offers.actions, since, strict=True)
    ]
    return np.column_stack(columns) & offers.offered


def problem_of(offers: Offers, budget: float) -> Problem:
    """Give the choice among some offers in whole units of money."""
    capacity = [np.inf if a.capacity is None else float(a.capacity) for a in offers.actions]
    cost = np.where(offers.offered, np.rint(offers.cost * UNITS), 0)
    # A budget of 0.3 is 2,999.9999… units: what is only rounding is not lost.
    units = np.floor(round(budget * UNITS, 3))
    return Problem(offers.profit, cost, float(units), np.array(capacity))


def _outcome(kept: Offers, choice: Choices, held_out: Bools) -> Outcome:
    rows = np.arange(len(choice))
    picked = {name: getattr(kept, name)[rows, choice] for name in MATRICES}
    stake = kept.customers["stake"].to_numpy(np.float64)
    return Outcome(choice, held_out, stake, **picked)


def _rows(kept: Offers, outcome: Outcome) -> pd.DataFrame:
    treated = ~outcome.held_out
    actions = np.array([a.name for a in kept.actions], dtype=object)
    basis = np.array([a.basis for a in kept.actions], dtype=object)
    made = {
        "customer_id": kept.customers["customer_id"],
        "action": actions[outcome.choice],
        "arm": np.where(treated, TREATED, CONTROL),
        "cost": np.where(treated, outcome.cost, 0.0),
        "expected_profit": np.where(treated, outcome.profit, 0.0),
        "basis": basis[outcome.choice],
        "reasons": reasons(kept, outcome),
    }
    return pd.DataFrame(made, columns=list(COLUMNS))
