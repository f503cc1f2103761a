"""Calibration: from a model's probability to one that comes true as often as it says.

Methods are plain numbers, so that they travel in JSON: nothing, a sigmoid of the logit (Platt
1999), or an isotonic step function (Zadrozny & Elkan 2002).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from models.matrix import Floats

METHODS = ("none", "sigmoid", "isotonic")

_EDGE = 1e-6
"""Probabilities stay this far from 0 and 1: no finite history proves certainty."""


def clip(probability: Floats) -> Floats:
    """Keep probabilities off 0 and 1."""
    return np.clip(probability, _EDGE, 1 - _EDGE)


def logit(probability: Floats) -> Floats:
    """Log odds of probabilities that are kept off 0 and 1."""
    p = clip(probability)
    return np.asarray(np.log(p) - np.log1p(-p))


def sigmoid(score: Floats) -> Floats:
    """Probability from log odds, of any size."""
    return np.asarray(expit(score))


def log_loss(outcome: Floats, probability: Floats) -> float:
    """Mean negative log likelihood."""
    p = clip(probability)
    return float(-np.mean(outcome * np.log(p) + (1 - outcome) * np.log1p(-p)))


@dataclass(frozen=True)
class Calibration:
    """A fitted method.

    Parameters
    ----------
    method : {"none", "sigmoid", "isotonic"}
    x, y : tuple of float
        ``sigmoid``: x = (), y = (slope, intercept) on the logit.
        ``isotonic``: the knots of an interpolated step function.
    """

    method: str = "none"
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def apply(self, probability: Floats) -> Floats:
        """Calibrate probabilities of shape (rows,), monotonically."""
        if self.method == "sigmoid":
            slope, intercept = self.y
            return clip(sigmoid(slope * logit(probability) + intercept))
        if self.method == "isotonic":
            return clip(np.interp(probability, self.x, self.y))
        return clip(probability)

    def to_dict(self) -> dict[str, Any]:
        """Give JSON types."""
        return {"method": self.method, "x": list(self.x), "y": list(self.y)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Calibration:
        """Read what :meth:`to_dict` gave."""
        return cls(fields["method"], tuple(fields["x"]), tuple(fields["y"]))


def fit(method: str, outcome: Floats, probability: Floats) -> Calibration:
    """Fit one method on predictions that were not trained on these outcomes."""
    if method == "none" or len(np.unique(outcome)) < 2:  # noqa: PLR2004 - both classes needed
        return Calibration()
    if method == "sigmoid":
        return _fit_sigmoid(outcome, probability)
    steps = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1).fit(probability, outcome)
    return Calibration("isotonic", _floats(steps.X_thresholds_), _floats(steps.y_thresholds_))


def choose(folds: Sequence[tuple[Floats, Floats]]) -> str:
    """Choose the method with the lowest log loss on folds it was not fitted on.

    Parameters
    ----------
    folds : sequence of (outcome, probability)
        Held-out predictions, a pair a fold. With one fold there is nothing to judge a method
        by, and the sigmoid, two numbers, is taken.
    """
    if len(folds) < 2:  # noqa: PLR2004 - one to fit, one to judge
        return "sigmoid"
    return min(METHODS, key=lambda method: _loss_across(method, folds))


def _loss_across(method: str, folds: Sequence[tuple[Floats, Floats]]) -> float:
    losses = []
    for held_out, (outcome, probability) in enumerate(folds):
        rest = [f for i, f in enumerate(folds) if i != held_out]
        fitted = fit(
            method, np.concatenate([y for y, _ in rest]), np.concatenate([p for _, p in rest])
        )
        losses.append(log_loss(outcome, fitted.apply(probability)))
    return float(np.mean(losses))


def _fit_sigmoid(outcome: Floats, probability: Floats) -> Calibration:
    # A large C: two numbers on many rows need no penalty.
    model = LogisticRegression(C=1e6).fit(logit(probability).reshape(-1, 1), outcome)
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    # A slope that turns the ranking round is noise, not calibration.
    return Calibration("sigmoid", (), (slope, intercept)) if slope > 0 else Calibration()


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
