"""What is told of contacts: one record each, when it may be taken, and what later facts add."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from features.errors import suggestion

REST_DAYS = 30
"""By default."""

_MEANT = ("customer_id", "action", "treated", "contacted_at")
LATER = ("channel", "cost", "responded_at", "redeemed_cost")
"""Facts that may be told after the contact was recorded."""

_COSTS = ("cost", "redeemed_cost")
_LONGEST = {"key": 600, "action": 100}
_PLACES = 4
_MOST = 10**14


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One action offered to one customer, or withheld from one of the control group.

    Parameters
    ----------
    key : str
        Names the contact for ever; see :func:`key_of`.
    customer_id, action : str
    treated : bool
        The arm assigned; False: control.
    contacted_at : datetime
        With a zone, as all times here.
    channel : str, optional
    cost : Decimal, optional
        Of the contact, in the currency.
    responded_at : datetime, optional
    redeemed_cost : Decimal, optional
        What the incentive cost when it was used.
    recorded_at : datetime, optional
        When the company knew of the contact; the moment of recording by default.
    """

    key: str
    customer_id: str
    action: str
    treated: bool
    contacted_at: datetime
    channel: str | None = None
    cost: Decimal | None = None
    responded_at: datetime | None = None
    redeemed_cost: Decimal | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True)
class ContactRules:
    """What the configuration says of contacts.

    Parameters
    ----------
    zone : ZoneInfo
        Of times that name none.
    actions : frozenset of str
        Those configured; empty: any name is taken.
    rest_days : int
        Days after a contact for which a customer is on no risk list.
    """

    zone: ZoneInfo
    actions: frozenset[str] = frozenset()
    rest_days: int = REST_DAYS


@dataclass(frozen=True)
class ContactProblem:
    """What is wrong with one contact: its place among those given, from 0, and the column."""

    position: int
    column: str
    problem: str


@dataclass(frozen=True)
class Recorded:
    """What came of recording contacts: how many are new, told more, and known as they are."""

    new: int
    updated: int
    unchanged: int


def key_of(customer_id: str, action: str, contacted_at: datetime) -> str:
    """Make the key of a contact that has none: whom, what and when, as JSON.

    The same contact told twice thus has one key.
    """
    told = [customer_id, action, contacted_at.astimezone(UTC).isoformat()]
    return json.dumps(told, ensure_ascii=False)


def money(amount: Decimal | float) -> Decimal:
    """Give an amount as it is kept: to the fourth decimal place."""
    return round(Decimal(str(amount)), _PLACES)


def differences(known: Contact, told: Contact) -> list[str]:
    """Say in what a contact contradicts what is known of its key; what is not told is no fact."""
    return [
        f"{name} is {_shown(getattr(known, name))} in the store and {_shown(getattr(told, name))} "
        "here"
        for name in (*_MEANT, *LATER)
        if getattr(told, name) is not None
        and getattr(known, name) is not None
        and getattr(told, name) != getattr(known, name)
    ]


def joined(known: Contact, told: Contact) -> Contact:
    """Add what is told to what is known; neither contradicts the other."""
    later = {n: getattr(told, n) for n in LATER if getattr(known, n) is None}
    return replace(known, **later)


def problems(
    contacts: Sequence[Contact], now: datetime, actions: Collection[str] = ()
) -> list[ContactProblem]:
    """Find what is wrong with contacts by themselves.

    Parameters
    ----------
    contacts : sequence of Contact
    now : datetime
        The present.
    actions : collection of str
        Those configured; empty: any name is taken.

    Returns
    -------
    list of ContactProblem
        In the order of the contacts.
    """
    counts = Counter(contact.key for contact in contacts)
    found = []
    for position, contact in enumerate(contacts):
        told = [*_faults(contact, now), *_unknown_action(contact, actions)]
        if counts[contact.key] > 1:
            told.append(("key", f"{contact.key} stands {counts[contact.key]} times; give it once"))
        found += [ContactProblem(position, column, problem) for column, problem in told]
    return found


def unknown_customers(
    contacts: Sequence[Contact], unknown: Collection[str]
) -> list[ContactProblem]:
    """Name the contacts of customers whom nobody knows."""
    return [
        ContactProblem(
            position,
            "customer_id",
            f'there is no customer "{contact.customer_id}": neither scored nor contacted before',
        )
        for position, contact in enumerate(contacts)
        if contact.customer_id in unknown
    ]


def _faults(contact: Contact, now: datetime) -> Iterator[tuple[str, str]]:
    for name, longest in _LONGEST.items():
        if len(getattr(contact, name)) > longest:
            yield name, f"has more than {longest:,} characters; give a shorter one"
    for name in ("contacted_at", "responded_at", "recorded_at"):
        moment: datetime | None = getattr(contact, name)
        if moment is not None and moment > now:
            yield name, f"{_shown(moment)} lies in the future; tell of contacts that were made"
    responded = contact.responded_at
    if responded is not None and _earlier(responded, contact.contacted_at):
        yield (
            "responded_at",
            f"{_shown(responded)} is before the contact of {_shown(contact.contacted_at)}",
        )
    for name in _COSTS:
        cost: Decimal | None = getattr(contact, name)
        if cost is not None and not 0 <= cost < _MOST:
            yield name, f"{cost} is not within 0 and 10^14; give what it cost"


def _earlier(responded: datetime, contacted: datetime) -> bool:
    # A day without a time stands for the whole day, as in every table.
    is_day = responded.time() == time()
    return responded.date() < contacted.date() if is_day else responded < contacted


def _unknown_action(contact: Contact, actions: Collection[str]) -> Iterator[tuple[str, str]]:
    if actions and contact.action not in actions:
        known = ", ".join(sorted(actions))
        hint = suggestion(contact.action, actions)
        yield "action", f"there is no [actions.{contact.action}].{hint} Known actions: {known}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "treated" if value else "control"
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)
