"""Measures of estimated effects, on customers whose arm was drawn at random.

An outcome is one of which more is better: 1 stayed, 0 left; or what the customer brought. Rows of
equal estimate count together, so that no result depends on their order. What the data do not define
is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from training.curves import FloatArray, aligned

DECILES = 10


@dataclass(frozen=True)
class Estimated:
    """A figure with its standard error, in one unit."""

    estimate: float
    error: float

    def interval(self, width: float) -> tuple[float, float]:
        """Give the ends so many standard errors away."""
        return self.estimate - width * self.error, self.estimate + width * self.error


@dataclass(frozen=True)
class UpliftCurve:
    """Customers ranked from the highest estimate to the lowest, and what treating them gains.

    Attributes
    ----------
    reached : ndarray, shape (n_levels + 1,)
        How many are treated after each distinct estimate; begins at 0.
    gained : ndarray, shape (n_levels + 1,)
        What that gains, in the unit of the outcome.
    """

    reached: FloatArray
    gained: FloatArray

    def area(self) -> float:
        """Give the area between the curve and its chord: 0 for a random ranking."""
        whole = float(np.trapezoid(self.gained, self.reached))
        return whole - float(self.gained[-1] * self.reached[-1]) / 2


def qini_curve(
    outcome: ArrayLike, uplift: ArrayLike, treated: ArrayLike, weight: ArrayLike | None = None
) -> UpliftCurve:
    r"""Give the gain among the treated of the top ranks, against as many of the control group.

    .. math:: Y_1(k) - Y_0(k) \frac{N_1(k)}{N_0(k)}

    Parameters
    ----------
    outcome, uplift, treated : array_like, shape (n,)
        Outcome, its estimated uplift, and 1 treated or 0 control.
    weight : array_like, shape (n,), optional
        Weight of each row; evens out campaigns that treated different shares. 1 by default.

    Notes
    -----
    Radcliffe (2007), Using control groups to target on predicted lift.
    """
    n1, n0, y1, y0 = _running(outcome, uplift, treated, weight)
    return UpliftCurve(n1 + n0, y1 - y0 * _divided(n1, n0))


def auuc_curve(
    outcome: ArrayLike, uplift: ArrayLike, treated: ArrayLike, weight: ArrayLike | None = None
) -> UpliftCurve:
    r"""Give the difference of the arms' means among the top ranks, times how many they are.

    .. math:: \left(\frac{Y_1(k)}{N_1(k)} - \frac{Y_0(k)}{N_0(k)}\right) (N_1(k) + N_0(k))

    Parameters are those of :func:`qini_curve`.
    """
    n1, n0, y1, y0 = _running(outcome, uplift, treated, weight)
    return UpliftCurve(n1 + n0, (_divided(y1, n1) - _divided(y0, n0)) * (n1 + n0))


def qini(
    outcome: ArrayLike, uplift: ArrayLike, treated: ArrayLike, weight: ArrayLike | None = None
) -> float:
    """Give the Qini coefficient of an outcome of 0 and 1.

    The area of :func:`qini_curve` over its chord, by that of the best ranking there is. 0 for a
    random ranking, 1 at most.

    Notes
    -----
    As scikit-uplift's ``qini_auc_score`` with negative effects.
    """
    best = np.asarray(outcome) * np.where(np.asarray(treated) == 1, 1.0, -1.0)
    area = qini_curve(outcome, uplift, treated, weight).area()
    return _ratio(area, qini_curve(outcome, best, treated, weight).area())


def auuc(
    outcome: ArrayLike, uplift: ArrayLike, treated: ArrayLike, weight: ArrayLike | None = None
) -> float:
    """Give the area under the uplift curve of an outcome of 0 and 1, less that of its chord.

    By that of the best ranking there is: 0 for a random ranking, 1 at most.

    Notes
    -----
    As scikit-uplift's ``uplift_auc_score``.
    """
    y, t = np.asarray(outcome, np.float64), np.asarray(treated, np.float64)
    more = y if ((y == 1) & (t == 0)).sum() > ((y == 0) & (t == 1)).sum() else t
    best = auuc_curve(y, 2.0 * (y == t) + more, t, weight)
    return _ratio(auuc_curve(y, uplift, t, weight).area(), best.area())


def gain(
    outcome: ArrayLike, uplift: ArrayLike, treated: ArrayLike, weight: ArrayLike | None = None
) -> float:
    """Give what a ranking gains over a random one, a customer, for an outcome of any unit.

    Twice the area of :func:`auuc_curve` over its chord, by the square of the customers: were a half
    treated, about what each of all customers would bring more than with a half drawn at random.
    """
    curve = auuc_curve(outcome, uplift, treated, weight)
    return 2 * curve.area() / float(curve.reached[-1]) ** 2


def ranking_measures(
    outcome: ArrayLike, uplift: ArrayLike, treated: ArrayLike, weight: ArrayLike | None = None
) -> dict[str, float]:
    """Give ``qini`` and ``auuc`` of an outcome of 0 and 1, else ``gain``."""
    if set(np.unique(np.asarray(outcome))) <= {0.0, 1.0}:
        return {
            "qini": qini(outcome, uplift, treated, weight),
            "auuc": auuc(outcome, uplift, treated, weight),
        }
    return {"gain": gain(outcome, uplift, treated, weight)}


def mean_effect(
    outcome: ArrayLike,
    treated: ArrayLike,
    propensity: ArrayLike,
    customers: ArrayLike | None = None,
) -> Estimated:
    """Give the mean of the treated less that of the control group.

    Parameters
    ----------
    outcome, treated : array_like, shape (n,)
    propensity : array_like, shape (n,)
        Probability of each to have been treated, within (0, 1); where campaigns treated different
        shares, each arm is weighted to be alike.
    customers : array_like, shape (n,), optional
        Who each row is: rows of one customer are not independent. Each row another by default.

    Notes
    -----
    Hajek's estimator; the error is that of its linearisation, summed by customer.
    """
    y, t, e = aligned(outcome=outcome, treated=treated, propensity=propensity)
    if not 0 < t.sum() < len(t):
        return Estimated(float("nan"), float("nan"))
    parts = [_weighted_mean(y, arm) for arm in (t / e, (1 - t) / (1 - e))]
    pull = parts[0][1] - parts[1][1]
    if customers is not None:
        group = np.unique(np.asarray(customers), return_inverse=True)[1]
        pull = np.asarray(np.bincount(group, weights=pull), np.float64)
    return Estimated(parts[0][0] - parts[1][0], float(np.sqrt(np.sum(pull**2))))


def policy_value(
    outcome: ArrayLike, treated: ArrayLike, propensity: ArrayLike, chosen: ArrayLike
) -> Estimated:
    """Give the mean outcome that everybody would have if the chosen were treated, and no others.

    Parameters
    ----------
    outcome, treated, propensity
        As in :func:`mean_effect`; costs are taken from the outcomes of the treated beforehand.
    chosen : array_like, shape (n,)
        1 to treat, 0 to leave alone; decided without these outcomes.

    Notes
    -----
    Inverse probability weighting of those whose arm was the chosen one: Li, Chu, Langford & Wang
    (2011), with weights that add up to 1.
    """
    y, t, e, policy = aligned(
        outcome=outcome, treated=treated, propensity=propensity, chosen=chosen
    )
    weight = np.where(t == policy, 1 / np.where(policy == 1, e, 1 - e), 0.0)
    if not weight.any():
        return Estimated(float("nan"), float("nan"))
    estimate, pull = _weighted_mean(y, weight)
    return Estimated(estimate, float(np.sqrt(np.sum(pull**2))))


def deciles(
    outcome: ArrayLike, uplift: ArrayLike, treated: ArrayLike, propensity: ArrayLike
) -> list[dict[str, float]]:
    """Compare the estimated with the observed effect, by decile of the estimate.

    Returns
    -------
    list of dict
        The highest first: ``treated`` and ``control`` (customers), ``predicted``, ``observed`` and
        its standard ``error``. Equal estimates stay together, so that there may be fewer than ten.
    """
    y, u, t, e = aligned(outcome=outcome, uplift=uplift, treated=treated, propensity=propensity)
    inner = np.unique(np.quantile(u, np.arange(1, DECILES) / DECILES))
    place = np.searchsorted(inner, u, side="right")
    found = []
    for part in (place == number for number in np.unique(place)[::-1]):
        seen = mean_effect(y[part], t[part], e[part])
        found.append(
            {
                "treated": float(t[part].sum()),
                "control": float((1 - t[part]).sum()),
                "predicted": float(u[part].mean()),
                "observed": seen.estimate,
                "error": seen.error,
            }
        )
    return found


def _running(
    outcome: ArrayLike, uplift: ArrayLike, treated: ArrayLike, weight: ArrayLike | None
) -> list[FloatArray]:
    """Give running counts and outcomes of the treated and the control group, from 0."""
    y, u, t = aligned(outcome=outcome, uplift=uplift, treated=treated)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
    group = np.unique(-u, return_inverse=True)[1]
    n1, n0, y1, y0 = (
        np.concatenate(([0.0], np.cumsum(np.bincount(group, weights=part))))
        for part in (w * t, w * (1 - t), w * t * y, w * (1 - t) * y)
    )
    return [n1, n0, y1, y0]


def _divided(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _weighted_mean(values: FloatArray, weight: FloatArray) -> tuple[float, FloatArray]:
    """Give a weighted mean, and how each row pulls at it."""
    mean = float(np.average(values, weights=weight))
    return mean, np.asarray(weight * (values - mean) / weight.sum())
