"""From snapshots to the matrix that boosters see, the same way in training and serving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import FeatureSet
from models.stored import Frame, Stored

Floats = NDArray[np.float64]

MAX_LEVELS = 250
"""Levels kept per category; LightGBM's histogram has 255 bins. The rarer ones count as unseen."""


@dataclass(frozen=True)
class Encoder:
    """Columns of the matrix, and the levels of its categories.

    A level that training has not seen becomes missing, as LightGBM treats it, so that a new
    region or plan is scored on the customer's other figures instead of failing.

    Parameters
    ----------
    features : FeatureSet
        The columns, in order.
    levels : mapping of str to tuple of str
        For each categorical column, its levels; a level's position is its code.
    """

    features: FeatureSet
    levels: Mapping[str, tuple[str, ...]]

    @classmethod
    def fit(cls, frame: Frame, features: FeatureSet) -> Encoder:
        """Learn the levels from training snapshots alone."""
        return cls(features, {c: _levels(frame[c]) for c in features.categorical})

    @property
    def categorical_positions(self) -> list[int]:
        """Positions of the categorical columns in the matrix."""
        return [i for i, f in enumerate(self.features) if f.dtype == "category"]

    def matrix(self, frame: pd.DataFrame) -> Floats:
        """Give the matrix, shape (rows, features), with NaN for what is missing or unseen."""
        columns = np.empty((len(frame), len(self.features)), dtype=np.float64, order="F")
        for position, name in enumerate(self.features.names):
            columns[:, position] = self._column(frame, name)
        return columns

    def encode(self, frame: Frame) -> Matrix:
        """Give the matrix to learn from: of what is not in memory, one that is read in pieces."""
        return Streamed(self, frame) if isinstance(frame, Stored) else self.matrix(frame)

    def _column(self, frame: pd.DataFrame, name: str) -> Floats:
        if name not in self.levels:
            return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        # Integer codes of a fixed list: the same customer gets the same code in any batch.
        codes = pd.Categorical(frame[name], categories=list(self.levels[name])).codes
        return np.where(codes < 0, np.nan, codes.astype(np.float64))

    def to_dict(self) -> dict[str, Any]:
        """Give JSON types."""
        return {
            "features": self.features.to_list(),
            "levels": {c: list(v) for c, v in self.levels.items()},
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Encoder:
        """Read what :meth:`to_dict` gave."""
        levels = {c: tuple(v) for c, v in fields["levels"].items()}
        return cls(FeatureSet.from_list(fields["features"]), levels)


@dataclass(frozen=True, eq=False)
class Streamed:
    """A matrix that is never whole in memory: encoded piece by piece, when it is asked for.

    Parameters
    ----------
    encoder : Encoder
    rows : Stored
    """

    encoder: Encoder
    rows: Stored

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features."""
        return len(self.rows), len(self.encoder.features)

    @property
    def size(self) -> int:
        """The number of cells."""
        rows, features = self.shape
        return rows * features

    def part(self, number: int) -> Floats:
        """Encode the rows of one piece."""
        return self.encoder.matrix(self.rows.piece(number, self.encoder.features.names))


Matrix = Floats | Streamed


def parts(matrix: Matrix) -> Iterator[Floats]:
    """Give a matrix in the parts in which it can be in memory, in the order of their rows."""
    if isinstance(matrix, np.ndarray):
        yield matrix
    else:
        yield from (matrix.part(number) for number in range(len(matrix.rows.pieces)))


def every(matrix: Matrix, first: int, step: int) -> Floats:
    """Give one row in so many, from the first given, in memory."""
    taken, start = [], 0
    for part in parts(matrix):
        taken.append(part[(first - start) % step :: step])
        start += len(part)
    return np.concatenate(taken)


def _levels(column: pd.Series[Any]) -> tuple[str, ...]:
    counts = column.dropna().astype(str).value_counts()
    # Ties by name, so that the codes do not depend on the order of the rows.
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(str(level) for level, _ in ordered[:MAX_LEVELS])
