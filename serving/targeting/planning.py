"""Plans from the store: what the command line and the API have in common."""

from __future__ import annotations

from datetime import date

import pandas as pd

from serving.store import Run, Store
from serving.targeting.curve import Curve, profit_curve
from serving.targeting.offers import Offers
from serving.targeting.order import Order
from serving.targeting.plan import Plan, make_plan, problem_of, rested


def plan_from(store: Store, order: Order, run: int | None = None) -> tuple[Run, Plan]:
    """Plan with the offers of a run, the current one by default.

    Raises
    ------
    InputError
        When no plan can be made within the order's limits.
    UnknownRun
        When there is no such run, or its scores have no offers.
    """
    found, offers = store.offers(run)
    return found, make_plan(offers, order, contacts_of(store), day_of(found))


def curve_from(store: Store, order: Order, run: int) -> Curve:
    """Give what other budgets would bring with the same offers."""
    found, offers = store.offers(run)
    return profit_curve(problem_of(_open(store, found, offers), order.budget), order.control)


def _open(store: Store, run: Run, offers: Offers) -> Offers:
    return offers.without(rested(offers, contacts_of(store), day_of(run)))


def day_of(run: Run) -> date:
    """Give the first day that the scores of a run do not know."""
    return run.as_of or run.published_at.date()


def contacts_of(store: Store) -> pd.DataFrame:
    """Give the newest contact of each customer who has been contacted."""
    return store.last_contacts()
