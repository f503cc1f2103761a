"""The canonical tables: which columns each has and what they hold.

Plain data without heavy imports, so that the settings can be checked quickly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a canonical column holds; the value is its Ibis type."""

    ID = "string"
    TEXT = "string "
    TIME = "timestamp(6)"
    MONEY = "decimal(18, 4)"
    NUMBER = "float64"
    FLAG = "boolean"
    ATTRIBUTE = "attribute"

    @property
    def dtype(self) -> str:
        """The Ibis type, as text; an attribute keeps a simplified source type."""
        return self.value.strip()


@dataclass(frozen=True)
class TableLayout:
    """One canonical table.

    Attributes
    ----------
    name
        Name in the configuration, `[tables.<name>]`.
    required, optional
        Columns by name, with their kind.
    time
        The event time of a row; None where a row is not an event.
    attributes
        Whether the user may add columns of any name.
    """

    name: str
    required: dict[str, Kind]
    optional: dict[str, Kind]
    time: str | None = None
    attributes: bool = False

    @property
    def columns(self) -> dict[str, Kind]:
        """Required and optional columns, in that order."""
        return {**self.required, **self.optional}

    def known_from(self, columns: Iterable[str]) -> str | None:
        """Return the column with the time from which on a row counts; None where there is none.

        That is the event time, or `valid_from` of rows that are not events.
        """
        time = self.time or "valid_from"
        return time if time in columns else None

    def kind(self, column: str) -> Kind:
        """Return the kind of a mapped column."""
        return self.columns.get(column, Kind.ATTRIBUTE)


_ID = {"customer_id": Kind.ID}

LAYOUTS = {
    layout.name: layout
    for layout in (
        TableLayout(
            "transactions",
            {**_ID, "occurred_at": Kind.TIME, "amount": Kind.MONEY},
            {
                "order_id": Kind.ID,
                "product_id": Kind.ID,
                "category": Kind.TEXT,
                "quantity": Kind.NUMBER,
                "discount": Kind.MONEY,
                "margin": Kind.MONEY,
                "channel": Kind.TEXT,
                "recorded_at": Kind.TIME,
            },
            time="occurred_at",
        ),
        TableLayout(
            "customers",
            _ID,
            {"joined_at": Kind.TIME, "valid_from": Kind.TIME},
            attributes=True,
        ),
        TableLayout(
            "complaints",
            {**_ID, "opened_at": Kind.TIME},
            {
                "promised_at": Kind.TIME,
                "resolved_at": Kind.TIME,
                "category": Kind.TEXT,
                "severity": Kind.NUMBER,
                "channel": Kind.TEXT,
                "satisfaction": Kind.NUMBER,
                "compensation": Kind.MONEY,
                "cost": Kind.MONEY,
                "recorded_at": Kind.TIME,
            },
            time="opened_at",
        ),
        TableLayout(
            "wallets",
            {
                **_ID,
                "observed_at": Kind.TIME,
                "period_days": Kind.NUMBER,
                "amount": Kind.MONEY,
            },
            {"recorded_at": Kind.TIME},
            time="observed_at",
        ),
        TableLayout(
            "contacts",
            {**_ID, "contacted_at": Kind.TIME, "action": Kind.TEXT, "treated": Kind.FLAG},
            {
                "channel": Kind.TEXT,
                "cost": Kind.MONEY,
                "responded_at": Kind.TIME,
                "redeemed_cost": Kind.MONEY,
                "recorded_at": Kind.TIME,
            },
            time="contacted_at",
        ),
        TableLayout(
            "subscriptions",
            {**_ID, "started_at": Kind.TIME},
            {
                "ended_at": Kind.TIME,
                "plan": Kind.TEXT,
                "price": Kind.MONEY,
                "price_period_days": Kind.NUMBER,
                "renews_at": Kind.TIME,
                "auto_renew": Kind.FLAG,
                "recorded_at": Kind.TIME,
            },
            time="started_at",
        ),
        TableLayout(
            "activities",
            {**_ID, "occurred_at": Kind.TIME, "kind": Kind.TEXT},
            {"count": Kind.NUMBER, "points_balance": Kind.NUMBER, "recorded_at": Kind.TIME},
            time="occurred_at",
        ),
        TableLayout(
            "surveys",
            {**_ID, "answered_at": Kind.TIME},
            {"nps": Kind.NUMBER, "csat": Kind.NUMBER, "recorded_at": Kind.TIME},
            time="answered_at",
        ),
        TableLayout(
            "referrals",
            {**_ID, "referred_id": Kind.ID, "occurred_at": Kind.TIME},
            {"recorded_at": Kind.TIME},
            time="occurred_at",
        ),
    )
}

LABELLED = TableLayout(
    "labelled",
    {},
    {"customer_id": Kind.ID, "outcome": Kind.TEXT, "amount": Kind.MONEY},
    attributes=True,
)
"""A flat file with a ready-made outcome: no events, and so apart from the other tables."""

INTERNAL = "keepwell_"
"""Begins the names of columns, tables and views that are not the user's."""
