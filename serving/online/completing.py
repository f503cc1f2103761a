"""Rows of table features made whole: the derived ones are added, or taken as they were given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.matrix import Encoder
from models.release import Release
from serving.online.named import Encoded, FeatureRows, Row


class CompleteRows:
    """Encodes rows of features, with or without those that are derived.

    Parameters
    ----------
    release : Release
    threads : int
        Of the boosters that the derived features need.
    """

    def __init__(self, release: Release, threads: int) -> None:
        self._release = release
        self._threads = threads
        self._whole = FeatureRows(release.encoder)
        kept = release.table_features
        levels = {n: v for n, v in release.encoder.levels.items() if n in set(kept.names)}
        self._plain = FeatureRows(Encoder(kept, levels)) if release.derives else self._whole
        self._derived = frozenset(self._whole.names) - frozenset(kept.names)
        self.names = kept.names

    def encode(self, rows: Sequence[Row], customers: Sequence[str]) -> Encoded:
        """Encode rows of the tables' features, which are known to be sound.

        Parameters
        ----------
        rows : sequence of mapping
        customers : sequence of str
            Their ids: who is estimated by which part of a model depends on them.
        """
        return self._completed(self._plain.encode(rows), customers)

    def read(
        self, rows: Sequence[Row], positions: Sequence[int], customers: Sequence[str]
    ) -> list[tuple[list[int], Encoded]]:
        """Check and encode rows; derived features that a row has are used as they are.

        Returns
        -------
        list of (list of int, Encoded)
            The places of rows in ``rows``, and the rows of these places.

        Raises
        ------
        RequestProblem
            Naming features that are missing, unknown or of a wrong value.
        """
        whole = [n for n, row in enumerate(rows) if self._is_whole(row)]
        plain = [n for n in range(len(rows)) if n not in set(whole)]
        found = []
        if whole:
            found.append((whole, self._whole.read(*_chosen(whole, rows, positions))))
        if plain:
            encoded = self._plain.read(*_chosen(plain, rows, positions))
            found.append((plain, self._completed(encoded, [customers[n] for n in plain])))
        return found

    def _is_whole(self, row: object) -> bool:
        return isinstance(row, dict) and not self._derived.isdisjoint(row)

    def _completed(self, encoded: Encoded, customers: Sequence[str]) -> Encoded:
        if not self._derived:
            return encoded
        columns: dict[str, NDArray[Any]] = {
            n: encoded.matrix[:, at] for at, n in enumerate(self.names)
        }
        columns |= {n: np.asarray(said, dtype=object) for n, said in encoded.texts.items()}
        made = self._release.derived_columns({**columns, "customer_id": customers}, self._threads)
        return self._whole.joined({**columns, **made})


def _chosen(
    places: Sequence[int], rows: Sequence[Row], positions: Sequence[int]
) -> tuple[list[Row], list[int]]:
    return [rows[n] for n in places], [positions[n] for n in places]
