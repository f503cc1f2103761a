"""Logistic regression on every feature: the plain model of a flat file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from models.calibration import clip, logit, sigmoid
from models.matrix import Encoder, Floats

_MOST_LEVELS = 30
"""Levels of a category with a weight of their own; rarer ones count as the average."""

_MOST_STEPS = 1000


@dataclass(frozen=True)
class Term:
    """What one feature adds to the log odds.

    Parameters
    ----------
    feature : str
    position : int
        Of its column in the matrix.
    mean, scale : float
        Standardise a number; 0 and 1 for a category, which has a weight a level instead.
    weights : tuple of float
        One for a number; one a level for a category, in the order of the codes.
    missing : float
        Weight of a number that is missing; it counts as the mean besides.
    category : bool
    """

    feature: str
    position: int
    mean: float
    scale: float
    weights: tuple[float, ...]
    missing: float
    category: bool

    def columns(self, matrix: Floats) -> Floats:
        """Give the encoded columns, shape (rows, weights + 1): the last says what is missing."""
        values = matrix[:, self.position]
        unknown = np.isnan(values)
        if self.category:
            told = [values == code for code in range(len(self.weights))]
        else:
            told = [np.where(unknown, 0.0, (values - self.mean) / self.scale)]
        return np.column_stack([*told, unknown]).astype(np.float64)

    def adds(self, matrix: Floats) -> Floats:
        """Give its part of the log odds, shape (rows,)."""
        return np.asarray(self.columns(matrix) @ np.array([*self.weights, self.missing]))


@dataclass(frozen=True)
class Logistic:
    """Standardised numbers, one-hot categories, and what is missing.

    Parameters
    ----------
    terms : tuple of Term
    intercept : float
    """

    terms: tuple[Term, ...]
    intercept: float

    @classmethod
    def fit(cls, encoder: Encoder, matrix: Floats, churned: Floats) -> Logistic:
        """Fit, with scikit-learn's default penalty, on outcomes of 0 and 1.

        Parameters
        ----------
        encoder : Encoder
            Names the columns; one that holds money to be lost (family ``"value"``) is left out.
        matrix : ndarray of shape (rows, features)
        churned : ndarray of shape (rows,)
        """
        empty = [
            _term(encoder, matrix, position)
            for position, feature in enumerate(encoder.features)
            if feature.family != "value"
        ]
        if len(np.unique(churned)) < 2:  # noqa: PLR2004 - nothing tells one class from another
            return cls(tuple(empty), float(logit(np.asarray(np.mean(churned)))))
        design = np.column_stack([term.columns(matrix) for term in empty])
        model = LogisticRegression(max_iter=_MOST_STEPS).fit(design, churned)
        return cls(tuple(_weighted(empty, model.coef_[0])), float(model.intercept_[0]))

    def predict(self, matrix: Floats) -> Floats:
        """Give churn probabilities, shape (rows,)."""
        _, parts = self.contributions(matrix)
        return clip(sigmoid(parts.sum(axis=1) + self.intercept))

    def contributions(self, matrix: Floats) -> tuple[list[str], Floats]:
        """Give what each feature adds to the log odds: names, and shape (rows, features)."""
        names = [term.feature for term in self.terms]
        return names, np.column_stack([term.adds(matrix) for term in self.terms])

    def to_dict(self) -> dict[str, Any]:
        """Give JSON types."""
        terms = [{**vars(term), "weights": list(term.weights)} for term in self.terms]
        return {"terms": terms, "intercept": self.intercept}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Logistic:
        """Read what :meth:`to_dict` gave."""
        terms = (Term(**{**t, "weights": tuple(t["weights"])}) for t in fields["terms"])
        return cls(tuple(terms), float(fields["intercept"]))


def _term(encoder: Encoder, matrix: Floats, position: int) -> Term:
    name = encoder.features.names[position]
    if name in encoder.levels:
        levels = min(len(encoder.levels[name]), _MOST_LEVELS)
        return Term(name, position, 0.0, 1.0, (0.0,) * levels, 0.0, category=True)
    known = matrix[~np.isnan(matrix[:, position]), position]
    mean = float(known.mean()) if len(known) else 0.0
    scale = float(known.std()) if len(known) and known.std() > 0 else 1.0
    return Term(name, position, mean, scale, (0.0,), 0.0, category=False)


def _weighted(terms: list[Term], weights: Floats) -> list[Term]:
    found, start = [], 0
    for term in terms:
        end = start + len(term.weights)
        own = tuple(float(w) for w in weights[start:end])
        fields = {**vars(term), "weights": own, "missing": float(weights[end])}
        found.append(Term(**fields))
        start = end + 1
    return found
