"""What a model has to beat: the best rule on silence, logistic RFM, past spend."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from models.calibration import clip, logit, sigmoid
from models.matrix import Floats
from models.stored import Frame

RFM = ("days_since_purchase", "purchase_days_count_365d", "spend_sum_365d", "tenure_days")
"""Recency, frequency, monetary and tenure: the features of the logistic baseline."""

SUBSCRIBED = (
    "subscription_tenure_days",
    "subscription_age_days",
    "subscription_price_per_30d",
    "subscription_days_to_renewal",
    "subscription_cancellations_count",
    "days_since_activity",
)
"""What a subscription offers in their place, as far as the tables tell."""

PAST_SPEND = ("net_sum_365d", "subscription_price_per_30d")
"""What the past says of a customer's value, the better first, with the days it is of."""

SILENCE = "longest silence"
NEWEST = "newest subscription"
_PAST_DAYS = {"net_sum_365d": 365, "subscription_price_per_30d": 30}
_SILENCE_RULES = ("days_since_purchase", "overdue_ratio")
_YOUNGEST = "subscription_tenure_days"
_WITHOUT_PURCHASES = ("days_since_activity", _YOUNGEST)
_DAYS_PER_MONTH = 365 / 12
_FOREVER = 1e9


@dataclass(frozen=True)
class LogisticRFM:
    """Logistic regression on the logarithms of recency, frequency, spend and tenure.

    Of subscribers, on what stands for these: how long, at what price, how near the renewal.

    Parameters
    ----------
    mean, scale, weights : tuple of float
        One a column: standardisation and coefficient.
    intercept : float
    columns : tuple of str
        Those of :data:`RFM` and :data:`SUBSCRIBED` that the tables allow.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    columns: tuple[str, ...] = RFM

    @classmethod
    def fit(cls, frame: Frame, churned: Floats) -> LogisticRFM:
        """Fit on snapshots with any of the columns and outcomes 0 or 1.

        Where all outcomes are the same, that is what every customer is told.
        """
        columns = tuple(c for c in (*RFM, *SUBSCRIBED) if c in frame.columns)
        x = _logarithms(frame, columns)
        mean, scale = x.mean(axis=0), np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
        if len(np.unique(churned)) < 2 or not columns:  # noqa: PLR2004 - one class tells nothing
            same = float(logit(np.asarray(np.mean(churned))))
            return cls(_floats(mean), _floats(scale), (0.0,) * len(columns), same, columns)
        model = LogisticRegression().fit((x - mean) / scale, churned)
        weights, intercept = _floats(model.coef_[0]), float(model.intercept_[0])
        return cls(_floats(mean), _floats(scale), weights, intercept, columns)

    def contributions(self, frame: pd.DataFrame) -> Floats:
        """Give each column's part of the log odds, shape (rows, columns), 0 at the average."""
        x = _logarithms(frame, self.columns)
        return np.asarray((x - self.mean) / self.scale * np.asarray(self.weights))

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
        return cls(mean, scale, weights, float(fields["intercept"]), tuple(fields["columns"]))


@dataclass(frozen=True)
class SilenceRule:
    """Call those silent the longest: the ranking that a company without a model uses.

    Where nobody purchases, those without any activity for the longest, or those who have
    subscribed for the shortest time.

    Parameters
    ----------
    feature : str
        Days since the last purchase, or that over the customer's usual gap; without purchases,
        days since the last activity, or days since the first subscription.
    threshold : float
        At or above it the rule says "will leave".
    """

    feature: str
    threshold: float

    @property
    def name(self) -> str:
        """What puts customers first: :data:`SILENCE` or :data:`NEWEST`."""
        return NEWEST if self.feature == _YOUNGEST else SILENCE

    @classmethod
    def fit(cls, frame: Frame, churned: Floats) -> SilenceRule:
        """Take the rule and threshold with the highest accuracy on training snapshots."""
        rules = _SILENCE_RULES if _SILENCE_RULES[0] in frame.columns else _WITHOUT_PURCHASES
        given = [f for f in rules if f in frame.columns]
        fitted = [(_best_threshold(_silence(frame, f), churned), f) for f in given]
        (_, threshold), feature = max(fitted, key=lambda item: item[0][0])
        return cls(feature, threshold)

    def rank(self, frame: pd.DataFrame) -> Floats:
        """Give the longest silence, or the shortest time, the highest score, shape (rows,)."""
        return _silence(frame, self.feature)

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Give 1 for "will leave" and 0 for "will stay", shape (rows,)."""
        return (self.rank(frame) >= self.threshold).astype(np.float64)


def past_spend(columns: Collection[str]) -> str | None:
    """Give the column of :data:`PAST_SPEND` to use; None where there is none of them."""
    return next((c for c in PAST_SPEND if c in columns), None)


def historic_spend(frame: pd.DataFrame, horizon: int) -> Floats:
    """Expect the net amount of the last year, at its daily rate, for ``horizon`` days.

    Without transactions, the price of the running subscriptions; an unknown one counts as 0.
    """
    column = past_spend(frame.columns)
    if column is None:
        return np.zeros(len(frame))
    return np.asarray(amounts(frame, column) * horizon / _PAST_DAYS[column])


def monthly_rule(frame: pd.DataFrame, horizon: int, churn_probability: Floats) -> Floats:
    """Expect mean monthly spend × months × retention, as Dynamics 365 defines its baseline."""
    if "net_sum_365d" not in frame.columns:
        return np.asarray(historic_spend(frame, horizon) * (1 - churn_probability))
    months_known = np.clip(frame["tenure_days"].to_numpy(np.float64), 1, 365) / _DAYS_PER_MONTH
    monthly = amounts(frame, "net_sum_365d") / np.maximum(np.nan_to_num(months_known), 1)
    return np.asarray(monthly * (horizon / _DAYS_PER_MONTH) * (1 - churn_probability))


def amounts(frame: Frame, column: str) -> Floats:
    """Give a column of amounts; whoever never bought has spent nothing."""
    return np.asarray(np.nan_to_num(frame[column].to_numpy(np.float64, na_value=np.nan)))


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _logarithms(frame: Frame, columns: tuple[str, ...]) -> Floats:
    figures = frame[list(columns)].to_numpy(np.float64, na_value=0.0)
    return np.asarray(np.log1p(np.maximum(figures, 0.0)))


def _silence(frame: Frame, feature: str) -> Floats:
    values = frame[feature].to_numpy(np.float64, na_value=np.nan)
    if feature == _YOUNGEST:
        return np.asarray(np.nan_to_num(-values, nan=-_FOREVER))
    if feature in _WITHOUT_PURCHASES or "days_since_purchase" not in frame.columns:
        # Whoever was never active has been silent for longer than anybody.
        return np.asarray(np.nan_to_num(values, nan=_FOREVER))
    # A single purchase has no rhythm to be late by: rank it by its silence in months.
    months = frame["days_since_purchase"].to_numpy(np.float64, na_value=np.nan) / _DAYS_PER_MONTH
    # A subscriber who never bought has been silent for longer than anybody.
    longest = np.where(np.isnan(values), months, values)
    return np.asarray(np.nan_to_num(longest, nan=_FOREVER))


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
