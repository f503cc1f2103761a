"""What a campaign brought: treated against control, by the arm assigned, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from models.matrix import Floats
from training.arms import LEVEL, Estimate, Mask, adjusted, arms, difference
from training.campaign_size import POWER

LEAST = 30
"""Customers of an arm below which a mean tells nothing."""

FEWEST = 5
"""Customers of an arm who leave, and who stay, below which a share tells nothing."""

SHARE = "retention"
"""The outcome that is a share, of those who stay."""


@dataclass(frozen=True)
class Measured:
    """One outcome of a campaign.

    Parameters
    ----------
    measure : str
        "retention", "revenue" or "profit".
    treated, control : float
        Means of the arms; NaN without customers.
    customers : int
        Of both arms.
    plain, adjusted : Estimate or None
        The difference of the means, and with covariates; None where there are too few data.
    missing : str
        What there is too little of, and how much is needed; empty where there is enough.
    level : float
        Coverage of the intervals.
    """

    measure: str
    treated: float
    control: float
    customers: int
    plain: Estimate | None
    adjusted: Estimate | None
    missing: str = ""
    level: float = LEVEL

    @property
    def best(self) -> Estimate | None:
        """The estimate to go by: the adjusted one where there is one."""
        return self.adjusted or self.plain

    @property
    def verdict(self) -> str:
        """What the interval says: "more", "less" or "not enough data"."""
        found = self.best
        if found is None or found.low <= 0 <= found.high:
            return "not enough data"
        return "more" if found.difference > 0 else "less"

    @property
    def detectable(self) -> float:
        """The smallest effect that so many customers show with a chance of :data:`POWER`."""
        return math.nan if self.best is None else _reach(self.level, POWER) * self.best.error

    @property
    def needed(self) -> float:
        """Customers, in these shares, who would show an effect as large as the estimate."""
        if self.best is None or self.best.difference == 0:
            return math.nan
        return math.ceil(self.customers * (self.detectable / self.best.difference) ** 2)


def measured(
    measure: str,
    outcome: Floats,
    treated: Mask,
    covariates: Floats,
    level: float = LEVEL,
) -> Measured:
    """Measure one outcome of a campaign, or say what is missing for that.

    Parameters
    ----------
    measure : str
        "retention" is a share: it takes some who leave and some who stay in each arm.
    outcome : array, shape (customers,)
    treated : bool array, shape (customers,)
    covariates : array, shape (customers, covariates)
    level : float
        Coverage of the intervals.
    """
    one, other = (float(outcome[a].mean()) if a.any() else math.nan for a in (treated, ~treated))
    lacking = missing(outcome, treated, is_share=measure == SHARE)
    if lacking:
        return Measured(measure, one, other, len(outcome), None, None, lacking, level)
    plain = difference(outcome, treated, level)
    narrowed = adjusted(outcome, treated, covariates, level)
    return Measured(measure, one, other, len(outcome), plain, narrowed, "", level)


def missing(outcome: Floats, treated: Mask, *, is_share: bool) -> str:
    """Say what there is too little of, and how much is needed; empty where there is enough."""
    counts = arms(treated)
    if min(counts) < LEAST:
        return (
            f"{counts[0]:,} treated and {counts[1]:,} control customers whose time is "
            f"over; at least {LEAST} of each are needed"
        )
    if not is_share:
        return ""
    stayed = [int(outcome[arm].sum()) for arm in (treated, ~treated)]
    left = [n - stay for n, stay in zip(counts, stayed, strict=True)]
    if min(*stayed, *left) < FEWEST:
        return (
            f"{left[0]:,} of {counts[0]:,} treated and {left[1]:,} of {counts[1]:,} control "
            f"customers left; at least {FEWEST} who leave and {FEWEST} who stay of each are needed"
        )
    return ""


def _reach(level: float, chance: float) -> float:
    return float(stats.norm.ppf((1 + level) / 2) + stats.norm.ppf(chance))


def table(found: Sequence[Measured]) -> pd.DataFrame:
    """Give what was measured as a table, a row a measure."""
    return pd.DataFrame([_row(one) for one in found])


def _row(one: Measured) -> dict[str, object]:
    best, plain = one.best, one.plain
    return {
        "measure": one.measure,
        "treated": one.treated,
        "control": one.control,
        "difference": best.difference if best else math.nan,
        "low": best.low if best else math.nan,
        "high": best.high if best else math.nan,
        "plain_difference": plain.difference if plain else math.nan,
        "plain_low": plain.low if plain else math.nan,
        "plain_high": plain.high if plain else math.nan,
        "adjusted": one.adjusted is not None,
        "detectable": one.detectable,
        "needed": one.needed,
        "verdict": one.verdict,
        "missing": one.missing,
    }
