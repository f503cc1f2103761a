"""Calibration: from a model's probability to one that comes true as often as it says.

Methods are plain numbers, so that they travel in JSON: nothing, a sigmoid of the logit (Platt
1999), beta (Kull, Silva Filho & Flach 2017), which bends both ends of the scale apart, or an
isotonic step function (Zadrozny & Elkan 2002).
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

METHODS = ("none", "sigmoid", "beta", "isotonic")
"""The simpler ones first."""

Scored = tuple[Floats, Floats]
"""Outcomes and probabilities of the same held-out snapshots."""

Pair = tuple[Sequence[int], int]
"""Folds that a method is fitted on, and the fold that it is judged on."""

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


def losses(outcome: Floats, probability: Floats) -> Floats:
    """Negative log likelihood of each row."""
    p = clip(probability)
    return np.asarray(-(outcome * np.log(p) + (1 - outcome) * np.log1p(-p)))


def log_loss(outcome: Floats, probability: Floats) -> float:
    """Mean negative log likelihood."""
    return float(losses(outcome, probability).mean())


@dataclass(frozen=True)
class Calibration:
    """A fitted method.

    Parameters
    ----------
    method : {"none", "sigmoid", "beta", "isotonic"}
    x, y : tuple of float
        ``sigmoid``: x = (), y = (slope, intercept) on the logit.
        ``beta``: x = (), y = (a, b, c) of a·ln p - b·ln(1 - p) + c.
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
        if self.method == "beta":
            a, b, c = self.y
            return clip(sigmoid(_two_logs(probability) @ np.array([a, b]) + c))
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
    if method == "beta":
        return _fit_beta(outcome, probability)
    steps = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1).fit(probability, outcome)
    return Calibration("isotonic", _floats(steps.X_thresholds_), _floats(steps.y_thresholds_))


def choose(folds: Sequence[Scored], pairs: Sequence[Pair]) -> str:
    """Choose the method that most surely lowers the log loss of folds it was not fitted on.

    Parameters
    ----------
    folds : sequence of (outcome, probability)
        Held-out predictions.
    pairs : sequence of (positions of folds, position of a fold)
        What each trial fits on, and what it judges. Forward predictions are judged by what was
        known when they were made; the folds of one time by all the others.

    Returns
    -------
    str
        One of :data:`METHODS`, the simplest unless another's gain over it exceeds one standard
        error, of the customers and of the folds: last year's bias is often gone this year, and a
        correction that has not proved itself adds to the error. Without pairs nothing can.
    """
    best = METHODS[0]
    least = [_losses(best, folds, pair) for pair in pairs]
    for method in METHODS[1:]:
        found = [_losses(method, folds, pair) for pair in pairs]
        gains = [before - after for before, after in zip(least, found, strict=True)]
        if gains and sure_gain(gains) > 0:
            best, least = method, found
    return best


def others(count: int) -> list[Pair]:
    """Give pairs that judge each of ``count`` folds by all the others."""
    if count < 2:  # noqa: PLR2004 - one to fit, one to judge
        return []
    return [([j for j in range(count) if j != i], i) for i in range(count)]


def _losses(method: str, folds: Sequence[Scored], pair: Pair) -> Floats:
    """Give the log loss of each row of the judged fold."""
    earlier, judged = pair
    outcome, probability = folds[judged]
    known = [np.concatenate(column) for column in zip(*(folds[i] for i in earlier), strict=True)]
    return losses(outcome, fit(method, *known).apply(probability))


def sure_gain(gains: Sequence[Floats], errors: float = 1.0) -> float:
    """Give the mean of what is gained; 0 where chance may have made it.

    Parameters
    ----------
    gains : sequence of ndarray of shape (rows,)
        Of each row of each fold.
    errors : float
        Standard errors, of the customers or of the folds, that the mean has to exceed.
    """
    means = np.array([g.mean() for g in gains])
    by_customer = np.sqrt(sum(g.var() / len(g) for g in gains)) / len(gains)
    by_fold = means.std(ddof=1) / np.sqrt(len(means)) if len(means) > 1 else 0.0
    mean = float(means.mean())
    return mean if mean > errors * max(by_customer, by_fold) else 0.0


def _fit_sigmoid(outcome: Floats, probability: Floats) -> Calibration:
    # A large C: two numbers on many rows need no penalty.
    model = LogisticRegression(C=1e6).fit(logit(probability).reshape(-1, 1), outcome)
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    # A slope that turns the ranking round is noise, not calibration.
    return Calibration("sigmoid", (), (slope, intercept)) if slope > 0 else Calibration()


def _fit_beta(outcome: Floats, probability: Floats) -> Calibration:
    logs = _two_logs(probability)
    used = [0, 1]
    while used:
        model = LogisticRegression(C=1e6).fit(logs[:, used], outcome)
        weights = np.zeros(2)
        weights[used] = model.coef_[0]
        if weights.min() >= 0:
            figures = (*_floats(weights), float(model.intercept_[0]))
            return Calibration("beta", (), figures) if weights.any() else Calibration()
        # A negative slope would turn a part of the ranking round: that part is left out.
        used = [i for i in used if weights[i] > 0]
    return Calibration()


def _two_logs(probability: Floats) -> Floats:
    p = clip(probability)
    return np.column_stack([np.log(p), -np.log1p(-p)])


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
