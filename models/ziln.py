"""Zero-inflated log-normal: amounts that are zero for some and heavy-tailed for the others.

Three raw figures a customer: the log odds q of spending at all, and the mean mu and the log
standard deviation s of the logarithm of what is spent. Wang, Liu & Miao (2019),
arXiv:1912.07753; they use softplus for the deviation, and the exponential here makes the diagonal
of the Hessian exact and never negative.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from models.matrix import Floats

OUTPUTS = 3

_WIDEST = np.log(2.5)
"""Log standard deviation at most: at 2.5 the mean is 23 times the median already."""

_NARROWEST = np.log(0.05)


def loss(raw: Floats, value: Floats) -> Floats:
    """Give the negative log likelihood of each row, but for terms without parameters.

    Parameters
    ----------
    raw : ndarray of shape (rows, 3)
        q, mu and s.
    value : ndarray of shape (rows,)
        Amounts; zero and below count as not spending.
    """
    q, mu, s = raw.T
    spends, logs = _seen(value)
    classified = np.logaddexp(0.0, q) - spends * q
    return np.asarray(classified + spends * (s + (logs - mu) ** 2 / 2 * np.exp(-2 * s)))


def gradient(raw: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Give the gradient of :func:`loss` and the diagonal of its Hessian, of raw's shape."""
    q, mu, s = raw.T
    spends, logs = _seen(value)
    p, precision, off = expit(q), np.exp(-2 * s), mu - logs
    first = (p - spends, spends * off * precision, spends * (1 - off**2 * precision))
    second = (p * (1 - p), spends * precision, spends * 2 * off**2 * precision)
    return np.column_stack(first), np.column_stack(second)


def expected(raw: Floats) -> Floats:
    """Give E[value] = p·exp(mu + sigma²/2), shape (rows,)."""
    q, mu, s = raw.T
    variance = np.exp(2 * np.clip(s, _NARROWEST, _WIDEST))
    return np.asarray(expit(q) * np.exp(mu + variance / 2))


def start(value: Floats) -> tuple[float, float, float]:
    """Give the best figures for everybody alike: where boosting starts.

    Raises
    ------
    ValueError
        When nobody spends: there is no logarithm to start from.
    """
    positive = value[value > 0]
    if len(positive) == 0:
        raise ValueError("no amount is above zero: a zero-inflated log-normal needs some")
    logs = np.log(positive)
    # One customer more of either kind, since certainty has no log odds.
    odds = np.log((len(positive) + 1) / (len(value) - len(positive) + 1))
    spread = np.clip(np.log(max(logs.std(), 1e-9)), _NARROWEST, _WIDEST)
    return float(odds), float(logs.mean()), float(spread)


def _seen(value: Floats) -> tuple[Floats, Floats]:
    """Tell who spends, 0 or 1, and the logarithm of what; 0 for the others."""
    spends = value > 0
    return spends.astype(np.float64), np.log(np.where(spends, value, 1.0))
