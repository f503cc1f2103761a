"""Random small histories that dwell on the moments where a feature could go wrong."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
from hypothesis import Phase, settings
from hypothesis import strategies as st

from features.asof import Spine
from features.grains import Tables
from features.panel import features_at

Row = dict[str, Any]

CUTOFF = datetime(2024, 3, 1)  # noqa: DTZ001 - local time, as in the tables
CUSTOMERS = ("00012", "no purchase", *"abcDEFghijklmnopqrst")

FEW = settings(
    # Making a query costs more than running it: few examples of many customers each.
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
FEWER = settings(FEW, max_examples=5)

_TIME, _MONEY, _ID = pa.timestamp("us"), pa.decimal128(18, 4), pa.string()
SCHEMAS: Mapping[str, Mapping[str, pa.DataType]] = {
    "transactions": {
        "customer_id": _ID,
        "occurred_at": _TIME,
        "amount": _MONEY,
        "order_id": _ID,
        "product_id": _ID,
        "category": _ID,
        "quantity": pa.float64(),
        "discount": _MONEY,
        "recorded_at": _TIME,
    },
    "complaints": {
        "customer_id": _ID,
        "opened_at": _TIME,
        "promised_at": _TIME,
        "resolved_at": _TIME,
        "category": _ID,
        "severity": pa.float64(),
        "satisfaction": pa.float64(),
        "compensation": _MONEY,
        "recorded_at": _TIME,
    },
    "customers": {
        "customer_id": _ID,
        "joined_at": _TIME,
        "valid_from": _TIME,
        "region": _ID,
        "age": pa.int64(),
        "score": pa.float64(),
        "vip": pa.bool_(),
        "cutoff": _TIME,
        "tags": pa.list_(pa.string()),
    },
}
"""Canonical columns; ``age`` and ``cutoff`` are attributes named like columns of a snapshot."""

_REQUIRED = ("customer_id", "occurred_at", "amount", "opened_at")
_EDGES = (-90, -31, -30, -29, -1, 0, 1, 2, 7, 8, 30, 31, 60, 61, 90, 91, 180, 181, 360, 365, 366)
_TIMES = (time(), time(), time(12, 30), time(23, 59, 59, 999_999))
_AMOUNTS = ("0", "-5", "-19.99", "0.0001", "10", "10", "19.99", "100", "100.01", "1234567.89")


@dataclass(frozen=True)
class History:
    """Canonical rows by table, and the columns that each table has."""

    rows: Mapping[str, Sequence[Row]]
    columns: Mapping[str, Sequence[str]]

    def __repr__(self) -> str:
        sizes = {table: len(rows) for table, rows in self.rows.items()}
        return f"History(rows: {sizes}, columns: {dict(self.columns)})"

    def of(self, table: str, customer: str) -> list[Row]:
        """Give a customer's rows of a table."""
        return [r for r in self.rows[table] if r["customer_id"] == customer]

    def with_rows(self, table: str, rows: Sequence[Row]) -> History:
        """Replace the rows of a table."""
        return replace(self, rows={**self.rows, table: rows})


def random_history(rng: random.Random, *, full: bool = False, lines: int = 10) -> History:
    """Make a history; every table and column exists where ``full``, else by chance."""
    makers = {"transactions": (_line, lines), "complaints": (_complaint, 5), "customers": (_who, 3)}
    rows: dict[str, list[Row]] = {}
    columns: dict[str, list[str]] = {}
    for table, (make, most) in makers.items():
        if not full and table != "transactions" and rng.random() < 0.15:
            continue
        columns[table] = [
            c for c in SCHEMAS[table] if full or c in _REQUIRED or rng.random() < 0.75
        ]
        rows[table] = [
            {c: v for c, v in make(rng, customer, k).items() if c in columns[table]}
            for customer in CUSTOMERS
            for k in range(rng.randint(0, _most(table, customer, columns[table], most)))
        ]
    return History(rows, columns)


def without_recording(history: History) -> History:
    """Leave out when transactions were recorded."""
    kept = [c for c in history.columns["transactions"] if c != "recorded_at"]
    rows = [{c: row[c] for c in kept} for row in history.rows["transactions"]]
    columns = {**history.columns, "transactions": kept}
    return replace(history.with_rows("transactions", rows), columns=columns)


def histories(*, full: bool = False) -> st.SearchStrategy[History]:
    """Draw histories."""
    return st.randoms(use_true_random=True).map(lambda rng: random_history(rng, full=full))


def tables_of(history: History, name: str = "history") -> Tables:
    """Put a history into the engine."""
    return {
        table: engine().create_table(f"{name}_{table}", _arrow(history, table), overwrite=True)
        for table in history.rows
    }


@cache
def engine() -> Any:  # noqa: ANN401 - an Ibis backend has no public type
    """Give the engine of the tests: in process, on one thread."""
    return ibis.duckdb.connect(threads=1)


def spine_of(keys: Sequence[tuple[str, datetime]], *, shared: bool = False) -> Spine:
    """Make a spine of (customer, cutoff) pairs; ``shared``: all have the same cutoff."""
    customers, cutoffs = zip(*keys, strict=True)
    table = pa.table({"customer_id": customers, "cutoff": pa.array(cutoffs, _TIME)})
    made = engine().create_table("spine", table, overwrite=True)
    return Spine(made, cutoffs[0].date() if shared else None)


def everybody(cutoff: datetime = CUTOFF) -> Spine:
    """Make the spine of all customers at one cutoff."""
    return spine_of([(customer, cutoff) for customer in CUSTOMERS], shared=True)


def features_of(tables: Tables, spine: Spine) -> pd.DataFrame:
    """Compute features, ordered by (cutoff, customer_id)."""
    frame: pd.DataFrame = features_at(tables, spine).table.to_pandas()
    return frame.sort_values(["cutoff", "customer_id"], ignore_index=True)


def _arrow(history: History, table: str) -> pa.Table:
    schema = pa.schema([(c, SCHEMAS[table][c]) for c in history.columns[table]])
    return pa.Table.from_pylist(list(history.rows[table]), schema=schema)


def _most(table: str, customer: str, columns: Sequence[str], most: int) -> int:
    if table == "transactions" and customer == "no purchase":
        return 0
    return 1 if table == "customers" and "valid_from" not in columns else most


def _moment(rng: random.Random) -> datetime:
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
        "satisfaction": _maybe(rng, 1.0, 4.0),
        "compensation": _money(_maybe(rng, "5", "7.25")),
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
