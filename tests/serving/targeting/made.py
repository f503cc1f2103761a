"""Offers made up for the tests of plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from models.matrix import Floats
from serving.targeting.actions import ASSUMED, Action
from serving.targeting.offers import Offers
from serving.targeting.prices import Problem
from serving.targeting.settings import ActionSettings

NOBODY = pd.DataFrame(
    {
        "customer_id": pd.Series(dtype=object),
        "contacted_at": pd.Series(dtype="datetime64[ns, UTC]"),
    }
)
"""Contacts of a company that has contacted nobody."""


def action(name: str, **settings: Any) -> Action:  # noqa: ANN401 - of any setting
    """Make an action up that costs 1 a contact."""
    given = {"level": "social", "contact_cost": 1.0, "acceptance": 0.3, **settings}
    return Action.of(name, ActionSettings(**given), ASSUMED, 10)


def offers(
    profit: Mapping[str, list[float | None]],
    cost: Mapping[str, list[float]] | None = None,
    actions: tuple[Action, ...] | None = None,
    deviation: float = 0.0,
) -> Offers:
    """Make offers to customers "a", "b", ...: profit by action, None where there is no offer."""
    table = pd.DataFrame(profit, dtype=float)
    values = np.where(table.isna(), -np.inf, table)
    n = len(table)
    customers = pd.DataFrame(
        {
            "customer_id": [chr(ord("a") + i) for i in range(n)],
            "churn_probability": 0.5,
            "expected_value": [100.0 - i for i in range(n)],
            "stake": 100.0,
            "reasons": [None, *["no purchase for 90 days"] * (n - 1)],
        }
    )
    costs = np.ones_like(values) if cost is None else pd.DataFrame(cost).to_numpy(float)
    return Offers(
        actions or tuple(action(name) for name in profit),
        customers,
        values,
        costs,
        np.full_like(values, deviation),
        np.full_like(values, 0.15),
        np.zeros_like(values),
    )


def drawn(customers: int, actions: int, seed: int) -> tuple[Floats, Floats]:
    """Draw profits (-inf: no offer) and costs in whole units, such as a company might have."""
    rng = np.random.default_rng(seed)
    p, stake = rng.beta(1.2, 3, (customers, 1)), rng.gamma(1.5, 120, (customers, 1))
    contact = rng.choice([0.5, 1, 2, 3, 6, 8], actions)
    incentive = rng.choice([0, 0, 5, 10, 15], actions)
    saved = p * np.clip(rng.normal(0.2, 0.15, (customers, actions)), -0.3, 0.8)
    redeemed = np.clip(saved + 1 - p, 0, 1)
    profit = np.round(saved * stake - redeemed * incentive - contact, 4)
    offered = (rng.random(profit.shape) < 0.7) & (profit > 0)
    cost = np.rint((contact + redeemed * incentive) * 10_000)
    return np.where(offered, profit, -np.inf), np.where(offered, cost, 0.0)


def problem(customers: int, actions: int, seed: int, share: float = 0.15) -> Problem:
    """Draw a problem whose budget suffices for a share of what everybody's best offers cost."""
    profit, cost = drawn(customers, actions, seed)
    best = cost[np.arange(customers), profit.argmax(axis=1)]
    capacity = np.random.default_rng(seed).integers(1, max(2, customers // 8), actions)
    return Problem(profit, cost, float(np.floor(share * best.sum())), capacity.astype(float))
