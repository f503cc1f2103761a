"""The actions that offers were computed for, as they were then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from serving.targeting.settings import ActionSettings

ASSUMED, ESTIMATED = "assumed", "estimated"
"""What an effect rests on: the user's acceptance or lift, or an experiment of their own."""


@dataclass(frozen=True)
class Action:
    """An action with what its offers rest on.

    Parameters
    ----------
    name : str
    level : str
    contact_cost, incentive_cost : float
        Of each contact, and of each incentive that is redeemed, in the currency.
    capacity : int or None
        Customers in a plan at most.
    eligible : str or None
    rest_days : int
    acceptance : float or None
    category : str or None
        What is offered, to customers who have never bought it.
    lift : float or None
    basis : str or None
        :data:`ASSUMED` or :data:`ESTIMATED`; None: its effect is not known, it cannot be planned.
    customers : int
        Who were eligible.
    """

    name: str
    level: str
    contact_cost: float
    incentive_cost: float
    capacity: int | None
    eligible: str | None
    rest_days: int
    acceptance: float | None
    category: str | None
    lift: float | None
    basis: str | None
    customers: int

    @classmethod
    def of(cls, name: str, action: ActionSettings, basis: str | None, customers: int) -> Action:
        """Keep the settings of an action."""
        return cls(name, basis=basis, customers=customers, **action.model_dump())

    @property
    def assumption(self) -> str:
        """The key of its configuration that an assumed effect rests on."""
        return "acceptance" if self.category is None else "lift"

    @property
    def worst_cost(self) -> float:
        """Of an offer whose incentive is redeemed."""
        return self.contact_cost + self.incentive_cost

    def to_dict(self) -> dict[str, Any]:
        """Give JSON types."""
        return asdict(self)


def changed(actions: Iterable[Action], settings: Mapping[str, ActionSettings]) -> list[str]:
    """Say what the configuration says otherwise than it did when offers were computed.

    Parameters
    ----------
    actions : iterable of Action
        Then.
    settings : mapping of str to ActionSettings
        Now.
    """
    then = {a.name: ActionSettings(**{k: getattr(a, k) for k in _KEYS}) for a in actions}
    new = [f"[actions.{name}] is new" for name in sorted(settings.keys() - then.keys())]
    gone = [f"[actions.{name}] is gone" for name in sorted(then.keys() - settings.keys())]
    return [*new, *gone, *_differences(then, settings)]


_KEYS = tuple(ActionSettings.model_fields)


def _differences(
    then: Mapping[str, ActionSettings], now: Mapping[str, ActionSettings]
) -> list[str]:
    return [
        f"[actions.{name}] {key} was {_shown(getattr(then[name], key))} and is "
        f"{_shown(getattr(now[name], key))}"
        for name in sorted(then.keys() & now.keys())
        for key in _KEYS
        if getattr(then[name], key) != getattr(now[name], key)
    ]


def _shown(value: object) -> str:
    return "not given" if value is None else repr(value)
