"""The wallet: what a customer spends in the category a year, with anybody.

The realistic wallet (Rosset, Perlich, Merugu et al., KDD 2007) is a high conditional quantile of
yearly spend, given what is known about the customer other than spend. Observed wallets correct its
level, and replace it where there are enough of them to learn the wallet itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import Feature, FeatureSet
from models import booster
from models.matrix import Encoder, Floats

FOLDS = 4
SPEND = "spend_sum_365d"
OBSERVED = "wallet_observed"

MIX = (
    "category_main",
    "category_second",
    "category_main_share",
    "categories_entropy_365d",
    "channel_main",
    "channel_main_share",
)
"""What a customer buys and where, as shares and names: it tells nothing of how much."""

TENURE = "tenure_days"

_SHORTEST, _YEAR = 30, 365

Columns = Mapping[str, Any]
"""Values by feature, a sequence each, and ``customer_id``."""

CUSTOMER = "customer_id"

Target = Literal["spend", "wallet"]


@dataclass(frozen=True)
class WalletModel:
    """An estimator of the yearly wallet that never knows the customer whom it estimates.

    A customer belongs to a fold for good, by their id, and is estimated by the booster that was
    fitted on the other folds' customers: in training and serving alike, known or new.

    Parameters
    ----------
    encoder : Encoder
        The inputs.
    boosters : tuple of lightgbm.Booster
        One a fold; each predicts log(1 + wallet).
    target : {"spend", "wallet"}
        What they were fitted on: a high quantile of spend, or the mean log observed wallet.
    quantile : float
        The part of customers below the target, 0.5 for the mean.
    factor : float
        Scales the estimates to the level of observed wallets.
    """

    encoder: Encoder
    boosters: tuple[lgb.Booster, ...]
    target: Target
    quantile: float
    factor: float = 1.0

    def estimate(self, columns: Columns, threads: int = 0) -> Floats:
        """Estimate yearly wallets.

        Parameters
        ----------
        columns : mapping of str to sequence
            ``customer_id`` and the encoder's features, of equal length: numbers (NaN or None where
            unknown), and categories in words.
        threads : int
            0: as many as there are. One row is estimated many times faster on 1.

        Returns
        -------
        ndarray of shape (rows,)
            In the currency, at least 0.
        """
        matrix = self.matrix(columns)
        fold = folds(columns[CUSTOMER])
        logs = np.empty(len(matrix))
        for number in np.flatnonzero(np.bincount(fold)):
            own = fold == number
            logs[own] = self.boosters[number].predict(matrix[own], num_threads=threads)
        return np.asarray(self.factor * np.maximum(np.expm1(logs), 0.0))

    def matrix(self, columns: Columns) -> Floats:
        """Give the inputs as the boosters see them, shape (rows, inputs)."""
        matrix = np.empty((len(columns[CUSTOMER]), len(self.encoder.features)))
        for position, name in enumerate(self.encoder.features.names):
            cells, codes = columns[name], self._codes.get(name)
            if codes is not None:
                cells = [codes.get(cell, np.nan) for cell in cells]
            matrix[:, position] = np.asarray(cells, dtype=np.float64)
        return matrix

    @cached_property
    def _codes(self) -> dict[str, dict[str, float]]:
        # A look-up is as fast for one row as for many, and the same for both.
        return {
            name: {level: float(code) for code, level in enumerate(levels)}
            for name, levels in self.encoder.levels.items()
        }

    def scaled(self, factor: float) -> WalletModel:
        """Give the same model with its estimates multiplied."""
        return replace(self, factor=self.factor * factor)

    def to_files(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Give JSON types, and texts by file name."""
        texts = {f"wallet_{n}.txt": booster.to_text(b) for n, b in enumerate(self.boosters)}
        fields = {
            "encoder": self.encoder.to_dict(),
            "boosters": list(texts),
            "target": self.target,
            "quantile": self.quantile,
            "factor": self.factor,
        }
        return fields, texts

    @classmethod
    def from_files(cls, fields: Mapping[str, Any], texts: Mapping[str, str]) -> WalletModel:
        """Read what :meth:`to_files` gave."""
        boosters = tuple(booster.from_text(texts[file]) for file in fields["boosters"])
        encoder = Encoder.from_dict(fields["encoder"])
        return cls(encoder, boosters, fields["target"], fields["quantile"], fields["factor"])


def hashes(customers: Iterable[str]) -> NDArray[np.uint32]:
    """Give each customer's number, CRC-32 of the id in UTF-8: the same on every machine."""
    return np.fromiter((zlib.crc32(str(c).encode()) for c in customers), dtype=np.uint32)


def folds(customers: Iterable[str]) -> NDArray[np.intp]:
    """Give each customer's fold, 0 to 3."""
    return (hashes(customers) % FOLDS).astype(np.intp)


def inputs(features: FeatureSet) -> FeatureSet:
    """Choose what a wallet may be estimated from; empty where that says nothing of a wallet.

    Attributes and the category mix, and beside them the tenure: nothing that is computed from
    amounts or counts. The calendar is the same for all, since a fit is made at one cutoff.
    """
    telling = [f for f in features if f.family == "attributes" or f.name in MIX]
    if not telling:
        return FeatureSet(())
    return FeatureSet((*telling, *(f for f in features if f.name == TENURE)))


def yearly_spend(frame: pd.DataFrame) -> Floats:
    """Give what customers spend a year: newcomers' spend is scaled up from the time they had.

    Parameters
    ----------
    frame : DataFrame
        Snapshots with the spend of the last 365 days and perhaps ``tenure_days``; less than 30 of
        them count as 30, because a first purchase is no habit yet, and unknown ones as a year.

    Returns
    -------
    ndarray of shape (rows,)
        In the currency.
    """
    spend = frame[SPEND].to_numpy(np.float64)
    if TENURE not in frame:
        return spend
    tenure = frame[TENURE].to_numpy(np.float64, na_value=np.nan)
    had = np.clip(np.nan_to_num(tenure, nan=_YEAR), _SHORTEST, _YEAR)
    return np.asarray(spend * _YEAR / had)


def columns_of(frame: pd.DataFrame, features: Iterable[Feature]) -> dict[str, NDArray[Any]]:
    """Give features of snapshots as arrays: numbers, NaN where missing, and categories in words."""
    columns = {CUSTOMER: frame[CUSTOMER].to_numpy(object)}
    return columns | {f.name: _cells(frame[f.name], f) for f in features}


def _cells(column: pd.Series[Any], feature: Feature) -> NDArray[Any]:
    if feature.dtype == "category":
        return column.to_numpy(object)
    return column.to_numpy(np.float64, na_value=np.nan)
