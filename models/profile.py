"""The profile of the newest customers that a release has learnt from: how all was spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.calibration import logit
from models.release import Release

SCORES = ("churn_probability", "expected_value")
"""The scores whose spread is kept."""

BINS = 10
LEVELS = 20
"""Most levels of a category that are told apart; the others count together."""

EXPLAINED = 2_000
"""Snapshots at most of which contributions are worked out: a mean needs no more, and it is slow."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Spread:
    """How the values of a column were spread, and what they came to.

    Parameters
    ----------
    edges : tuple of float
        Of a number: rising; a bin holds its upper edge. What lies below the first or above the
        last was not there. Empty of a category, or where no value was known.
    levels : tuple of str
        Of a category: the commonest, the commonest first.
    shares : tuple of float
        Of each bin, or of each level and all the others; then of missing values. They sum to 1.
    effect : float
        Of a feature: what it added to the log odds of leaving, on average. Of the churn
        probability: its mean log odds. Of a value: its mean.
    category : bool
    """

    edges: tuple[float, ...]
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    effect: float
    category: bool = False

    @classmethod
    def of(cls, column: pd.Series[Any], effect: float, *, category: bool = False) -> Self:
        """Take the spread of a column: tenths of a number, the commonest levels of a category."""
        found = (
            cls((), _levels(column), (), effect, category=True)
            if category
            else cls(_edges(column), (), (), effect)
        )
        counts = found.counts(column)
        return replace(found, shares=tuple((counts / max(counts.sum(), 1)).tolist()))

    @property
    def missing(self) -> float:
        """The share of missing values."""
        return self.shares[-1]

    def counts(self, column: pd.Series[Any]) -> Counts:
        """Count the values of a column in the same bins, or of the same levels.

        Returns
        -------
        ndarray
            In the order of ``shares``.
        """
        if self.category:
            codes = pd.Categorical(column.astype("object"), categories=list(self.levels)).codes
            other, unknown = len(self.levels), len(self.levels) + 1
            known = column.notna().to_numpy()
            place = np.where(~known, unknown, np.where(codes < 0, other, codes))
        else:
            values = column.to_numpy(np.float64, na_value=np.nan)
            unknown = len(self.edges) + 1
            place = np.searchsorted(self.edges, values, side="left")
            place = np.where(np.isnan(values), unknown, place)
        return np.bincount(place.astype(np.intp), minlength=unknown + 1)


@dataclass(frozen=True)
class Profile:
    """What the newest customers that a release has learnt from looked like.

    Parameters
    ----------
    customers : int
        How many were looked at.
    features, scores : mapping of str to Spread
    """

    customers: int
    features: Mapping[str, Spread]
    scores: Mapping[str, Spread]

    def to_dict(self) -> dict[str, Any]:
        """Give JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` gave."""
        features, scores = (
            {name: _spread(one) for name, one in fields[part].items()}
            for part in ("features", "scores")
        )
        return cls(fields["customers"], features, scores)


def profile(release: Release, frame: pd.DataFrame) -> Profile:
    """Take the profile of customers that a release has learnt from, or of a sample of them.

    Parameters
    ----------
    release : Release
    frame : DataFrame
        Snapshots of one cutoff with the features of the tables.
    """
    whole = release.completed(frame)
    added = effects(release, whole)
    scores = release.score(frame)
    return Profile(
        len(frame),
        {
            f.name: Spread.of(whole[f.name], added.get(f.name, 0.0), category=f.dtype == "category")
            for f in release.encoder.features
        },
        {name: Spread.of(scores[name], came_to(name, scores[name])) for name in SCORES},
    )


def effects(release: Release, whole: pd.DataFrame) -> dict[str, float]:
    """Give what each feature adds to the log odds of leaving, on average.

    Parameters
    ----------
    release : Release
    whole : DataFrame
        Snapshots with all features, the derived ones included; of many, a sample is explained.
    """
    some = whole.iloc[:: -(-len(whole) // EXPLAINED) or 1]
    names, shares = release.churn.contributions(some, release.encoder.matrix(some))
    return dict(zip(names, shares.mean(axis=0).tolist(), strict=True))


def came_to(name: str, scores: pd.Series[Any]) -> float:
    """Give the mean of a score; of the churn probability, the mean log odds; 0 where unknown."""
    values = scores.to_numpy(np.float64)
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0
    return float(np.mean(logit(known) if name == "churn_probability" else known))


def _levels(column: pd.Series[Any]) -> tuple[str, ...]:
    counted = column.dropna().astype(str).value_counts()
    # Ties by name: a profile does not depend on the order of the rows.
    common = sorted(counted.items(), key=lambda item: (-item[1], str(item[0])))
    return tuple(str(level) for level, _ in common[:LEVELS])


def _edges(column: pd.Series[Any]) -> tuple[float, ...]:
    values = column.to_numpy(np.float64, na_value=np.nan)
    known = values[np.isfinite(values)]
    if not len(known):
        return ()
    inner = np.quantile(known, np.arange(1, BINS + 1) / BINS, method="inverted_cdf")
    # A bin of its own for what lies below: a column that was always the same may become another.
    return tuple(np.unique([np.nextafter(known.min(), -np.inf), *inner]).tolist())


def _spread(fields: Mapping[str, Any]) -> Spread:
    return Spread(**{**fields, **{n: tuple(fields[n]) for n in ("edges", "levels", "shares")}})
