"""A release: all models that score a customer, fitted together, and how they combine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import FeatureSet
from models import derived
from models.churn import ChurnModel
from models.intervals import NAMES as ENDS
from models.intervals import Intervals
from models.lifetime import Lifetime
from models.matrix import Encoder, Floats
from models.purchase import PACE, PurchaseModel, expected_days
from models.segments import PASSED, Segments
from models.stored import Frame
from models.value import ConditionalValue
from models.wallet import Columns, WalletModel

SCORES = (
    "churn_probability",
    "value_if_retained",
    "value_if_churned",
    "expected_value",
    "value_at_risk",
    *ENDS,
    "lifetime_value",
    "purchase_probability_30d",
)
"""What a release says of a snapshot."""

DUE = "next_purchase_days"
"""What it says besides: the days until the next purchase, which as-of makes a date."""

_VALUE = SCORES.index("value_if_retained")


@dataclass(frozen=True)
class Release:
    """Churn and value models of one fit.

    Parameters
    ----------
    encoder : Encoder
        Of all features, those of the tables and those that are derived from them.
    churn : ChurnModel
    retained, churned : ConditionalValue
    medians : mapping of str to float
        Each numeric feature's median over the training snapshots: what reasons compare with.
    wallet : WalletModel or None
        What the derived features need; None where no wallet is estimated.
    intervals : Intervals or None
        None where nothing was held out to learn them from.
    purchase : PurchaseModel or None
        None where nothing is bought.
    lifetime : Lifetime or None
        None where there is no value, or no horizon.
    segments : Segments or None
        None in releases that are older, and before thresholds are learnt.
    """

    encoder: Encoder
    churn: ChurnModel
    retained: ConditionalValue
    churned: ConditionalValue
    medians: Mapping[str, float]
    wallet: WalletModel | None = None
    intervals: Intervals | None = None
    purchase: PurchaseModel | None = None
    lifetime: Lifetime | None = None
    segments: Segments | None = None

    @cached_property
    def table_features(self) -> FeatureSet:
        """The features that come from the tables; the others are derived from them."""
        return derived.of_tables(self.encoder.features)

    @cached_property
    def derived_names(self) -> tuple[str, ...]:
        """Names of the derived features that it uses."""
        return derived.derived_names(self.encoder.features)

    @property
    def derives(self) -> bool:
        """Whether it uses derived features."""
        return bool(self.derived_names)

    def completed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the derived features, where the release uses them, to those of the tables."""
        return derived.derive(self.wallet, frame) if self.derives else frame

    def derived_columns(self, columns: Columns, threads: int = 0) -> dict[str, NDArray[Any]]:
        """Give the derived features that the release uses, without a table around them.

        Parameters
        ----------
        columns : mapping of str to sequence
            ``customer_id`` and the features of the tables, of equal length; None or NaN where
            a number is missing.
        threads : int
            0: as many as there are. One row is derived many times faster on 1.
        """
        if not self.derives:
            return {}
        made = derived.derived_columns(self.wallet, columns, threads)
        return {name: made[name] for name in self.derived_names}

    @property
    def reads_columns(self) -> bool:
        """Whether a model reads named columns beside the matrix."""
        values = (self.retained.estimator, self.churned.estimator)
        return self.churn.reads_columns or any(isinstance(value, str) for value in values)

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score snapshots.

        Parameters
        ----------
        frame : DataFrame
            One row a snapshot, with ``customer_id`` and the features of the tables.

        Returns
        -------
        DataFrame
            The columns of :data:`SCORES` and :data:`DUE`, float64, on the same index.
            ``churn_probability`` is within (0, 1); values are in the currency over the value
            horizon; ``expected_value = (1 - p)·value_if_retained + p·value_if_churned`` and
            ``value_at_risk = p·(value_if_retained - value_if_churned)``. What the release has no
            model of is NaN.
        """
        frame = self.completed(frame)
        scores = self.score_matrix(frame, self.encoder.matrix(frame))
        return pd.DataFrame(scores, columns=[*SCORES, DUE], index=frame.index)

    def tell(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score snapshots and put their customers into segments.

        Parameters
        ----------
        frame : DataFrame
            As in :meth:`score`.

        Returns
        -------
        DataFrame
            The columns of :meth:`score`, those of :meth:`segmented`, and the features among
            :data:`models.segments.PASSED`; None where one is not known.
        """
        frame = self.completed(frame)
        matrix = self.encoder.matrix(frame)
        scores = self.score_matrix(frame, matrix)
        passed = {n: _words(frame[n]) for n in PASSED if n in frame.columns}
        return pd.DataFrame(scores, columns=[*SCORES, DUE], index=frame.index).assign(
            **self.segmented(scores, matrix),
            **passed,
        )

    def segmented(self, scores: Floats, matrix: Floats) -> dict[str, NDArray[Any]]:
        """Put snapshots that are scored already into segments.

        Parameters
        ----------
        scores : ndarray of shape (rows, 12)
            See :meth:`score_matrix`.
        matrix : ndarray of shape (rows, features)

        Returns
        -------
        dict of str to ndarray
            See :meth:`models.segments.Segments.assign`; empty without segments.
        """
        if self.segments is None:
            return {}
        return self.segments.assign(scores[:, _VALUE], lambda name: self._column(matrix, name))

    @property
    def segment_rules(self) -> dict[str, dict[str, str]] | None:
        """What puts a customer into each segment, in words; None without segments."""
        return self.segments.words if self.segments else None

    def score_matrix(self, frame: pd.DataFrame, matrix: Floats, threads: int = 0) -> Floats:
        """Score snapshots that are encoded already.

        Parameters
        ----------
        frame : DataFrame
            One row a snapshot, with the encoder's numeric features; looked at where
            :attr:`reads_columns` says so, and of any content elsewhere.
        matrix : ndarray of shape (rows, features)
            The same snapshots, encoded.
        threads : int
            0: as many as there are. One row is scored many times faster on 1.

        Returns
        -------
        ndarray of shape (rows, 12)
            In the order of :data:`SCORES`, then :data:`DUE`; see :meth:`score`.
        """
        p = self.churn.predict(frame, matrix, threads)
        retained = self.retained.predict(frame, matrix, threads)
        churned = self.churned.predict(frame, matrix, threads)
        expected = mixture(p, retained, churned)
        said = np.column_stack((p, retained, churned, expected))
        unknown = np.full(len(p), np.nan)
        buying = self.purchase.predict(matrix, p, threads) if self.purchase else unknown
        return np.column_stack(
            (
                said,
                p * (retained - churned),
                self.intervals.predict(said, threads) if self.intervals else _no_ends(len(p)),
                self.lifetime.value(p, retained, expected) if self.lifetime else unknown,
                buying,
                expected_days(buying, self._column(matrix, PACE)),
            )
        )

    def _column(self, matrix: Floats, name: str) -> Floats:
        """Give a feature from the matrix; NaN where the release does without it."""
        names = self.encoder.features.names
        return matrix[:, names.index(name)] if name in names else np.full(len(matrix), np.nan)

    def example(self) -> pd.DataFrame:
        """Make up one snapshot: each number at its median, each category at its commonest level."""
        made = {
            f.name: next(iter(self.encoder.levels[f.name]), None)
            if f.dtype == "category"
            else self.medians.get(f.name, np.nan)
            for f in self.table_features
        }
        return pd.DataFrame({"customer_id": ["example"], **{k: [v] for k, v in made.items()}})

    def to_files(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Give JSON types, and texts by file name."""
        churn, texts = self.churn.to_files()
        retained, more = self.retained.to_files("value_if_retained")
        churned, rest = self.churned.to_files("value_if_churned")
        fields = {
            "encoder": self.encoder.to_dict(),
            "medians": dict(self.medians),
            "churn": churn,
            "value_if_retained": retained,
            "value_if_churned": churned,
        }
        files = {**texts, **more, **rest}
        if self.segments is not None:
            fields["segments"] = self.segments.to_dict()
        models = {"wallet": self.wallet, "intervals": self.intervals, "purchase": self.purchase}
        for name, model in models.items():
            if model is not None:
                fields[name], boosters = model.to_files()
                files |= boosters
        return fields, files

    @classmethod
    def from_files(cls, fields: Mapping[str, Any], texts: Mapping[str, str]) -> Release:
        """Read what :meth:`to_files` gave."""
        return cls(
            Encoder.from_dict(fields["encoder"]),
            ChurnModel.from_files(fields["churn"], texts),
            ConditionalValue.from_files(fields["value_if_retained"], texts),
            ConditionalValue.from_files(fields["value_if_churned"], texts),
            fields["medians"],
            WalletModel.from_files(fields["wallet"], texts) if "wallet" in fields else None,
            Intervals.from_files(fields["intervals"], texts) if "intervals" in fields else None,
            PurchaseModel.from_files(fields["purchase"], texts) if "purchase" in fields else None,
            segments=Segments.from_dict(fields["segments"]) if "segments" in fields else None,
        )


def _words(column: pd.Series[Any]) -> NDArray[Any]:
    words = column.to_numpy(object, copy=True)
    words[column.isna().to_numpy()] = None
    return words


def _no_ends(rows: int) -> Floats:
    return np.full((rows, len(ENDS)), np.nan)


def mixture(p: Floats, retained: Floats, churned: Floats) -> Floats:
    """Give E[value] = (1 - p)·E[value | retained] + p·E[value | churned]."""
    return np.asarray((1 - p) * retained + p * churned)


def medians(frame: Frame, encoder: Encoder) -> dict[str, float]:
    """Give the median of each numeric feature; a feature that is never known has none."""
    numeric = [f.name for f in encoder.features if f.dtype == "float64"]
    # A column at a time: all at once may be more than memory holds.
    columns = ((name, frame[name].to_numpy(np.float64, na_value=np.nan)) for name in numeric)
    known = ((name, column[~np.isnan(column)]) for name, column in columns)
    return {name: float(np.median(column)) for name, column in known if len(column)}
