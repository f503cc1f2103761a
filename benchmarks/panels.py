"""A made-up panel of any number of snapshots, as Parquet files, written a chunk at a time.

Thirteen cutoffs a month apart, so that both fits learn from twelve. The columns are the first
features of the catalogue: each is a count or an amount that follows four hidden traits of the
customer, and a third of them are unknown for every fifth customer. Who leaves and what the others
bring follows the same traits.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.catalogue import Feature, FeatureSet
from features.families import FAMILIES
from features.panel import Panel
from training.history import History, history
from training.splits import Roles, roles

CUTOFFS = 12
EVERY = 30
CHUNK = 100_000
AS_OF = date(2025, 1, 1)

_TRAITS = 4
_LEVELS = 12


def made_up(snapshots: int, features: int, folder: Path) -> History:
    """Give a history whose fits learn from so many snapshots; its files are made unless there.

    Parameters
    ----------
    snapshots : int
        Of the twelve cutoffs that a fit learns from.
    features : int
        Columns, besides those that are derived.
    folder : Path
        1.5 bytes a cell are needed.
    """
    chosen = FeatureSet(tuple(f for family in FAMILIES for f in family.features)[:features])
    planned, customers = _roles(), snapshots // CUTOFFS
    place = folder / f"panel-{customers}x{features}"
    place.mkdir(parents=True, exist_ok=True)
    parts = {cutoff: place / f"{cutoff}.parquet" for cutoff in planned.cutoffs}
    for cutoff, path in parts.items():
        if not path.exists():
            part = path.with_suffix(".part")
            _write(part, cutoff, customers, chosen)
            part.rename(path)
    return history(Panel(parts, chosen), planned, 1)


def _roles() -> Roles:
    first = AS_OF - timedelta(days=EVERY * (CUTOFFS + 2))
    found = roles(first, AS_OF, EVERY, cutoffs=CUTOFFS, every=EVERY, min_history=EVERY, folds=3)
    assert found is not None  # noqa: S101 - the history is as long as it has to be
    return found


def _write(path: Path, cutoff: date, customers: int, features: FeatureSet) -> None:
    first = _chunk(cutoff, 0, min(CHUNK, customers), features)
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for start in range(CHUNK, customers, CHUNK):
            writer.write_table(_chunk(cutoff, start, min(CHUNK, customers - start), features))


def _chunk(cutoff: date, start: int, rows: int, features: FeatureSet) -> pa.Table:
    rng = np.random.default_rng([cutoff.toordinal(), start])
    # A customer's traits stay what they are from cutoff to cutoff.
    traits = np.random.default_rng(start).standard_normal((rows, _TRAITS), dtype=np.float32)
    weights = np.random.default_rng(1).standard_normal((_TRAITS, len(features)), dtype=np.float32)
    columns = {
        f.name: _column(rng, traits @ weights[:, n], f, gaps=n % 3 == 0)
        for n, f in enumerate(features)
    }
    leaves = rng.random(rows) < 1 / (1 + np.exp(1.5 - traits[:, 0] - 0.5 * traits[:, 1]))
    worth = np.round(np.exp(3 + 0.5 * traits[:, 2] + 0.5 * rng.standard_normal(rows)), 2)
    return pa.table(
        {
            "customer_id": [f"C{n:09d}" for n in range(start, start + rows)],
            "cutoff": np.full(rows, np.datetime64(cutoff, "us")),
            **columns,
            "churned": leaves.astype(np.int64),
            "value": np.where(leaves, 0.0, worth),
            "bought_30d": np.where(leaves, 0.0, rng.random(rows) < 0.7),  # noqa: PLR2004 - a share
        }
    )


def _column(
    rng: np.random.Generator, said: NDArray[np.float32], feature: Feature, *, gaps: bool
) -> pa.Array:
    noisy = said + rng.standard_normal(len(said), dtype=np.float32)
    if feature.dtype == "category":
        levels = np.array([f"level {n}" for n in range(_LEVELS)])
        return pa.array(levels[np.floor(np.abs(noisy) * 2).astype(int) % _LEVELS])
    amounts = np.exp(2 + np.clip(noisy / 2, -4, 4)).astype(np.float64)
    figures = np.round(amounts, 2 if feature.unit == "currency" else 0)
    return pa.array(np.where(gaps & (rng.random(len(said)) < 0.2), np.nan, figures))  # noqa: PLR2004
