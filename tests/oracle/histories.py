"""Random small histories that dwell on the moments where a feature could go wrong."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter

from features.asof import Spine
from features.catalogue import FeatureSet
from features.dated import STAND_IN, Dated
from features.grains import Tables
from features.panel import features_at
from tests.oracle.rows import CUSTOMERS, CUTOFF, MAKERS, REQUIRED, SCHEMAS, Row

__all__ = ["CUSTOMERS", "CUTOFF", "SCHEMAS", "Row"]

FEW = settings(
    # Running a query costs most, whatever it reads: few examples of many customers each.
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
FEWER = settings(FEW, max_examples=5)


@dataclass(frozen=True)
class History:
    """Canonical rows by table, and the columns that each table has."""

    rows: Mapping[str, Sequence[Row]]
    columns: Columns

    def __repr__(self) -> str:
        sizes = {table: len(rows) for table, rows in self.rows.items()}
        return f"History(rows: {sizes}, columns: {dict(self.columns)})"

    def _repr_pretty_(self, printer: RepresentationPrinter, _cycle: object) -> None:
        """Keep a failing example to its sizes: its rows are too many for Hypothesis to print."""
        printer.text(repr(self))

    def of(self, table: str, customer: str) -> list[Row]:
        """Give a customer's rows of a table; none where it is absent."""
        return [r for r in self.rows.get(table, ()) if r["customer_id"] == customer]

    def with_rows(self, table: str, rows: Sequence[Row]) -> History:
        """Replace the rows of a table."""
        return replace(self, rows={**self.rows, table: rows})


Columns = Mapping[str, Sequence[str]]
"""The columns of each table that is there."""

FULL: Columns = {table: list(columns) for table, columns in SCHEMAS.items()}
"""Every table with every column."""


def _lacking(number: int) -> Columns:
    """Leave out, of :data:`LACKING`, each optional table once and each column another time."""
    columns: dict[str, list[str]] = {}
    for position, table in enumerate(SCHEMAS):
        absent = position % _SHAPES
        if number == absent and table != "transactions":
            continue
        optional = [c for c in SCHEMAS[table] if c not in REQUIRED]
        others = [k for k in range(_SHAPES) if k != absent]
        gone = {c for k, c in enumerate(optional) if others[k % len(others)] == number}
        columns[table] = [c for c in SCHEMAS[table] if c not in gone]
    return columns


_SHAPES = 4
LACKING: Sequence[Columns] = [_lacking(number) for number in range(_SHAPES)]
"""Few shapes, so that their queries are made once: see :func:`query_of`."""

SUBSCRIBED: Columns = {t: columns for t, columns in FULL.items() if t != "transactions"}
"""A company without transactions."""


def random_columns(rng: random.Random) -> Columns:
    """Leave out tables, but not transactions, and columns by chance."""
    tables = [t for t in SCHEMAS if t == "transactions" or rng.random() < 0.75]
    return {t: [c for c in SCHEMAS[t] if c in REQUIRED or rng.random() < 0.7] for t in tables}


def random_history(
    rng: random.Random,
    columns: Columns = FULL,
    *,
    lines: int = 10,
    absent: Collection[str] = (),
    full: bool = True,
) -> History:
    """Make a history of these columns; a table but transactions may be empty unless ``full``.

    ``lines`` is the most of transactions that a customer has.
    """
    columns = {table: names for table, names in columns.items() if table not in absent}
    rows: dict[str, list[Row]] = {}
    for table, names in columns.items():
        make, usual = MAKERS[table]
        most = lines if table == "transactions" else usual
        empty = not full and table != "transactions" and rng.random() < 0.15
        rows[table] = [
            {c: v for c, v in make(rng, customer, k).items() if c in names}
            for customer in (() if empty else CUSTOMERS)
            for k in range(rng.randint(0, _most(table, customer, names, most)))
        ]
    return History(rows, columns)


def without_recording(history: History) -> History:
    """Leave out when transactions were recorded."""
    kept = [c for c in history.columns["transactions"] if c != "recorded_at"]
    rows = [{c: row[c] for c in kept} for row in history.rows["transactions"]]
    columns = {**history.columns, "transactions": kept}
    return replace(history.with_rows("transactions", rows), columns=columns)


def histories(*shapes: Columns) -> st.SearchStrategy[History]:
    """Draw histories of some shapes; of those in :data:`LACKING` where none is named."""
    return st.randoms(use_true_random=True).map(
        lambda rng: random_history(rng, rng.choice(shapes or LACKING), full=False)
    )


def tables_of(history: History, name: str = "history") -> Tables:
    """Put a history into the engine."""
    return {
        table: engine().create_table(f"{name}_{table}", arrow(history, table), overwrite=True)
        for table in history.rows
    }


@cache
def engine() -> Any:  # noqa: ANN401 - an Ibis backend has no public type
    """Give the engine of the tests: in process, on one thread."""
    return ibis.duckdb.connect(threads=1)


def spine_of(keys: Sequence[tuple[str, datetime]], *, shared: bool = False) -> Spine:
    """Make a spine of (customer, cutoff) pairs; ``shared``: all have the same cutoff."""
    customers, cutoffs = zip(*keys, strict=True)
    table = pa.table({"customer_id": customers, "cutoff": pa.array(cutoffs, pa.timestamp("us"))})
    made = engine().create_table("spine", table, overwrite=True)
    return Spine(made, cutoffs[0].date() if shared else None)


def everybody(cutoff: datetime = CUTOFF) -> Spine:
    """Make the spine of all customers at one cutoff."""
    return spine_of([(customer, cutoff) for customer in CUSTOMERS], shared=True)


def features_of(tables: Tables, spine: Spine) -> pd.DataFrame:
    """Compute features, ordered by (cutoff, customer_id)."""
    sql, _ = query_of(tables, spine)
    frame: pd.DataFrame = engine().raw_sql(sql).df()
    return frame.sort_values(["cutoff", "customer_id"], ignore_index=True)


_QUERIES: dict[object, tuple[Dated, FeatureSet]] = {}


def query_of(tables: Tables, spine: Spine) -> tuple[str, FeatureSet]:
    """Give the query of the features, and its features.

    It is made once for tables of the same names and columns, whatever the cutoff that is shared:
    making it costs more than running it.
    """
    shape = tuple((name, table.get_name(), table.schema()) for name, table in tables.items())
    cutoff = spine.cutoff and STAND_IN
    key = (shape, spine.table.get_name(), cutoff)
    if key not in _QUERIES:
        made = features_at(tables, replace(spine, cutoff=cutoff))
        _QUERIES[key] = (Dated.of(made.table), made.features)
    query, features = _QUERIES[key]
    return query.at(spine.cutoff) if spine.cutoff else query.sql, features


def arrow(history: History, table: str) -> pa.Table:
    """Give a table of a history."""
    schema = pa.schema([(c, SCHEMAS[table][c]) for c in history.columns[table]])
    return pa.Table.from_pylist(list(history.rows[table]), schema=schema)


def _most(table: str, customer: str, columns: Sequence[str], most: int) -> int:
    if table == "transactions" and customer == "no purchase":
        return 0
    return 1 if table == "customers" and "valid_from" not in columns else most
