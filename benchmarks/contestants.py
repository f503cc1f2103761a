"""The same aggregates of every customer, by Keepwell and by its peers: one contestant a process.

``python -m benchmarks.contestants NAME TRANSACTIONS RESULT`` writes a Parquet file with a row a
customer: how many transactions and what they sum up to over the last 7, 30, 90, 180 and 365 days,
the days since the newest and the oldest, and the standard deviation of the amounts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import ibis
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
from ibis import ir

from benchmarks.measured import report
from benchmarks.transactions import AS_OF, customers
from features.asof import Spine, known, midnight
from features.catalogue import Feature
from features.family import Columns, Family, snapshots
from features.grains import Tables
from features.keeping import export
from features.settings import DataSettings
from features.sources import connect
from features.windows import WINDOWS, deviation, within

COLUMNS = ["customer_id", "occurred_at", "amount"]
CUTOFF = midnight(AS_OF)


def _lines(tables: Tables, spine: Spine) -> ir.Table:
    return known(tables["transactions"], spine)


def _aggregates(lines: ir.Table) -> Columns:
    amount, age = lines["amount"], lines["age"]
    wide = amount.cast("decimal(38,4)")
    return {
        **{f"count_{w}d": lines.count(where=within(lines, w)) for w in WINDOWS},
        **{f"sum_{w}d": amount.sum(where=within(lines, w)) for w in WINDOWS},
        "newest": age.min(),
        "oldest": age.max(),
        "_count": lines.count(),
        "_sum": amount.sum(),
        "_squares": (wide * wide).sum(),
    }


def _derive(table: ir.Table) -> Columns:
    return {"deviation": deviation(table["_sum"], table["_squares"], table["_count"])}


def _feature(name: str, empty: int | None = None) -> Feature:
    return Feature(name, "lines", "", None, "", empty=empty)


LINES = Family(
    "lines",
    (
        *[_feature(f"{what}_{w}d", 0) for what in ("count", "sum") for w in WINDOWS],
        *[_feature(name) for name in ("newest", "oldest", "deviation")],
    ),
    aggregates={"lines": _aggregates},
    derive=_derive,
    grains={"lines": _lines},
)


def keepwell(path: Path, result: Path) -> None:
    """Aggregate by a family like those of Keepwell, for the customers of a file."""
    backend = connect(DataSettings(), path.parent)
    lines = backend.read_parquet(path)
    everybody = backend.read_parquet(customers(path))
    spine = Spine(everybody.mutate(cutoff=ibis.literal(CUTOFF).cast("timestamp(6)")), AS_OF)
    made = snapshots([LINES], {"transactions": lines}, spine)
    rows = made.table.drop("cutoff")
    export(str(backend.compile(rows)), rows.schema().to_pyarrow(), result, backend)


def duckdb_by_hand(path: Path, result: Path) -> None:
    """Write the SQL that a person would, with sums of squares as exact as Keepwell's."""
    wide = "CAST(amount AS DECIMAL(38, 4))"
    pairs = "nullif(count(*) * (count(*) - 1), 0)"
    exact = f"count(*) * sum({wide} * {wide}) - sum(amount) * sum(amount)"
    _by_hand(path, result, f"sqrt(CAST({exact} AS DOUBLE) / {pairs})")


def duckdb_floating(path: Path, result: Path) -> None:
    """Write the SQL that a person would, with the engine's own deviation of floating numbers."""
    _by_hand(path, result, "stddev_samp(amount)")


def _by_hand(path: Path, result: Path, deviation: str) -> None:
    since = {w: f"occurred_at >= TIMESTAMP '{CUTOFF}' - INTERVAL {w} DAY" for w in WINDOWS}
    counts = ", ".join(f"count(*) FILTER ({s}) AS count_{w}d" for w, s in since.items())
    sums = ", ".join(f"coalesce(sum(amount) FILTER ({s}), 0) AS sum_{w}d" for w, s in since.items())
    newest, oldest = (f"date_diff('day', {f}(occurred_at), DATE '{AS_OF}')" for f in ("max", "min"))
    duckdb.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
    duckdb.execute(
        f"COPY (SELECT customer_id, {counts}, {sums}, {newest} AS newest, {oldest} AS oldest, "  # noqa: S608 - names and paths of ours
        f"{deviation} AS deviation FROM '{path}' "
        f"WHERE occurred_at < TIMESTAMP '{CUTOFF}' GROUP BY customer_id) TO '{result}' "
        "(FORMAT parquet)"
    )


def pandas_by_hand(path: Path, result: Path) -> None:
    """Group frames of floating-point numbers."""
    frame = pq.read_table(path, columns=COLUMNS).to_pandas()
    frame["amount"] = frame["amount"].astype(float)
    frame = frame[frame["occurred_at"] < CUTOFF]
    frame["age"] = (pd.Timestamp(CUTOFF) - frame["occurred_at"].dt.normalize()).dt.days
    every = frame.groupby("customer_id")
    parts = [
        every["age"].agg(newest="min", oldest="max"),
        every["amount"].std().rename("deviation"),
    ]
    for window in WINDOWS:
        recent = frame[frame["age"] <= window].groupby("customer_id")["amount"]
        parts.append(recent.agg(**{f"count_{window}d": "count", f"sum_{window}d": "sum"}))
    table = pd.concat(parts, axis="columns")
    filled = [f"{what}_{w}d" for what in ("count", "sum") for w in WINDOWS]
    table[filled] = table[filled].fillna(0)
    table.reset_index().to_parquet(result)


def polars_by_hand(path: Path, result: Path) -> None:
    """Run one lazy query on the streaming engine."""
    amount, at = pl.col("amount"), pl.col("occurred_at")
    recent = {w: at >= pl.lit(CUTOFF) - pl.duration(days=w) for w in WINDOWS}
    age = {"newest": at.max(), "oldest": at.min()}
    query = (
        pl.scan_parquet(path)
        .select(COLUMNS)
        .filter(at < pl.lit(CUTOFF))
        .group_by("customer_id")
        .agg(
            *[r.sum().alias(f"count_{w}d") for w, r in recent.items()],
            *[amount.filter(r).sum().alias(f"sum_{w}d") for w, r in recent.items()],
            *[(pl.lit(AS_OF) - e.dt.date()).dt.total_days().alias(n) for n, e in age.items()],
            amount.cast(pl.Float64).std().alias("deviation"),
        )
    )
    query.sink_parquet(result)


def scan(path: Path, result: Path) -> None:
    """Read the columns and do nothing else with them."""
    duckdb.execute("SET enable_progress_bar = false")
    read = ", ".join(f"max({column})" for column in COLUMNS)
    query = f"SELECT {read} FROM '{path}'"  # noqa: S608 - names and paths of ours
    duckdb.execute(f"COPY ({query}) TO '{result}' (FORMAT parquet)")


CONTESTANTS: dict[str, Callable[[Path, Path], None]] = {
    "a bare scan": scan,
    "DuckDB SQL by hand": duckdb_by_hand,
    "… with stddev_samp": duckdb_floating,
    "Keepwell": keepwell,
    "Polars": polars_by_hand,
    "pandas by hand": pandas_by_hand,
}

if __name__ == "__main__":
    name, source, target = sys.argv[1:]
    report(lambda: CONTESTANTS[name](Path(source), Path(target)))
