"""What contacting customers earns by a churn model: its expected maximum profit, EMPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import betaincc

from training.curves import Curve, FloatArray, outcome_curve

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class MaximumProfit(NamedTuple):
    """Expected maximum profit, and the share of customers contacted to earn it.

    Attributes
    ----------
    profit : float
        The EMPC: currency per customer of the population, at least 0.
    target_fraction : float
        Expected share of customers contacted at the best threshold, 0 to 1.
    """

    profit: float
    target_fraction: float


ALPHA, BETA, CLV, INCENTIVE, CONTACT = 6.0, 14.0, 200.0, 10.0, 1.0
"""The economics of the source, where none are given."""


def empc(  # noqa: PLR0913 - the economics go by name, each with the default of the source
    churned: ArrayLike,
    score: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    alpha: float = ALPHA,
    beta: float = BETA,
    clv: float = CLV,
    d: float = INCENTIVE,
    f: float = CONTACT,
) -> MaximumProfit:
    r"""Return the expected maximum profit of a retention campaign (EMPC) and its target fraction.

    .. math:: \int_0^1 \max_t \left[\pi_0 F_0(t)\,(\gamma\,(V - d) - f)
              - \pi_1 F_1(t)\,(d + f)\right] h(\gamma)\,d\gamma

    with :math:`\pi_0, \pi_1` the shares of churners and stayers, :math:`F_0, F_1` the parts of
    them at or above threshold t, V the lifetime value and h the Beta density of the acceptance.

    Parameters
    ----------
    churned : array_like, shape (n,)
        Outcome, 1 left or 0 stayed.
    score : array_like, shape (n,)
        Churn probability or any score that rises with it: only the order matters.
    weights : array_like, shape (n,), optional
        Weight of each row; 1 by default.
    alpha, beta : float
        Beta distribution of the acceptance, both above 0.
    clv : float
        Lifetime value of a customer, currency; must exceed ``d``.
    d, f : float
        Cost of the incentive and of the contact, currency, at least 0.

    Returns
    -------
    MaximumProfit
        Profit in currency per customer, from 0 to π0 (mean acceptance (V - d)), and the share to
        contact, 0 to 1. Defined for a single class too: without churners both are 0.

    Raises
    ------
    ValueError
        If the columns cannot be used together or the economics are outside their range.

    Notes
    -----
    Verbraken, Verbeke & Baesens (2013), IEEE TKDE 25(5). Exact, not simulated: only
    thresholds on the convex hull of the ROC curve can be best. Its segments are the blocks of the
    isotonic regression of the outcome on the score (Fawcett & Niculescu-Mizil 2007), and a block
    of churn rate r is contacted just where `models.economics.contact_profit` at r is above 0.
    """
    _check_economics(alpha, beta, clv, d, f)
    curve = outcome_curve(churned, score, weights)
    return maximum_profit(curve, alpha=alpha, beta=beta, clv=clv, d=d, f=f)


def maximum_profit(
    curve: Curve,
    *,
    alpha: float = ALPHA,
    beta: float = BETA,
    clv: float = CLV,
    d: float = INCENTIVE,
    f: float = CONTACT,
) -> MaximumProfit:
    """Return `empc` along a curve, for economics within their range."""
    rate, share = _hull_blocks(curve)
    cost = (1 - rate) * d + f
    gain = rate * (clv - d)
    threshold = np.divide(cost, gain, out=np.ones_like(rate), where=gain > cost)
    contacted = betaincc(alpha, beta, threshold)
    accepted = alpha / (alpha + beta) * betaincc(alpha + 1, beta, threshold)
    profit = gain * accepted - cost * contacted
    return MaximumProfit(float(share @ profit), float(share @ contacted))


def _hull_blocks(curve: Curve) -> tuple[FloatArray, FloatArray]:
    """Return the churn rate and the share of customers of each segment of the ROC hull."""
    mass = np.diff(curve.mass)
    rates = np.diff(curve.actual) / mass
    fitted = isotonic_regression(rates, weights=mass, increasing=False)
    blocks = np.asarray(fitted.blocks)
    rate: FloatArray = np.asarray(fitted.x, dtype=np.float64)[blocks[:-1]]
    return rate, np.add.reduceat(mass, blocks[:-1]) / mass.sum()


def _check_economics(alpha: float, beta: float, clv: float, d: float, f: float) -> None:
    if min(alpha, beta) <= 0:
        raise ValueError(f"alpha is {alpha:g}, beta {beta:g}: give shapes above 0")
    if min(d, f) < 0 or clv <= d:
        raise ValueError(
            f"clv is {clv:g}, d {d:g}, f {f:g}: "
            "give costs of at least 0 and a lifetime value above the incentive"
        )
