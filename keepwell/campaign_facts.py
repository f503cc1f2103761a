"""What a campaign brought, and what that rests on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date

import pandas as pd

from training.campaign import Measured, table
from training.campaign_size import SUSPECT


@dataclass(frozen=True)
class Campaign:
    """What a campaign brought, and what that rests on.

    Parameters
    ----------
    action : str
    first, last : date
        Days of the first and the last contact.
    treated, control : int
        Customers assigned to each arm.
    repeated : int
        Further contacts of the same customers; the first decides the arm.
    waiting : int
        Customers whose windows have not ended.
    complete_at : date
        When all of them will have.
    judged_treated, judged_control : int
        Customers measured.
    planned_control : float or None
        Share of the control group that was planned.
    mismatch : float or None
        Chance of arms as far from the plan; None without a plan.
    covariates : tuple of str
        What narrowed the intervals.
    currency : str
    retention_horizon, value_horizon : int
        Days from the contact on.
    measures : tuple of Measured
        Retention, revenue and profit.
    """

    action: str
    first: date
    last: date
    treated: int
    control: int
    repeated: int
    waiting: int
    complete_at: date
    judged_treated: int
    judged_control: int
    planned_control: float | None
    mismatch: float | None
    covariates: tuple[str, ...]
    currency: str
    retention_horizon: int
    value_horizon: int
    measures: tuple[Measured, ...]

    @property
    def suspect(self) -> bool:
        """Whether the arms are too far from the plan for chance."""
        return self.mismatch is not None and self.mismatch < SUSPECT

    def table(self) -> pd.DataFrame:
        """Give the measures, a row each, with what they come to over all the treated."""
        found = table(self.measures)
        totals = {
            f"total_{name}": found[name] * self.judged_treated
            for name in ("difference", "low", "high")
        }
        return found.assign(**totals)

    def facts(self) -> dict[str, object]:
        """Give everything as JSON has it."""
        own = {k: v for k, v in asdict(self).items() if k != "measures"}
        return {**own, "suspect": self.suspect, "measures": json.loads(as_json(self.table()))}


def as_json(frame: pd.DataFrame) -> str:
    """Give rows as JSON; null where nothing is known."""
    return str(frame.to_json(orient="records", double_precision=15))
