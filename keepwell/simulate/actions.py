"""The actions of the company's campaigns, and whom each of them helps or harms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keepwell.simulate.customers import DISCOUNT_PRONE, HAZARD_MEDIAN, MEMBERS, REGULAR, Customers
from keepwell.simulate.story import Bools, Floats, Ints

MEAN, DEVIATION = -0.42, 0.5
"""Of the log factor that an action puts on the hazard of a customer with the median hazard."""

DAMPING = 0.7
"""High risk is not high sensitivity: the log factor falls with this power of the hazard."""

HARM = 0.5
"""Whom an action harms, it harms by so much less than it would help."""

_LIMIT = 1.5


@dataclass(frozen=True)
class Action:
    """What a campaign may offer.

    Attributes
    ----------
    name
        As in the contacts, in the truth and in the configuration.
    level
        Of retention action.
    channel
        Of the contact.
    cost
        Of a contact, in the currency.
    incentive
        What it costs when it is redeemed; 0 where there is nothing to redeem.
    acceptance
        What the company's people believe, who have not looked at their experiments: the share of
        would-be leavers who stay when it is offered to them.
    harms
        Weight of each trait in the effect: above 0, customers who have more of it are harmed.
        What they leave of a variance of 1 is noise that no record tells of.
    """

    name: str
    level: str
    channel: str
    cost: float
    incentive: float
    acceptance: float
    harms: Mapping[str, float]


ACTIONS = (
    Action(
        "voucher",
        "financial",
        "email",
        0.5,
        10.0,
        0.2,
        {"discount_prone": -0.5, "income": 0.4, "attachment": -0.35},
    ),
    Action(
        "call",
        "social",
        "phone",
        6.0,
        0.0,
        0.15,
        {"service": 0.45, "age": -0.4, "engagement": -0.4},
    ),
    Action(
        "advice",
        "customised",
        "app",
        2.0,
        0.0,
        0.15,
        {"engagement": -0.5, "attachment": 0.35, "income": -0.35},
    ),
    Action(
        "standing_order",
        "structural",
        "mail",
        3.0,
        15.0,
        0.2,
        {"regular": -0.5, "household": -0.4, "member": 0.3},
    ),
)
"""One of each level: financial, social, customised, structural."""


def configured() -> str:
    """Give the actions as sections of a configuration."""
    return "\n".join(
        f"""[actions.{action.name}]
level = "{action.level}"
contact_cost = {action.cost}
incentive_cost = {action.incentive}
rest_days = "30d"
acceptance = {action.acceptance}
"""
        for action in ACTIONS
    )


def log_factors(rng: np.random.Generator, customers: Customers) -> Floats:
    """Draw the log factor of each action on each customer's hazard, shape (customers, actions)."""
    traits = _traits(customers)
    damped = (HAZARD_MEDIAN / customers.hazard) ** DAMPING
    columns = []
    for action in ACTIONS:
        known = sum((w * traits[t] for t, w in action.harms.items()), np.zeros(len(customers)))
        unknown = np.sqrt(1 - sum(w**2 for w in action.harms.values()))
        z = known + unknown * rng.standard_normal(len(customers))
        effect = MEAN + DEVIATION * z
        effect = np.where(effect > 0, HARM * effect, effect)
        columns.append(np.clip(effect * damped, -_LIMIT, _LIMIT))
    return np.stack(columns, axis=1)


def _traits(customers: Customers) -> dict[str, Floats]:
    return {
        "service": customers.service,
        "attachment": customers.attachment,
        "engagement": customers.engagement,
        "member": _standard(customers.member, MEMBERS, MEMBERS * (1 - MEMBERS)),
        "discount_prone": _standard(
            customers.discount_prone, DISCOUNT_PRONE, DISCOUNT_PRONE * (1 - DISCOUNT_PRONE)
        ),
        "regular": _standard(customers.pattern == REGULAR, 0.4, 0.24),
        "income": _standard(customers.income, 1.75, 1.5875),
        "household": _standard(customers.household, 1.36, 1.5904),
        "age": _standard(customers.age, 1.5, 1.05),
    }


def _standard(values: Floats | Ints | Bools, mean: float, variance: float) -> Floats:
    return np.asarray((values - mean) / np.sqrt(variance))
