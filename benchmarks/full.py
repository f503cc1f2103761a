"""All transaction families of Keepwell, at one cutoff or a month apart, in a fresh process.

``python -m benchmarks.full CUTOFFS TRANSACTIONS FOLDER [MEMORY]`` writes a panel into the folder,
for the customers who bought in the year before each cutoff. With several cutoffs the history is
folded to days once, as ``keepwell train`` does it.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

from ibis import ir
from ibis.backends import BaseBackend

from benchmarks.measured import report
from benchmarks.transactions import AS_OF
from features.asof import grid
from features.dated import STAND_IN, Dated
from features.grains import prepared
from features.keeping import export, materialise
from features.panel import features_at
from features.population import population
from features.settings import DataSettings
from features.sources import connect

EVERY = 30
ACTIVE_WITHIN = 365


def _keep(table: ir.Table, name: str, backend: BaseBackend) -> ir.Table:
    return materialise(table, f"keepwell{name}", backend)


def panel(cutoffs: int, path: Path, folder: Path, memory: str | None) -> None:
    """Write the features of the newest cutoffs, a file each."""
    backend = connect(DataSettings(memory_limit=memory), path.parent)
    tables = {"transactions": backend.read_parquet(path)}
    if cutoffs > 1:
        tables = dict(prepared(tables, partial(_keep, backend=backend)))
    spine = population(tables, STAND_IN, "inactivity", ACTIVE_WITHIN)
    query = Dated.of(features_at(tables, spine).table.order_by("cutoff", "customer_id"))
    oldest = AS_OF - timedelta(days=EVERY * (cutoffs - 1))
    for cutoff in grid(AS_OF, oldest, EVERY):
        export(query.at(cutoff), query.schema, folder / f"{cutoff}.parquet", backend)


if __name__ == "__main__":
    count, source, target, *limit = sys.argv[1:]
    report(lambda: panel(int(count), Path(source), Path(target), limit[0] if limit else None))
