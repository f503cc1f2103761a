"""Publish a million customers, then page through them: SQLite beside PostgreSQL, in one run.

    .venv/bin/python -m benchmarks.store [--customers 1000000] [--database sqlite|postgresql]

Each database takes two publications, the second of which also retires the first. PostgreSQL is
a server of its own on 127.0.0.1, with its own settings but for ports and folders. Latencies are
those of a call in this process, without HTTP, on one connection at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from serving.store import RiskQuery, RunInfo, Sort, Store
from tests.postgres import postgres

BATCH = 50_000
EXPLAINED = 10_000
REASON = "38 days since the last purchase, usual gap 12"
PAGE = 100
DEEP = 1_000
REPEATS = 300
PUBLISH_TARGET_S = 60.0
PAGE_TARGET_MS = 50.0
FIRST = date(2026, 1, 1)

Row = tuple[str, str, str]


def scores(customers: int, seed: int) -> Iterator[pd.DataFrame]:
    """Yield batches of made-up scores: reasons for some, attributes for all."""
    rng = np.random.default_rng(seed)
    for start in range(0, customers, BATCH):
        rows = min(BATCH, customers - start)
        churn = rng.beta(1.2, 3.0, rows)
        retained = np.round(rng.gamma(1.5, 120.0, rows), 4)  # rounded, so that there are ties
        lost = np.round(retained * rng.uniform(-0.05, 0.05, rows), 4)
        numbers = np.arange(start, start + rows)
        regions = rng.integers(0, 50, rows)
        explained = pd.Series(numbers < EXPLAINED)
        yield pd.DataFrame(
            {
                "customer_id": [f"C{number:09d}" for number in numbers],
                "churn_probability": churn,
                "value_if_retained": retained,
                "value_if_churned": lost,
                "expected_value": (1 - churn) * retained + churn * lost,
                "value_at_risk": churn * (retained - lost),
                "days_since_purchase": rng.integers(0, 365, rows),
                **{f"reason_{n}": explained.map({True: REASON, False: None}) for n in (1, 2, 3)},
                **{f"cause_{n}": explained.map({True: "price", False: None}) for n in (1, 2, 3)},
                "attributes": [
                    json.dumps({"region": f"R{n}", "tier": n % 3}) for n in regions.tolist()
                ],
            }
        )


def info(number: int) -> RunInfo:
    """Return what is said of the n-th nightly run."""
    return RunInfo(
        as_of=FIRST + timedelta(days=number),
        model_name="benchmark",
        model_version="1",
        currency="EUR",
        churn_horizon=90,
        value_horizon=90,
    )


def publish(store: Store, customers: int, number: int) -> Row:
    """Publish one run and say how long it took, the making of the scores left out."""
    batches = list(scores(customers, number))
    start = time.perf_counter()
    store.publish(info(number), batches)
    taken = time.perf_counter() - start
    return (
        f"publication {number}",
        f"{taken:.1f} s, {customers / taken:,.0f} customers/s",
        _verdict(taken, PUBLISH_TARGET_S),
    )


def pages(store: Store) -> Iterator[Row]:
    """Walk to page 1,000 in every order, then ask for the first and that page again."""
    orders: tuple[Sort, ...] = ("value_at_risk", "churn_probability", "expected_value")
    for sort in orders:
        query = RiskQuery(sort=sort)
        cursor = _walk(store, query)
        yield _latency(f"{sort}, first page", partial(store.risk_list, query))
        yield _latency(
            f"{sort}, page {DEEP:,}",
            partial(store.risk_list, query, cursor=cursor),
        )
    yield from _others(store)


def _others(store: Store) -> Iterator[Row]:
    likely = RiskQuery(min_probability=0.8, min_value=5.0)
    region = RiskQuery(attributes={"region": "R7"})
    yield _latency("the first 1,000 customers", lambda: store.risk_list(limit=1_000))
    yield _latency("probability and value filtered", lambda: store.risk_list(likely))
    yield _latency("one region of 50", lambda: store.risk_list(region))
    yield _latency("a customer's score", lambda: store.score("C000012345"))
    ids = [f"C{number:09d}" for number in range(0, 100_000, 100)]
    yield _latency("1,000 customers' scores", lambda: store.scores(ids))
    yield _latency("a customer's history", lambda: store.history("C000012345"))


def slow(store: Store) -> Iterator[Row]:
    """Time what reads whole runs; there are no targets for it."""
    new = RiskQuery(since_run=store.runs()[1].id, min_probability=0.8)
    yield _once("new since the run before, filtered", lambda: store.risk_list(new))
    rare = RiskQuery(attributes={"region": "nowhere"})
    yield _once("an attribute that nobody has", lambda: store.risk_list(rare))
    yield _once("two runs compared", lambda: store.compare(store.runs()[1].id))
    yield _once("the whole list as a frame", store.all_scores)


def _walk(store: Store, query: RiskQuery) -> str | None:
    cursor = None
    for _ in range(DEEP - 1):
        cursor = store.risk_list(query, limit=PAGE, cursor=cursor).next_cursor
    return cursor


def _latency(name: str, call: Callable[[], object]) -> Row:
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        taken.append(1_000 * (time.perf_counter() - start))
    p50, p99 = np.percentile(taken, [50, 99])
    verdict = _verdict(p99, PAGE_TARGET_MS) if " page" in name else ""
    return name, f"p50 {p50:.1f} ms, p99 {p99:.1f} ms", verdict


def _once(name: str, call: Callable[[], object]) -> Row:
    start = time.perf_counter()
    call()
    return name, f"{time.perf_counter() - start:.2f} s", ""


def _verdict(measured: float, target: float) -> str:
    return f"{'met' if measured < target else 'MISSED'} (under {target:g})"


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Yield the URL of a new database on this machine's disk."""
    if kind == "postgresql":
        with postgres(durable=True) as url:
            yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'keepwell.db'}"


def measure(kind: str, customers: int, console: Console) -> None:
    """Measure one database and print the figures."""
    table = Table("what", "measured", "target", title=f"{kind}, {customers:,} customers")
    with database(kind) as url:
        with Store.open(url, keep_runs=1) as store:
            table.add_row(*publish(store, customers, 1))
            table.add_row(*publish(store, customers, 2))
        with Store.open(url, keep_runs=2) as store:
            table.add_row(*publish(store, customers, 3))
            for row in (*pages(store), *slow(store)):
                table.add_row(*row)
    console.print(table)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    options = parser.parse_args()
    console = Console()
    console.print(f"{platform.machine()}, {os.cpu_count()} processors, Python", end=" ")
    console.print(f"{platform.python_version()}, pages of {PAGE}, {REPEATS} calls each")
    console.print(f"load of the machine before the start: {os.getloadavg()[0]:.1f}")
    for kind in options.database or ["sqlite", "postgresql"]:
        measure(kind, options.customers, console)


if __name__ == "__main__":
    main()
