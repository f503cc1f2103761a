"""From snapshots to the matrix that boosters see, the same way in training and serving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import FeatureSet

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
    def fit(cls, frame: pd.DataFrame, features: FeatureSet) -> Encoder:
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


def _levels(column: pd.Series[Any]) -> tuple[str, ...]:
    counts = column.dropna().astype(str).value_counts()
    # Ties by name, so that the codes do not depend on the order of the rows.
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(str(level) for level, _ in ordered[:MAX_LEVELS])
