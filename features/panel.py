"""The panel: features and labels of many snapshots, a Parquet file a cutoff."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis import ir

from features.asof import KEYS, Spine
from features.catalogue import FeatureSet
from features.dated import STAND_IN, Dated
from features.families import families_for
from features.family import Family, Snapshots, snapshots
from features.grains import Tables
from features.keeping import export
from features.labels import Target, labels
from features.population import population

LABELS = ("churned", "value", "bought_30d")
"""The last where there are transactions."""


@dataclass(frozen=True)
class Piece:
    """Some snapshots of one cutoff on disk: a row group of its Parquet file.

    Parameters
    ----------
    path : Path
    group : int
    rows : int
    columns : tuple of str
    """

    path: Path
    group: int
    rows: int
    columns: tuple[str, ...]

    def __len__(self) -> int:
        return self.rows

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Read columns, in the order in which they are named."""
        with pq.ParquetFile(self.path) as file:
            return file.read_row_group(self.group, columns=list(columns)).select(list(columns))


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

    def pieces(self, cutoffs: Iterable[date]) -> tuple[Piece, ...]:
        """Give the same snapshots in pieces, which are read one at a time."""
        return tuple(p for c in sorted(cutoffs) for p in _pieces(self.parts[c]))

    def snapshots(self, cutoffs: Iterable[date]) -> int:
        """Count snapshots without reading them."""
        return sum(pq.read_metadata(self.parts[c]).num_rows for c in cutoffs)

    def sample(self, cutoffs: Sequence[date], rows: int) -> pd.DataFrame:
        """Read so many snapshots at most, in the same order, evenly spread over the customers."""
        step, start, taken = -(-self.snapshots(cutoffs) // rows), 0, []
        if step <= 1:
            return self.read(cutoffs)
        for piece in self.pieces(cutoffs):
            table = piece.read(piece.columns)
            taken.append(table.take(np.arange(-start % step, len(table), step)))
            start += len(table)
        frame: pd.DataFrame = pa.concat_tables(taken).to_pandas()
        return frame

    def outcomes(self, cutoffs: Iterable[date]) -> Outcomes:
        """Count snapshots and leavers of some cutoffs, reading the labels alone."""
        labels = [pq.read_table(self.parts[c], columns=["churned"])["churned"] for c in cutoffs]
        churned = pa.chunked_array([chunk for column in labels for chunk in column.chunks], "int64")
        return Outcomes(len(churned), int(pc.sum(churned).as_py() or 0))


def _pieces(path: Path) -> Iterator[Piece]:
    found = pq.read_metadata(path)
    columns = tuple(found.schema.to_arrow_schema().names)
    for group in range(found.num_row_groups):
        yield Piece(path, group, found.row_group(group).num_rows, columns)


def features_at(tables: Tables, spine: Spine, own: Sequence[Family] = ()) -> Snapshots:
    """Compute the features of a spine, the company's own included.

    See :func:`features.family.snapshots`.
    """
    return snapshots(families_for(tables, own), tables, spine)


def build(
    tables: Tables,
    cutoffs: Sequence[date],
    target: Target,
    active_within: int,
    folder: Path,
    *,
    own: Sequence[Family] = (),
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
        Days; the population's, where it is one of recent buyers.
    folder : Path
        An existing folder for the parts.
    own : sequence of Family
        The company's own families.
    on_cutoff : callable
        Told each cutoff when it is written, for progress.
    """
    spine = population(tables, STAND_IN, target.kind, active_within)
    made = features_at(tables, spine, own)
    query = Dated.of(_ordered(_with_labels(made.table, labels(tables, spine, target))))
    parts = {cutoff: folder / f"{cutoff.isoformat()}.parquet" for cutoff in cutoffs}
    for cutoff, path in parts.items():
        export(query.at(cutoff), query.schema, path, query.backend)
        on_cutoff(cutoff)
    return Panel(parts, made.features)


def write(table: ir.Table, path: Path) -> None:
    """Write snapshots in the order of (cutoff, customer_id), so that every run sees the same.

    Raises
    ------
    InputError
        When the disk is full, or the memory does not suffice.
    """
    backend = table.get_backend()
    export(str(backend.compile(_ordered(table))), table.schema().to_pyarrow(), path, backend)


def _ordered(table: ir.Table) -> ir.Table:
    return table.order_by("cutoff", "customer_id")


def _with_labels(made: ir.Table, labelled: ir.Table) -> ir.Table:
    # A snapshot without a label, whose customer was gone before the window, is left out.
    joined = made.inner_join(labelled, list(KEYS), rname="{name}__right")
    return joined.drop(*[c for c in joined.columns if c.endswith("__right")])
