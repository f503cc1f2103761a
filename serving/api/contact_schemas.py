"""What the API takes and gives of contacts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    WithJsonSchema,
)

from serving.api.schemas import Storable, Text, storable
from serving.contacts import Contact, Recorded, key_of, money
from serving.online.schemas import LONGEST_ID, MOST_CUSTOMERS

_YEARS = range(1900, 9_000)
"""What every zone can hold."""


def _as_moment(value: object) -> datetime:
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            if found.year in _YEARS:
                return found
    msg = "a time is written in ISO 8601, such as 2025-01-31T16:05:00"
    raise ValueError(msg)


def _filled(text: str) -> str:
    if not text.strip():
        msg = "must not be blank"
        raise ValueError(msg)
    return text


Moment = Annotated[
    datetime,
    BeforeValidator(_as_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Money = Annotated[Decimal, Field(ge=0, lt=10**14, allow_inf_nan=False)]
Name = Annotated[
    str, Field(min_length=1, max_length=100), AfterValidator(storable), AfterValidator(_filled)
]
Key = Annotated[
    str,
    Field(min_length=1, max_length=2 * LONGEST_ID),
    AfterValidator(storable),
    AfterValidator(_filled),
]


class ContactIn(BaseModel):
    """A contact: an action offered, or withheld from a control (`treated`: false).

    Times without an offset are local. Without a `key`, customer, action and time make it. What
    came of it may be told later, under the same key: what is left out or null then is no fact.
    `recorded_at`: when the company knew of it, where that was before now.
    """

    model_config = ConfigDict(extra="forbid")

    key: Key | None = None
    customer_id: Storable
    action: Name
    treated: StrictBool
    contacted_at: Moment
    channel: Text | None = None
    cost: Money | None = None
    responded_at: Moment | None = None
    redeemed_cost: Money | None = None
    recorded_at: Moment | None = None

    def contact(self, zone: ZoneInfo) -> Contact:
        """Give the record, with all times in a zone."""
        contacted = _in(self.contacted_at, zone)
        return Contact(
            key=self.key or key_of(self.customer_id, self.action, contacted),
            customer_id=self.customer_id,
            action=self.action,
            treated=self.treated,
            contacted_at=contacted,
            channel=self.channel or None,
            cost=None if self.cost is None else money(self.cost),
            responded_at=_in(self.responded_at, zone) if self.responded_at else None,
            redeemed_cost=None if self.redeemed_cost is None else money(self.redeemed_cost),
            recorded_at=_in(self.recorded_at, zone) if self.recorded_at else None,
        )


def _in(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


class ContactsRequest(BaseModel):
    """Contacts to be recorded, all of them or none."""

    model_config = ConfigDict(extra="forbid")

    contacts: Annotated[list[ContactIn], Field(min_length=1, max_length=MOST_CUSTOMERS)]


class RecordedOut(BaseModel):
    """How many contacts are new, told more than was known, and known as they are."""

    new: int
    updated: int
    unchanged: int

    @classmethod
    def of(cls, recorded: Recorded) -> Self:
        """Tell what came of recording."""
        return cls(new=recorded.new, updated=recorded.updated, unchanged=recorded.unchanged)
