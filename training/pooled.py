"""What experiments with several actions tell of each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.matrix import Floats
from training.measures_uplift import Estimated

_ALIKE = 0.5
"""Actions are as likely as not to differ by less than so many standard errors of one of them."""

_QUANTILES = (np.arange(200) + 0.5) / 200


def pooled(found: Sequence[Estimated]) -> list[Estimated]:
    r"""Draw mean effects towards their common mean, the less they differ by more than chance.

    With true effects that vary by :math:`\omega` around :math:`\mu`, each is expected to be

    .. math:: \mu + \frac{\omega^2}{\omega^2 + s_a^2} (y_a - \mu)

    averaged over what the estimates make of :math:`\mu` and :math:`\omega`.

    Parameters
    ----------
    found : sequence of Estimated
        The mean effect y of each action with its standard error s, in one unit.

    Returns
    -------
    list of Estimated
        In their order. Those without an error stay as they were, and tell nothing of others.

    Notes
    -----
    The hierarchical normal model of Gelman et al. (Bayesian Data Analysis, section 5.4), whose
    variation has a half-Cauchy prior (Gelman 2006, Bayesian Analysis 1); it is integrated over the
    prior's quantiles. Intervals need no widening for the number of effects: where there is none,
    those that chance has made are drawn back to it (Gelman, Hill & Yajima 2012, Journal of
    Research on Educational Effectiveness 5).
    """
    drawn = iter(_drawn([one for one in found if _has_error(one)]))
    return [next(drawn) if _has_error(one) else one for one in found]


def _has_error(one: Estimated) -> bool:
    return bool(np.isfinite(one.error) and one.error > 0)


def _drawn(found: Sequence[Estimated]) -> Sequence[Estimated]:
    if len(found) < 2:  # noqa: PLR2004 - of whom
        return found
    effect = np.array([one.estimate for one in found])
    variance = np.array([one.error for one in found]) ** 2
    scale = _ALIKE * np.sqrt(variance.mean())
    between = (scale * np.tan(np.pi / 2 * _QUANTILES))[:, None] ** 2
    common, error, likelihood = _common(effect, variance + between)
    own = between / (between + variance)
    mean = common + own * (effect - common)
    spread = own * variance + (1 - own) ** 2 * error
    drawn = likelihood @ mean
    total = likelihood @ (spread + (mean - drawn) ** 2)
    return [Estimated(float(e), float(s)) for e, s in zip(drawn, np.sqrt(total), strict=True)]


def _common(effect: Floats, variance: Floats) -> tuple[Floats, Floats, Floats]:
    """Give the common mean, its variance, and the likelihood, by assumed variation (the rows)."""
    error = 1 / (1 / variance).sum(axis=1, keepdims=True)
    common = error * (effect / variance).sum(axis=1, keepdims=True)
    off = ((effect - common) ** 2 / variance + np.log(variance)).sum(axis=1) - np.log(error[:, 0])
    likelihood = np.exp((off.min() - off) / 2)
    return common, error, likelihood / likelihood.sum()
