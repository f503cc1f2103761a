"""What a model has to beat: the best rule on silence, logistic RFM, past spend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from models.calibration import clip, logit, sigmoid
from models.matrix import Floats

RFM = ("days_since_purchase", "purchase_days_count_365d", "spend_sum_365d", "tenure_days")
"""Recency, frequency, monetary and tenure: the features of the logistic baseline."""

_SILENCE_RULES = ("days_since_purchase", "overdue_ratio")
_DAYS_PER_MONTH = 365 / 12


@dataclass(frozen=True)
class LogisticRFM:
    """Logistic regression on the logarithms of recency, frequency, spend and tenure.

    Parameters
    ----------
    mean, scale, weights : tuple of float
        One a feature of :data:`RFM`: standardisation and coefficient.
    intercept : float
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    @classmethod
    def fit(cls, frame: pd.DataFrame, churned: Floats) -> LogisticRFM:
        """Fit on snapshots with the columns of :data:`RFM` and outcomes 0 or 1.

        Where all outcomes are the same, that is what every customer is told.
        """
        x = _log_rfm(frame)
        mean, scale = x.mean(axis=0), np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
        if len(np.unique(churned)) < 2:  # noqa: PLR2004 - nothing tells one class from another
            certain = float(logit(np.asarray(np.mean(churned))))
            return cls(_floats(mean), _floats(scale), (0.0,) * len(RFM), certain)
        model = LogisticRegression().fit((x - mean) / scale, churned)
        weights, intercept = _floats(model.coef_[0]), float(model.intercept_[0])
        return cls(_floats(mean), _floats(scale), weights, intercept)

    def contributions(self, frame: pd.DataFrame) -> Floats:
        """Give each feature's part of the log odds, shape (rows, 4), 0 at the average."""
        return np.asarray((_log_rfm(frame) - self.mean) / self.scale * np.asarray(self.weights))

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Give churn probabilities, shape (rows,)."""
        return clip(sigmoid(self.contributions(frame).sum(axis=1) + self.intercept))

    def to_dict(self) -> dict[str, Any]:
        """Give JSON types."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> LogisticRFM:
        """Read what :meth:`to_dict` gave."""
        mean, scale, weights = (tuple(fields[k]) for k in ("mean", "scale", "weights"))
        return cls(mean, scale, weights, float(fields["intercept"]))


@dataclass(frozen=True)
class SilenceRule:
    """Call those silent the longest: the ranking that a company without a model uses.

    Parameters
    ----------
    feature : str
        Days since the last purchase, or that over the customer's usual gap.
    threshold : float
        At or above it the rule says "will leave".
    """

    feature: str
    threshold: float

    @classmethod
    def fit(cls, frame: pd.DataFrame, churned: Floats) -> SilenceRule:
        """Take the rule and threshold with the highest accuracy on training snapshots."""
        fitted = [(_best_threshold(_silence(frame, f), churned), f) for f in _SILENCE_RULES]
        (_, threshold), feature = max(fitted, key=lambda item: item[0][0])
        return cls(feature, threshold)

    def rank(self, frame: pd.DataFrame) -> Floats:
        """Give the longest silence the highest score, shape (rows,)."""
        return _silence(frame, self.feature)

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Give 1 for "will leave" and 0 for "will stay", shape (rows,)."""
        return (self.rank(frame) >= self.threshold).astype(np.float64)


def historic_spend(frame: pd.DataFrame, horizon: int) -> Floats:
    """Expect the net amount of the last year, at its daily rate, for ``horizon`` days."""
    return np.asarray(frame["net_sum_365d"].to_numpy(np.float64) * horizon / 365)


def monthly_rule(frame: pd.DataFrame, horizon: int, churn_probability: Floats) -> Floats:
    """Expect mean monthly spend × months × retention, as Dynamics 365 defines its baseline."""
    months_known = np.clip(frame["tenure_days"].to_numpy(np.float64), 1, 365) / _DAYS_PER_MONTH
    monthly = frame["net_sum_365d"].to_numpy(np.float64) / np.maximum(months_known, 1)
    return np.asarray(monthly * (horizon / _DAYS_PER_MONTH) * (1 - churn_probability))


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _log_rfm(frame: pd.DataFrame) -> Floats:
    rfm = frame[list(RFM)].to_numpy(np.float64, na_value=0.0)
    return np.asarray(np.log1p(np.maximum(rfm, 0.0)))


def _silence(frame: pd.DataFrame, feature: str) -> Floats:
    values = frame[feature].to_numpy(np.float64, na_value=np.nan)
    # A single purchase has no rhythm to be late by: rank it by its silence in months.
    months = frame["days_since_purchase"].to_numpy(np.float64) / _DAYS_PER_MONTH
    return np.where(np.isnan(values), months, values)


def _best_threshold(silence: Floats, churned: Floats) -> tuple[float, float]:
    order = np.argsort(silence, kind="stable")
    ranked, outcome = silence[order], churned[order]
    # Right at each cut: those before it who stayed plus those from it on who left.
    stayed_before = np.concatenate([[0.0], np.cumsum(1 - outcome)])
    left_after = outcome.sum() - np.concatenate([[0.0], np.cumsum(outcome)])
    right = (stayed_before + left_after) / len(outcome)
    cuts = np.concatenate([ranked, [np.inf]])
    # A cut inside a run of equal silences is not a threshold.
    starts = np.concatenate([[True], ranked[1:] != ranked[:-1], [True]])
    right = np.where(starts, right, -1.0)
    best = int(np.argmax(right))
    return float(right[best]), float(cuts[best])
