"""The panel: features and labels of many snapshots, a Parquet file a cutoff."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis import ir

from features.asof import KEYS, Spine
from features.catalogue import FeatureSet
from features.families import families_for
from features.family import Family, Snapshots, snapshots
from features.grains import Tables
from features.labels import Target, labels
from features.population import active
from features.sources import mendable

LABELS = ("churned", "value")


@dataclass(frozen=True)
class Outcomes:
    """Snapshots, and how many of them left."""

    snapshots: int
    churned: int

    @property
    def rarer(self) -> int:
        """The size of the smaller class."""
        return min(self.churned, self.snapshots - self.churned)


@dataclass(frozen=True)
class Panel:
    """Snapshots of several cutoffs on disk.

    Parameters
    ----------
    parts : mapping of date to Path
        A Parquet file a cutoff, its rows ordered by customer: keys, features, labels.
    features : FeatureSet
    """

    parts: dict[date, Path]
    features: FeatureSet

    @property
    def cutoffs(self) -> list[date]:
        """The cutoffs, oldest first."""
        return sorted(self.parts)

    def read(self, cutoffs: Iterable[date]) -> pd.DataFrame:
        """Read snapshots, ordered by (cutoff, customer_id)."""
        paths = [self.parts[c] for c in sorted(cutoffs)]
        frame: pd.DataFrame = pa.concat_tables([pq.read_table(p) for p in paths]).to_pandas()
        return frame

    def outcomes(self, cutoffs: Iterable[date]) -> Outcomes:
        """Count snapshots and leavers of some cutoffs, reading the labels alone."""
        labels = [pq.read_table(self.parts[c], columns=["churned"])["churned"] for c in cutoffs]
        churned = pa.chunked_array([chunk for column in labels for chunk in column.chunks], "int64")
        return Outcomes(len(churned), int(pc.sum(churned).as_py() or 0))


def features_at(
    tables: Tables, spine: Spine, families: Sequence[Family] | None = None
) -> Snapshots:
    """Compute the features of a spine; see :func:`features.family.snapshots`."""
    return snapshots(families or families_for(tables), tables, spine)


def build(
    tables: Tables,
    cutoffs: Sequence[date],
    target: Target,
    active_within: int,
    folder: Path,
    on_cutoff: Callable[[date], None] = lambda _: None,
) -> Panel:
    """Write the panel, one cutoff at a time.

    History is never multiplied by the number of cutoffs: each cutoff is one query over it, and
    memory is that of a single cutoff.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        What is known; see :func:`features.grains.prepared`.
    cutoffs : sequence of date
        Complete cutoffs.
    target : Target
    active_within : int
        Days; the population's.
    folder : Path
        An existing folder for the parts.
    on_cutoff : callable
        Told each cutoff when it is written, for progress.
    """
    families = families_for(tables)
    parts: dict[date, Path] = {}
    features = FeatureSet(())
    for cutoff in cutoffs:
        spine = active(tables, cutoff, active_within)
        made = snapshots(families, tables, spine)
        features = made.features
        labelled = labels(tables["transactions"], spine, target)
        parts[cutoff] = folder / f"{cutoff.isoformat()}.parquet"
        write(_with_labels(made.table, labelled), parts[cutoff])
        on_cutoff(cutoff)
    return Panel(parts, features)


def write(table: ir.Table, path: Path) -> None:
    """Write snapshots in the order of (cutoff, customer_id), so that every run sees the same.

    Raises
    ------
    InputError
        When the disk is full, or the memory does not suffice.
    """
    with mendable(f"cannot write {path}"):
        table.order_by("cutoff", "customer_id").to_parquet(path)


def _with_labels(made: ir.Table, labelled: ir.Table) -> ir.Table:
    joined = made.left_join(labelled, list(KEYS), rname="{name}__right")
    return joined.drop(*[c for c in joined.columns if c.endswith("__right")])
