"""From a matrix to what LightGBM learns from: each figure as the number of its bin, a byte each."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import lightgbm as lgb
import numpy as np

from models.matrix import Floats, Matrix, Streamed


def binned(matrix: Matrix, outcome: Floats, **fields: Any) -> lgb.Dataset:  # noqa: ANN401 - LightGBM's
    """Give a matrix to LightGBM, piece by piece where memory does not hold it.

    Parameters
    ----------
    matrix : ndarray or Streamed of shape (rows, features)
    outcome : ndarray of shape (rows,)
    **fields
        Of :class:`lightgbm.Dataset`.

    Notes
    -----
    The bins, and so the boosters, are the same to the last bit in both ways.
    """
    data = matrix if isinstance(matrix, np.ndarray) else _sequences(matrix)
    return _Dataset(data, outcome, **fields)


def _sequences(matrix: Streamed) -> list[lgb.Sequence]:
    # A single piece in memory: LightGBM asks for rows in their order, twice.
    part = lru_cache(maxsize=1)(lambda number: np.ascontiguousarray(matrix.part(number)))
    return [_Part(rows, partial(part, number)) for number, rows in enumerate(matrix.rows.sizes)]


class _Part(lgb.Sequence):
    """The rows of one piece, as LightGBM asks for them."""

    def __init__(self, rows: int, read: Callable[[], Floats]) -> None:
        self._rows, self._read = rows, read
        self.batch_size = rows

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, at: int | slice | list[int]) -> Floats:
        return np.asarray(self._read()[at])


class _Dataset(lgb.Dataset):
    """A dataset that knows all its parameters while it makes the bins of sequences.

    LightGBM's own forgets the seed and the least rows of a leaf there, so that its bins would come
    from other rows, and its features be others, than those of the same matrix in memory.
    """

    def get_params(self) -> dict[str, Any]:
        """Give all parameters while the bins are made, and afterwards those that made them."""
        if self.reference is None and not self._handle:
            return dict(self.params or {})
        return super().get_params()
