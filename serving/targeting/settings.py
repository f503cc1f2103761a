"""The settings of retention actions: what each costs, whom it is for, how much of it there is."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from features.settings import DaysFromZero, Section
from serving.targeting.eligibility import parse

_MOST_LIFT = 10
"""Eleven times as many: whoever gives more means per cent."""

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


def _risen(lift: float) -> float:
    if not 0 < lift <= _MOST_LIFT:
        message = (
            f"{lift:g} is not above 0 and at most {_MOST_LIFT}; a lift is a share of the "
            "probability: 0.2 where a fifth more begin"
        )
        raise ValueError(message)
    return lift


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
    category
        Of transactions: the action offers it, to customers who have never bought it; None: it is
        there to keep customers.
    lift
        Assumed share by which the offer raises the probability of a first purchase in `category`;
        None: nothing is assumed, as with `acceptance`.
    """

    level: Level
    contact_cost: Cost
    incentive_cost: Cost = 0.0
    capacity: int | None = Field(default=None, ge=1)
    eligible: Annotated[str, AfterValidator(_expression)] | None = None
    rest_days: DaysFromZero = 0
    acceptance: float | None = Field(default=None, gt=0, le=1)
    category: Annotated[str, Field(min_length=1)] | None = None
    lift: Annotated[float, AfterValidator(_risen)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        """Refuse an assumption that is not of the action's kind: a profit rests on one of them."""
        if self.category is not None and self.acceptance is not None:
            message = (
                "category and acceptance: what the offer of a category brings are first purchases "
                "of it. Give lift in the place of acceptance, or remove category"
            )
            raise ValueError(message)
        if self.category is None and self.lift is not None:
            message = (
                "lift: of which first purchases? Name what is offered in category, or give "
                "acceptance, if the action is there to keep customers"
            )
            raise ValueError(message)
        return self
