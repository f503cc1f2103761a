"""What an offer earns: its expected profit, and the risk from which on it pays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from models.effect import Effect
from models.matrix import Floats


def contact_profit(
    p: ArrayLike, gamma: ArrayLike, d: ArrayLike, f: ArrayLike, value: ArrayLike
) -> Floats:
    r"""Return the expected profit of one offer over making none.

    .. math:: p\,\gamma\,(V - d) - (1 - p)\,d - f

    A churner who accepts stays and costs the incentive; one who would have stayed takes the
    incentive anyway; every contact costs ``f``. The parameters broadcast against each other.

    Parameters
    ----------
    p : array_like
        Churn probability, 0 to 1.
    gamma : array_like
        Share of churners who accept the offer and stay, 0 to 1.
    d : array_like
        Cost of the incentive when taken, currency, at least 0.
    f : array_like
        Cost of the contact, currency, at least 0.
    value : array_like
        Value if retained less value if churned, currency.

    Returns
    -------
    ndarray
        Profit per contacted customer, currency; below 0 where the contact does not pay.

    Notes
    -----
    The profit function of Verbraken, Verbeke & Baesens (2013). It assumes that risk is
    sensitivity, which only an experiment can show: a fallback where there is none.
    """
    risk, accepted, incentive, contact, worth = _as_floats(p, gamma, d, f, value)
    return np.asarray(
        risk * accepted * (worth - incentive) - (1 - risk) * incentive - contact, dtype=np.float64
    )


def break_even(gamma: ArrayLike, d: ArrayLike, f: ArrayLike, value: ArrayLike) -> Floats:
    r"""Return the churn probability from which an offer pays.

    .. math:: p^* = \frac{d + f}{\gamma\,(V - d) + d}

    Parameters
    ----------
    gamma, d, f, value : array_like
        As in `contact_profit`; they broadcast against each other.

    Returns
    -------
    ndarray
        Probability, at least 0. Above 1 (infinite, where profit does not rise with the risk) the
        offer pays for nobody.

    Notes
    -----
    The root of `contact_profit`. 200 of value, an incentive of 10, a contact of 1 and an
    acceptance of 0.3 give 0.164.
    """
    accepted, incentive, contact, worth = _as_floats(gamma, d, f, value)
    slope = np.asarray(accepted * (worth - incentive) + incentive)
    never = np.full(np.broadcast_shapes(slope.shape, contact.shape), np.inf)
    return np.asarray(np.divide(incentive + contact, slope, out=never, where=slope > 0))


def _as_floats(*numbers: ArrayLike) -> tuple[Floats, ...]:
    return tuple(np.asarray(number, dtype=np.float64) for number in numbers)


def assumed_effect(p: Floats, acceptance: float) -> Effect:
    r"""Give the effect of an offer that a share of would-be leavers accepts.

    Those who accept stay and redeem it; those who would have stayed anyway redeem it too.

    Parameters
    ----------
    p : array, shape (customers,)
        Churn probability, 0 to 1.
    acceptance : float
        The γ of :func:`contact_profit`, 0 to 1.
    """
    saved = p * acceptance
    return Effect(churn=saved, value=None, redemption=saved + 1 - p)


def effect_profit(effect: Effect, d: float, f: float, value: Floats) -> Floats:
    r"""Return the expected profit of contacting each customer, given the effect.

    .. math:: \tau V - P(\text{redeem})\,d - f

    with the value uplift in the place of :math:`\tau V` where it has been estimated, never both. Of
    an assumed effect it is :func:`contact_profit`.

    Parameters
    ----------
    effect : Effect
    d, f : float
        Cost of the incentive when redeemed, and of the contact, currency, at least 0.
    value : array, shape (customers,)
        Value if retained less value if churned, currency.
    """
    gain = effect.churn * value if effect.value is None else effect.value
    return np.asarray(gain - effect.redemption * d - f)


def lifted_effect(p: Floats, amount: Floats, lift: float) -> Effect:
    r"""Give the effect of an offer of a category that raises the chance of its first purchase.

    .. math:: \rho = \min(\lambda p,\ 1 - p), \qquad P(\text{redeem}) = p + \rho

    Those who begin because of it bring the amount; they redeem it, and so do those who would have
    begun anyway.

    Parameters
    ----------
    p : array, shape (customers,)
        Probability of a first purchase without any offer, 0 to 1.
    amount : array, shape (customers,)
        What whoever begins brings, currency.
    lift : float
        λ, above 0.
    """
    more = np.minimum(lift * p, 1 - p)
    return Effect(churn=np.zeros_like(p), value=more * amount, redemption=p + more)
