"""Drift: how far features and scores have moved from where a release has learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2_contingency, false_discovery_control

from models.profile import Profile, Spread, came_to, effects
from models.release import Release

DRIFTED = 0.1
"""PSI above which a distribution counts as moved; the rule of thumb calls .25 a large shift."""

CHANCE = 0.05
"""Share of false alarms among the features that are called moved."""

_FEWEST = 5
"""Rows in a bin, before and now together, below which a chi-square test does not hold."""

_MOVING = frozenset({"calendar"})
"""Families whose features are another day's by nature."""


@dataclass(frozen=True)
class Drift:
    """A feature or a score, then and now.

    Parameters
    ----------
    name, family : str
        The family is empty for a score.
    psi : float
        Population stability index, at least 0.
    q_value : float
        The share of false alarms to accept for calling this one moved.
    effect : float
        Of a feature and of the churn probability: by how much the log odds of leaving have risen,
        on average. Of a value: by how much its mean has risen, as a share of what it was.
    missing : tuple of float
        The share of missing values, then and now.
    """

    name: str
    family: str
    psi: float
    q_value: float
    effect: float
    missing: tuple[float, float]

    @property
    def moved(self) -> bool:
        """Whether it has moved, beyond chance and by more than a little."""
        return self.psi >= DRIFTED and self.q_value <= CHANCE


@dataclass(frozen=True)
class Drifts:
    """All features and scores, then and now.

    Parameters
    ----------
    customers : int
        How many were looked at now.
    features : tuple of Drift
        The largest effect on the scores first.
    scores : tuple of Drift
    """

    customers: int
    features: tuple[Drift, ...]
    scores: tuple[Drift, ...]


def population_stability(expected: ArrayLike, counts: ArrayLike) -> float:
    r"""Return the population stability index of counts against expected shares.

    .. math:: \sum_b (q_b - p_b) \ln (q_b / p_b)

    Range from 0; no unit. Half a row is added to every bin, so that an empty one stays finite.

    Parameters
    ----------
    expected : array_like, shape (bins,)
        Shares.
    counts : array_like, shape (bins,)
        Rows.

    Notes
    -----
    The symmetric Kullback-Leibler divergence of Jeffreys (1946); in use since Siddiqi (2006),
    Credit Risk Scorecards. Two samples of n and m rows of one distribution have about
    (bins - 1)(1/n + 1/m).
    """
    found = np.asarray(counts, dtype=np.float64) + 0.5
    before = np.asarray(expected, dtype=np.float64) * (found.sum() - 0.5 * len(found)) + 0.5
    p, q = before / before.sum(), found / found.sum()
    return float(np.sum((q - p) * np.log(q / p)))


def chance(before: ArrayLike, now: ArrayLike) -> float:
    """Return the p-value of two rows of counts coming from one distribution.

    Parameters
    ----------
    before, now : array_like, shape (bins,)
        Rows.

    Notes
    -----
    Pearson's chi-square test of homogeneity; bins of fewer than 5 rows are left out.
    """
    table = np.vstack([before, now]).astype(np.float64)
    table = table[:, table.sum(axis=0) >= _FEWEST]
    if table.shape[1] < 2 or (table.sum(axis=1) == 0).any():  # noqa: PLR2004 - nothing to differ in
        return 1.0
    return float(chi2_contingency(table, correction=False).pvalue)


def drifts(profile: Profile, release: Release, frame: pd.DataFrame) -> Drifts:
    """Compare customers of today with those that a release has learnt from.

    Parameters
    ----------
    profile : Profile
        Of the release.
    release : Release
    frame : DataFrame
        Snapshots of one cutoff with ``customer_id`` and the features of the tables; all customers,
        or a sample.

    Returns
    -------
    Drifts
        Of all features but those that change with the calendar.
    """
    whole, scores = release.completed(frame), release.score(frame)
    added = effects(release, whole)
    features = [
        _Column(f.name, f.family, before, whole[f.name], added.get(f.name, 0.0) - before.effect)
        for f in release.encoder.features
        if f.family not in _MOVING
        for before in (profile.features[f.name],)
    ]
    said = [
        _Column(name, "", before, scores[name], _risen(name, before, scores[name]))
        for name, before in profile.scores.items()
        if scores[name].notna().any()
    ]
    found = _compared(features, profile.customers)
    found = sorted(found, key=lambda drift: -abs(drift.effect))
    return Drifts(len(frame), tuple(found), tuple(_compared(said, profile.customers)))


@dataclass(frozen=True)
class _Column:
    """A column then and now, and by how much what it comes to has risen."""

    name: str
    family: str
    before: Spread
    now: pd.Series[Any]
    effect: float


def _compared(columns: Sequence[_Column], customers: int) -> list[Drift]:
    if not columns:
        return []
    counts = [column.before.counts(column.now) for column in columns]
    then = [np.asarray(column.before.shares) * customers for column in columns]
    wrong = [chance(before, now) for before, now in zip(then, counts, strict=True)]
    q_values = false_discovery_control(wrong)
    return [
        Drift(
            column.name,
            column.family,
            population_stability(column.before.shares, now),
            float(q),
            column.effect,
            (column.before.missing, float(column.now.isna().mean())),
        )
        for column, now, q in zip(columns, counts, q_values, strict=True)
    ]


def _risen(name: str, before: Spread, scores: pd.Series[Any]) -> float:
    risen = came_to(name, scores) - before.effect
    if name == "churn_probability":
        return risen
    return risen / abs(before.effect) if before.effect else 0.0
