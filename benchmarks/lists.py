"""Risk lists over HTTP at a million customers, on both databases: ``python -m benchmarks.lists``.

One worker with everything on, one connection from this process, pages of 100. The deep page is
number 1,000; its cursor is found by walking there. There are no peers: the target is a p99 under
50 ms.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.serving import BIN, free_port, load, server, trained
from benchmarks.store import DEEP, PAGE, PAGE_TARGET_MS, database, publish
from serving.store import RiskQuery, Sort, Store

ORDERS: tuple[Sort, ...] = ("value_at_risk", "churn_probability", "expected_value")


def deep(store: Store, sort: Sort) -> str:
    """Give the cursor of page 1,000."""
    query, cursor = RiskQuery(sort=sort), None
    for _ in range(DEEP - 1):
        cursor = store.risk_list(query, limit=PAGE, cursor=cursor).next_cursor
    return cursor or ""


def paths(store: Store) -> dict[str, str]:
    """Give what is asked for, by name."""
    found = {}
    for sort in ORDERS:
        path = f"/v1/risk-list?limit={PAGE}&sort={sort}"
        found[f"{sort}, first page"] = path
        found[f"{sort}, page {DEEP:,}"] = f"{path}&cursor={deep(store, sort)}"
    return found


def measure(kind: str, customers: int, seconds: float, out: Console) -> None:
    """Publish made-up scores, serve them, and ask for pages."""
    table = Table("page", "requests/s", "p50 ms", "p99 ms", "target", title=kind)
    with tempfile.TemporaryDirectory() as place, database(kind) as url:
        folder = Path(place)
        config = trained(folder, 300)
        config.write_text(f'{config.read_text()}\n[store]\nurl = "{url}"\n', encoding="utf-8")
        with Store.open(url) as store:
            publish(store, customers, 1)
            wanted = paths(store)
        port = free_port()
        command = [BIN / "keepwell", "serve", "--config", config, "--port", str(port)]
        with server(command, "/readyz", port, folder / "keepwell.log"):
            for name, path in wanted.items():
                found = load(port, path, None, seconds, 1)
                verdict = "met" if found.p99_ms < PAGE_TARGET_MS else "MISSED"
                figures = [f"{v:,.1f}" for v in (found.per_second, found.p50_ms, found.p99_ms)]
                table.add_row(name, *figures, verdict)
    out.print(table)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    out = Console(highlight=False, width=100)
    out.print(f"{given.customers:,} customers, load {os.getloadavg()[0]:.1f}")
    for kind in given.database or ["sqlite", "postgresql"]:
        measure(kind, given.customers, given.seconds, out)


if __name__ == "__main__":
    main()
