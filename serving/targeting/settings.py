"""The settings of retention actions: what each costs, whom it is for, how much of it there is."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from features.settings import DaysFromZero, Section
from serving.targeting.eligibility import parse

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

Level = Literal["financial", "social", "customised", "structural"]
"""What binds the customer: money, people, an offer made for them, or a shared way of working."""


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        message = "name an action with letters, digits, hyphens and underscores, 64 at most"
        raise ValueError(message)
    return name


def _paid(cost: float) -> float:
    if cost < 0:
        message = f"{cost:g} is negative; a cost is what is paid: give 0 or more"
        raise ValueError(message)
    return cost


def _expression(text: str) -> str:
    parse(text)
    return text


ActionName = Annotated[str, AfterValidator(_named)]

Cost = Annotated[float, Field(allow_inf_nan=False), AfterValidator(_paid)]


class ActionSettings(Section):
    """`[actions.NAME]`: something that can be offered to a customer.

    Attributes
    ----------
    level
        "financial", "social", "customised" or "structural".
    contact_cost
        Of each contact, in the currency.
    incentive_cost
        Of the incentive for each customer who redeems it, in the currency.
    capacity
        Customers who can be contacted in one plan at most; None: as many as the budget allows.
    eligible
        Expression over scores, segments and features that a customer must meet; None: everybody.
    rest_days
        A customer who was contacted within so many days, treated or as control, is left out.
    acceptance
        Assumed share of those about to leave who stay when they are offered it; None: nothing is
        assumed, and the action is planned once its effect has been estimated.
    """

    level: Level
    contact_cost: Cost
    incentive_cost: Cost = 0.0
    capacity: int | None = Field(default=None, ge=1)
    eligible: Annotated[str, AfterValidator(_expression)] | None = None
    rest_days: DaysFromZero = 0
    acceptance: float | None = Field(default=None, gt=0, le=1)
