"""Rows of features as the models' matrix, without a table in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import suggestion
from models.matrix import Encoder, Floats
from serving.online.cells import number, text
from serving.online.problems import Detail, RequestProblem, shown

Row = Mapping[str, Any]
Cells = tuple[Any, ...]

_NUMBERS: frozenset[type] = frozenset({float, int, type(None)})
_TEXTS: frozenset[type] = frozenset({str, type(None)})


@dataclass(frozen=True)
class Encoded:
    """Snapshots as the models see them.

    Parameters
    ----------
    matrix : ndarray of shape (rows, features)
    texts : mapping of str to list of str or None
        The categories in words, by feature.
    """

    matrix: Floats
    texts: Mapping[str, Sequence[str | None]]

    def frame(self, names: Sequence[str]) -> pd.DataFrame:
        """Give the snapshots as the batch has them: numbers, and categories in words."""
        frame = pd.DataFrame(self.matrix, columns=list(names))
        words = {name: pd.Series(list(said), dtype="object") for name, said in self.texts.items()}
        return frame.assign(**words)


class FeatureRows:
    """Checks and encodes rows of features for one encoder.

    Parameters
    ----------
    encoder : Encoder
    """

    def __init__(self, encoder: Encoder) -> None:
        self.names = encoder.features.names
        self._known = frozenset(self.names)
        self._codes = {
            name: {level: float(code) for code, level in enumerate(levels)}
            for name, levels in encoder.levels.items()
        }
        self._texts = [n for n in self.names if n in self._codes]
        self._numbers = [n for n in self.names if n not in self._codes]
        self._counts = {f.name for f in encoder.features if f.empty is not None}
        self._positions = np.array([self.names.index(n) for n in self._numbers], dtype=np.intp)
        self._never_null = np.array([n in self._counts for n in self._numbers], dtype=bool)
        self._pick_numbers = _picker(self._numbers)
        self._pick_texts = _picker(self._texts)

    def encode(self, rows: Sequence[Row]) -> Encoded:
        """Encode rows that are known to be sound; a level never seen counts as missing."""
        numbers = self._filled(self._numbers_of(rows), len(rows))
        return self._encoded(numbers, self._words(rows))

    def read(self, rows: Sequence[Row], positions: Sequence[int]) -> Encoded:
        """Check and encode rows.

        Parameters
        ----------
        rows : sequence of mapping
            Features by name.
        positions : sequence of int
            Of their customers in the request.

        Raises
        ------
        RequestProblem
            Naming features that are missing, unknown or of a wrong value.
        """
        if not self._complete(rows):
            raise self._refusal(rows, positions)
        numbers, words = self._numbers_of(rows), self._words(rows)
        if not _NUMBERS.issuperset(map(type, numbers)) or not _of_types(words, _TEXTS):
            raise self._refusal(rows, positions)
        try:
            matrix = self._filled(numbers, len(rows))
        except OverflowError:
            raise self._refusal(rows, positions) from None
        nulls = np.isnan(matrix)
        # A null is missing, and a NaN is not a number: the matrix tells them no more apart.
        sound = np.count_nonzero(nulls) == numbers.count(None)
        sound = sound and not np.isinf(matrix).any() and not nulls[:, self._never_null].any()
        if not sound or not all(_is_text(cell) for row in words for cell in row):
            raise self._refusal(rows, positions)
        return self._encoded(matrix, words)

    def joined(self, columns: Mapping[str, NDArray[Any]]) -> Encoded:
        """Encode columns: numbers, NaN where missing, and categories in words."""
        numbers = np.column_stack([columns[n] for n in self._numbers]).astype(np.float64)
        return self._encoded(numbers, list(zip(*(columns[n] for n in self._texts), strict=True)))

    def _words(self, rows: Sequence[Row]) -> list[Cells]:
        return [self._pick_texts(row) for row in rows]

    def _complete(self, rows: Sequence[object]) -> bool:
        # Rows mostly have one order: their keys are then the same texts, told at a glance.
        order: Cells | None = None
        for row in rows:
            if not isinstance(row, dict):
                return False
            keys = tuple(row)
            if keys != order and row.keys() != self._known:
                return False
            order = keys
        return True

    def _numbers_of(self, rows: Sequence[Row]) -> list[Any]:
        return list(chain.from_iterable(map(self._pick_numbers, rows)))

    def _filled(self, numbers: list[Any], rows: int) -> Floats:
        return np.array(numbers, dtype=np.float64).reshape(rows, len(self._numbers))

    def _encoded(self, numbers: Floats, words: list[Cells]) -> Encoded:
        matrix = np.empty((len(numbers), len(self.names)))
        matrix[:, self._positions] = numbers
        texts = {name: [row[n] for row in words] for n, name in enumerate(self._texts)}
        for name, said in texts.items():
            codes = self._codes[name]
            matrix[:, self.names.index(name)] = [codes.get(word, np.nan) for word in said]
        return Encoded(matrix, texts)

    def _refusal(self, rows: Sequence[Row], positions: Sequence[int]) -> RequestProblem:
        faults = (
            detail
            for row, position in zip(rows, positions, strict=True)
            for detail in self._faults(row, f"customers[{position}].features")
        )
        message = "the features are not those that the model needs"
        return RequestProblem("invalid_features", message, faults)

    def _faults(self, row: object, place: str) -> Iterator[Detail]:
        if not isinstance(row, dict):
            yield Detail(place, "is not an object of features")
            return
        for name in row:
            if name not in self._known:
                hint = suggestion(str(name), self.names)
                yield Detail(place, f"unknown feature {shown(str(name))}.{hint}")
        if missing := [n for n in self.names if n not in row]:
            said = f"lacks {len(missing)} of {len(self.names)} features: {', '.join(missing)}"
            yield Detail(place, f"{said}; send null where one is not known")
        for name in self.names:
            if name in row and (said := self._cell_fault(name, row[name])):
                yield Detail(f"{place}.{name}", said)

    def _cell_fault(self, name: str, cell: object) -> str:
        if cell is None and name in self._counts:
            return "cannot be null: it is 0 where there is nothing"
        try:
            text(cell) if name in self._codes else number(cell)
        except ValueError as error:
            return str(error)
        return ""


def _picker(names: Sequence[str]) -> Callable[[Row], Cells]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: tuple(row[n] for n in names)


def _of_types(rows: list[Cells], allowed: frozenset[type]) -> bool:
    return all(allowed.issuperset(map(type, row)) for row in rows)


def _is_text(cell: object) -> bool:
    try:
        text(cell)
    except ValueError:
        return False
    return True
