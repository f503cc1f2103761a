"""Snapshots that memory cannot hold: a table that is read in pieces, when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, overload

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


class Piece(Protocol):
    """Some rows of a table, somewhere."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of its columns."""

    def __len__(self) -> int:
        """Count its rows."""

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Read columns of all its rows, in the order in which they are named."""


@dataclass(frozen=True, eq=False)
class Stored:
    """A table in pieces, of which a fit reads what it needs: some columns, or piece after piece.

    It answers what fits ask of a data frame, and in the same words: a column by its name, several
    by a list, rows by a mask.

    Parameters
    ----------
    pieces : tuple of Piece
        At least one, in the order of their rows.
    beside : pyarrow.Table, optional
        Further columns of all rows, few enough to be kept in memory.
    kept : ndarray of shape (rows,), optional
        Which rows of the pieces belong to it; by default all.
    """

    pieces: tuple[Piece, ...]
    beside: pa.Table = field(default_factory=lambda: pa.table({}))
    kept: Mask | None = None

    @property
    def columns(self) -> pd.Index[str]:
        """The names of all columns."""
        return pd.Index([*self.pieces[0].columns, *self.beside.column_names])

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def __len__(self) -> int:
        return sum(self.sizes)

    @property
    def sizes(self) -> list[int]:
        """How many rows of each piece belong to it."""
        if self.kept is None:
            return [len(piece) for piece in self.pieces]
        return [int(self.kept[rows].sum()) for rows in self._places()]

    @overload
    def __getitem__(self, key: str) -> pd.Series[Any]: ...
    @overload
    def __getitem__(self, key: list[str]) -> pd.DataFrame: ...
    @overload
    def __getitem__(self, key: pd.Series[bool] | Mask) -> Stored: ...
    def __getitem__(
        self, key: str | list[str] | pd.Series[bool] | Mask
    ) -> pd.Series[Any] | pd.DataFrame | Stored:
        """Read a column or several into memory, or choose rows without reading them."""
        if isinstance(key, str):
            return self[[key]][key]
        if isinstance(key, list):
            frame: pd.DataFrame = pa.concat_tables(self._tables(key)).to_pandas()
            return frame
        return self._where(np.asarray(key, dtype=np.bool_))

    def piece(self, number: int, columns: Sequence[str]) -> pd.DataFrame:
        """Read columns of the rows of one piece."""
        frame: pd.DataFrame = self._table(number, columns).to_pandas()
        return frame

    def added(
        self, columns: Sequence[str], derive: Callable[[pd.DataFrame], pd.DataFrame]
    ) -> Stored:
        """Add columns that are worked out of others, piece by piece, and kept in memory.

        Parameters
        ----------
        columns : sequence of str
            What they are worked out of.
        derive : callable
            Gives the new columns of some rows.
        """
        whole = replace(self, kept=None)
        made = [
            pa.Table.from_pandas(derive(whole.piece(number, columns)), preserve_index=False)
            for number in range(len(self.pieces))
        ]
        beside = pa.concat_tables(made)
        for name in self.beside.column_names:
            beside = beside.append_column(name, self.beside[name])
        return replace(self, beside=beside)

    def _where(self, mask: Mask) -> Stored:
        if self.kept is None:
            return replace(self, kept=mask)
        kept = self.kept.copy()
        kept[self.kept] = mask
        return replace(self, kept=kept)

    def _tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        return (self._table(number, columns) for number in range(len(self.pieces)))

    def _table(self, number: int, columns: Sequence[str]) -> pa.Table:
        further = self.beside.column_names
        piece, rows = self.pieces[number], self._places()[number]
        table = piece.read([c for c in columns if c not in further])
        for name in (c for c in columns if c in further):
            table = table.append_column(name, self.beside[name].slice(rows.start, len(piece)))
        return table if self.kept is None else table.filter(pa.array(self.kept[rows]))

    def _places(self) -> list[slice]:
        ends = np.cumsum([len(piece) for piece in self.pieces]).tolist()
        return [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]


Frame = pd.DataFrame | Stored
"""Snapshots to learn from, in memory or not."""
