"""What a retention action does to customers: the shape that every estimate of it has."""

from __future__ import annotations

from dataclasses import dataclass

from models.matrix import Floats


@dataclass(frozen=True)
class Effect:
    """The estimated effect of one action on each of some customers, against leaving them alone.

    Parameters
    ----------
    churn : array, shape (customers,)
        P(leave | left alone) - P(leave | treated), by the arm assigned, within the churn horizon;
        in [-1, 1]. Below 0 the action drives the customer away.
    value : array, shape (customers,) or None
        What the customer brings more over the value horizon, in the currency, before the
        action's own costs; None where it is not estimated.
    redemption : array, shape (customers,)
        P(the incentive is redeemed | treated), in [0, 1].
    """

    churn: Floats
    value: Floats | None
    redemption: Floats
