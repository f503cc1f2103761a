"""Scoring a whole population beside the boosters alone: ``python -m benchmarks.scoring``.

The boosters are those of :mod:`benchmarks.online` (400, 400 and 100 trees), on all processors.
Their denominator is ``predict`` on matrices that are ready; Keepwell starts from snapshots on disk,
as ``keepwell score`` does once it has built the features, and ends with the columns of
``scores.parquet``. Then the same again with reasons for the customers with the most value at risk.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from benchmarks.online import SHOPS, boosters, bundle_of, inputs_of
from models.bundle import Bundle
from serving.scorer import score

BATCH = 100_000
AS_OF = date(2024, 7, 1)


def snapshots(bundle: Bundle, customers: int, rng: np.random.Generator) -> Iterator[pd.DataFrame]:
    """Make snapshots up, a batch at a time."""
    names = bundle.features.names
    for start in range(0, customers, BATCH):
        rows = min(BATCH, customers - start)
        frame = pd.DataFrame(rng.gamma(1.0, 20.0, (rows, len(names))), columns=names)
        ids = [f"C{n:09d}" for n in range(start, start + rows)]
        yield frame.assign(customer_id=ids, days_since_purchase=rng.integers(1, 365, rows) * 1.0)


def write(bundle: Bundle, path: Path, customers: int) -> None:
    """Write snapshots to a file."""
    parts = (pa.Table.from_pandas(f) for f in snapshots(bundle, customers, np.random.default_rng()))
    first = next(parts)
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)


def read(path: Path) -> Iterator[pd.DataFrame]:
    """Read snapshots as scoring does."""
    start = 0
    for batch in pq.ParquetFile(path).iter_batches(BATCH):
        frame = batch.to_pandas()
        frame.index = pd.RangeIndex(start, start + len(frame))
        start += len(frame)
        yield frame


def alone(bundle: Bundle, path: Path, threads: int) -> float:
    """Time the boosters and nothing else, in seconds."""
    taken = 0.0
    for frame in read(path):
        matrix = bundle.release.encoder.matrix(frame)
        start = time.perf_counter()
        boosters(bundle, matrix, threads)
        taken += time.perf_counter() - start
    return taken


def scored(bundle: Bundle, path: Path, explain: int) -> float:
    """Time Keepwell from the file to the scores, in seconds."""
    start = time.perf_counter()
    score(bundle, read(path), AS_OF, 1, explain=explain)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--explain", type=int, default=10_000)
    given = parser.parse_args()
    out, threads = Console(highlight=False, width=100), os.cpu_count() or 1
    bundle = bundle_of(inputs_of(SHOPS["complaints too"]), np.random.default_rng(1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshots.parquet"
        write(bundle, path, given.customers)
        bare = alone(bundle, path, threads)
        plain = scored(bundle, path, 0)
        explained = scored(bundle, path, given.explain)
    said = f"{given.customers:,} customers, {len(bundle.features)} features, {threads} processors"
    out.print(f"{said}, load {os.getloadavg()[0]:.1f}")
    out.print(f"the boosters' predict {bare:.1f} s; scores {plain:.1f} s: {bare / plain:.2f} x")
    out.print(f"reasons for {given.explain:,}: {explained - plain:.1f} s more")


if __name__ == "__main__":
    main()
