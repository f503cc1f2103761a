"""Before a campaign: how many customers it needs; after it: whether the arms are as planned."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from training.arms import LEVEL

POWER = 0.8
"""Chance to find an effect, where none is named."""

SUSPECT = 0.001
"""Arms in other shares than planned are reported when chance does that more rarely."""


@dataclass(frozen=True)
class Size:
    """How many customers a campaign needs of each arm, and with what chance it then succeeds."""

    treated: int
    control: int
    power: float

    @property
    def customers(self) -> int:
        """Of both arms."""
        return self.treated + self.control


def mismatch(treated: int, control: int, planned: float) -> float:
    """Give the chance of arms at least as far from the shares planned, where all went well.

    Parameters
    ----------
    treated, control : int
        Customers assigned.
    planned : float
        Share of the control group, within (0, 1).

    Notes
    -----
    The exact binomial test. A sample ratio mismatch is no bad luck but a fault in assigning or
    recording (Fabijan et al. 2019, KDD): the comparison is then not to be trusted.
    """
    return float(stats.binomtest(control, treated + control, planned).pvalue)


def size(
    base_rate: float,
    effect: float,
    control_share: float = 0.5,
    *,
    power: float = POWER,
    level: float = LEVEL,
) -> Size:
    """Give the customers needed to find an effect on the share of those who leave.

    Parameters
    ----------
    base_rate : float
        Share of the controls who leave, within (0, 1).
    effect : float
        How much lower (or, below 0, higher) it is among the treated.
    control_share : float
        Share of the control group, within (0, 1).
    power : float
        Chance to find the effect.
    level : float
        Coverage of the interval that is not to hold 0.

    Raises
    ------
    ValueError
        For shares outside their range, or an effect that none of them can have.

    Notes
    -----
    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, section 4.3,
    without the correction for continuity.
    """
    _check_shares(base_rate, effect, control_share, power, level)
    ratio = (1 - control_share) / control_share
    null, real = _spreads(base_rate, effect, ratio)
    wanted = stats.norm.ppf((1 + level) / 2) * null + stats.norm.ppf(power) * real
    control = (wanted / effect) ** 2
    return Size(math.ceil(ratio * control), math.ceil(control), power)


def power(
    base_rate: float,
    effect: float,
    customers: int,
    control_share: float = 0.5,
    *,
    level: float = LEVEL,
) -> Size:
    """Give the chance with which so many customers show an effect; see :func:`size`."""
    _check_shares(base_rate, effect, control_share, POWER, level)
    control = max(1, round(control_share * customers))
    null, real = _spreads(base_rate, effect, (customers - control) / control)
    reached = abs(effect) * math.sqrt(control) - stats.norm.ppf((1 + level) / 2) * null
    return Size(customers - control, control, float(stats.norm.cdf(reached / real)))


def _check_shares(base: float, effect: float, control: float, chance: float, level: float) -> None:
    shares = {"base rate": base, "control share": control, "power": chance, "level": level}
    for name, value in shares.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} is {value:g}; give a share between 0 and 1")
    if effect == 0 or not 0 < base - effect < 1:
        raise ValueError(
            f"effect is {effect:g} on a base rate of {base:g}; give the points by which the share "
            "of those who leave falls, such as 0.03, and not more than the base rate"
        )


def _spreads(base: float, effect: float, ratio: float) -> tuple[float, float]:
    """Give the deviation of the difference without and with the effect, for one control."""
    other = base - effect
    pooled = (base + ratio * other) / (1 + ratio)
    null = math.sqrt((1 + 1 / ratio) * pooled * (1 - pooled))
    return null, math.sqrt(base * (1 - base) + other * (1 - other) / ratio)
