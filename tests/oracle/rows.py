"""Random rows of every table, at the moments where a feature could go wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

Row = dict[str, Any]

CUTOFF = datetime(2024, 3, 1)  # noqa: DTZ001 - local time, as in the tables
CUSTOMERS = ("00012", "no purchase", *"abcDEFghijklmnopqrst")

_TIME, _MONEY, _ID = pa.timestamp("us"), pa.decimal128(18, 4), pa.string()
_NUMBER, _FLAG = pa.float64(), pa.bool_()
SCHEMAS: Mapping[str, Mapping[str, pa.DataType]] = {
    "transactions": {
        "customer_id": _ID,
        "occurred_at": _TIME,
        "amount": _MONEY,
        "order_id": _ID,
        "product_id": _ID,
        "category": _ID,
        "quantity": _NUMBER,
        "discount": _MONEY,
        "margin": _MONEY,
        "channel": _ID,
        "recorded_at": _TIME,
    },
    "complaints": {
        "customer_id": _ID,
        "opened_at": _TIME,
        "promised_at": _TIME,
        "resolved_at": _TIME,
        "category": _ID,
        "severity": _NUMBER,
        "channel": _ID,
        "satisfaction": _NUMBER,
        "compensation": _MONEY,
        "cost": _MONEY,
        "recorded_at": _TIME,
    },
    "customers": {
        "customer_id": _ID,
        "joined_at": _TIME,
        "valid_from": _TIME,
        "region": _ID,
        "age": pa.int64(),
        "score": _NUMBER,
        "vip": _FLAG,
        "cutoff": _TIME,
        "tags": pa.list_(pa.string()),
    },
    "wallets": {
        "customer_id": _ID,
        "observed_at": _TIME,
        "period_days": _NUMBER,
        "amount": _MONEY,
        "recorded_at": _TIME,
    },
    "contacts": {
        "customer_id": _ID,
        "contacted_at": _TIME,
        "action": _ID,
        "treated": _FLAG,
        "channel": _ID,
        "cost": _MONEY,
        "responded_at": _TIME,
        "redeemed_cost": _MONEY,
        "recorded_at": _TIME,
    },
    "subscriptions": {
        "customer_id": _ID,
        "started_at": _TIME,
        "ended_at": _TIME,
        "plan": _ID,
        "price": _MONEY,
        "price_period_days": _NUMBER,
        "renews_at": _TIME,
        "auto_renew": _FLAG,
        "recorded_at": _TIME,
    },
    "activities": {
        "customer_id": _ID,
        "occurred_at": _TIME,
        "kind": _ID,
        "count": _NUMBER,
        "points_balance": _NUMBER,
        "recorded_at": _TIME,
    },
    "surveys": {
        "customer_id": _ID,
        "answered_at": _TIME,
        "nps": _NUMBER,
        "csat": _NUMBER,
        "recorded_at": _TIME,
    },
    "referrals": {
        "customer_id": _ID,
        "referred_id": _ID,
        "occurred_at": _TIME,
        "recorded_at": _TIME,
    },
}
"""Canonical columns; ``age`` and ``cutoff`` are attributes named like columns of a snapshot."""

REQUIRED = (
    *("customer_id", "occurred_at", "amount", "opened_at", "observed_at", "period_days"),
    *("contacted_at", "action", "treated", "started_at", "kind", "answered_at", "referred_id"),
)
"""Columns that a table has whenever it is there."""

TIMES = {
    "transactions": "occurred_at",
    "complaints": "opened_at",
    "customers": "valid_from",
    "wallets": "observed_at",
    "contacts": "contacted_at",
    "subscriptions": "started_at",
    "activities": "occurred_at",
    "surveys": "answered_at",
    "referrals": "occurred_at",
}
"""When the event of a row took place."""

_EDGES = (-90, -31, -30, -29, -1, 0, 1, 2, 7, 8, 30, 31, 60, 61, 90, 91, 180, 181, 360, 365, 366)
_TIMES = (time(), time(), time(12, 30), time(23, 59, 59, 999_999))
_AMOUNTS = ("0", "-5", "-19.99", "0.0001", "10", "10", "19.99", "100", "100.01", "1234567.89")


def _moment(rng: random.Random) -> datetime:
    if rng.random() < 0.15:
        # Often the same two: rows of one moment must not depend on their order.
        return CUTOFF - timedelta(days=rng.choice((1, 100)))
    age = rng.choice(_EDGES) if rng.random() < 0.7 else rng.randint(-100, 800)
    return datetime.combine(CUTOFF - timedelta(days=age), rng.choice(_TIMES))


def _later(rng: random.Random, moment: datetime) -> datetime | None:
    """Give a moment not before another: often the cutoff itself, or nothing."""
    kind = rng.randint(0, 4)
    if kind == 0:
        return None
    if kind == 1:
        return max(CUTOFF, moment)
    if kind == 2:
        return datetime.combine(moment, time.max)
    return moment + timedelta(days=rng.choice((0, 1, 5, 40)), hours=rng.choice((0, 7)))


def _maybe(rng: random.Random, *values: object) -> Any:  # noqa: ANN401 - a cell of any column
    return rng.choice((None, *values))


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _line(rng: random.Random, customer: str, _number: int) -> Row:
    moment = _moment(rng)
    return {
        "customer_id": customer,
        "occurred_at": moment,
        "amount": Decimal(rng.choice(_AMOUNTS)),
        "order_id": _maybe(rng, "1", "2", "3"),
        "product_id": _maybe(rng, "p", "q", "r"),
        "category": _maybe(rng, "x", "y"),
        "quantity": _maybe(rng, 1.0, 2.0, 0.25, -1.0),
        "discount": _money(_maybe(rng, "0", "1.5", "-10")),
        "margin": _money(_maybe(rng, "0", "2.5", "-1.25", "60")),
        "channel": _maybe(rng, "web", "shop"),
        "recorded_at": _later(rng, moment),
    }


def _complaint(rng: random.Random, customer: str, _number: int) -> Row:
    opened = _moment(rng)
    return {
        "customer_id": customer,
        "opened_at": opened,
        "promised_at": _later(rng, opened),
        "resolved_at": _later(rng, opened),
        "category": _maybe(rng, "late", "broken"),
        "severity": _maybe(rng, 1.0, 2.5, 5.0),
        "channel": _maybe(rng, "phone", "mail"),
        "satisfaction": _maybe(rng, 1.0, 4.0),
        "compensation": _money(_maybe(rng, "5", "7.25")),
        "cost": _money(_maybe(rng, "3", "12.5")),
        "recorded_at": _later(rng, opened),
    }


def _who(rng: random.Random, customer: str, number: int) -> Row:
    valid_from = (-40, 0, 1, 20, 300)[number + rng.randint(0, 2)]
    return {
        "customer_id": customer,
        "joined_at": _maybe(rng, _moment(rng), CUTOFF),
        # Never two versions of one moment: which of them holds would be anybody's guess.
        "valid_from": CUTOFF - timedelta(days=valid_from, minutes=number),
        "region": _maybe(rng, "north", "south"),
        "age": _maybe(rng, 30, 47),
        "score": _maybe(rng, -0.5, 2.25),
        "vip": rng.choice((None, True, False)),
        "cutoff": _maybe(rng, _moment(rng)),
        "tags": ["a"],
    }


def _wallet(rng: random.Random, customer: str, _number: int) -> Row:
    moment = _moment(rng)
    return {
        "customer_id": customer,
        "observed_at": moment,
        "period_days": rng.choice((7.0, 30.0, 90.0, 365.0)),
        "amount": Decimal(rng.choice(("0", "50", "123.45", "1000"))),
        "recorded_at": _later(rng, moment),
    }


def _contact(rng: random.Random, customer: str, _number: int) -> Row:
    moment = _moment(rng)
    return {
        "customer_id": customer,
        "contacted_at": moment,
        "action": rng.choice(("call", "voucher")),
        "treated": rng.random() < 0.7,
        "channel": _maybe(rng, "phone", "mail"),
        "cost": _money(_maybe(rng, "0", "1.5")),
        "responded_at": _later(rng, moment),
        "redeemed_cost": _money(_maybe(rng, "0", "10", "2.5")),
        "recorded_at": _later(rng, moment),
    }


def _subscription(rng: random.Random, customer: str, _number: int) -> Row:
    started = _moment(rng)
    term = timedelta(days=rng.choice((30, 90, 365)))
    return {
        "customer_id": customer,
        "started_at": started,
        "ended_at": rng.choice((None, _later(rng, started), started + term)),
        "plan": _maybe(rng, "basic", "plus"),
        "price": _money(_maybe(rng, "0", "9.99", "20")),
        "price_period_days": _maybe(rng, 7.0, 30.0, 365.0),
        "renews_at": _maybe(rng, started + term, CUTOFF, CUTOFF + term),
        "auto_renew": rng.choice((None, True, False)),
        "recorded_at": _later(rng, started),
    }


def _activity(rng: random.Random, customer: str, _number: int) -> Row:
    moment = _moment(rng)
    return {
        "customer_id": customer,
        "occurred_at": moment,
        "kind": rng.choice(("login", "visit", "call")),
        "count": _maybe(rng, 0.0, 1.0, 3.0, 2.5),
        "points_balance": _maybe(rng, 0.0, 55.5, 120.0),
        "recorded_at": _later(rng, moment),
    }


def _survey(rng: random.Random, customer: str, _number: int) -> Row:
    moment = _moment(rng)
    return {
        "customer_id": customer,
        "answered_at": moment,
        "nps": _maybe(rng, 0.0, 6.0, 7.0, 10.0),
        "csat": _maybe(rng, 1.0, 3.0, 4.5),
        "recorded_at": _later(rng, moment),
    }


def _referral(rng: random.Random, customer: str, _number: int) -> Row:
    moment = _moment(rng)
    others = [c for c in CUSTOMERS if c != customer]
    return {
        "customer_id": customer,
        "referred_id": rng.choice((*others, "nobody's customer")),
        "occurred_at": moment,
        "recorded_at": _later(rng, moment),
    }


MAKERS: Mapping[str, tuple[Callable[[random.Random, str, int], Row], int]] = {
    "transactions": (_line, 10),
    "complaints": (_complaint, 5),
    "customers": (_who, 3),
    "wallets": (_wallet, 3),
    "contacts": (_contact, 6),
    "subscriptions": (_subscription, 4),
    "activities": (_activity, 8),
    "surveys": (_survey, 4),
    "referrals": (_referral, 3),
}
"""For each table: how a row is made, and how many a customer has at most."""
