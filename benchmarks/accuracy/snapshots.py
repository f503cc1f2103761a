"""Who is judged at a cutoff and what became of them: naive pandas, no code of Keepwell's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

ACTIVE_DAYS = 365


@dataclass(frozen=True)
class Snapshot:
    """The population of a log at a cutoff, and its future.

    Parameters
    ----------
    log : str
    cutoff : date
    horizon : int
        Days.
    known : DataFrame
        The lines before the cutoff: all that a method may learn from.
    outcome : DataFrame
        ``churned`` (0 or 1) and ``value``, by customer in ascending order.
    """

    log: str
    cutoff: date
    horizon: int
    known: pd.DataFrame
    outcome: pd.DataFrame

    @property
    def title(self) -> str:
        """What it is called in tables."""
        return f"{self.log} {self.cutoff}"


def snapshot(log: str, lines: pd.DataFrame, cutoff: date, horizon: int) -> Snapshot:
    """Cut a log.

    Parameters
    ----------
    log : str
    lines : DataFrame
        ``customer_id``, ``occurred_at`` and ``amount``.
    cutoff : date
    horizon : int
        Days.
    """
    known = lines[lines["occurred_at"] < pd.Timestamp(cutoff)]
    return Snapshot(log, cutoff, horizon, known, outcomes(lines, cutoff, horizon))


def population(lines: pd.DataFrame, cutoff: date) -> pd.Index[str]:
    """Give the customers with a positive transaction in the year before the cutoff, ascending."""
    bought = lines[lines["amount"] > 0]
    recent = within(bought, cutoff - timedelta(days=ACTIVE_DAYS), cutoff)
    customers: pd.Index[str] = pd.Index(
        sorted(recent["customer_id"].unique()), name="customer_id", dtype="object"
    )
    return customers


def outcomes(lines: pd.DataFrame, cutoff: date, horizon: int) -> pd.DataFrame:
    """Give ``churned`` (no positive transaction in the window) and ``value`` (its net amount)."""
    future = within(lines, cutoff, cutoff + timedelta(days=horizon))
    customers = population(lines, cutoff)
    bought = set(future.loc[future["amount"] > 0, "customer_id"])
    value = future.groupby("customer_id")["amount"].sum().reindex(customers, fill_value=0.0)
    churned = [float(customer not in bought) for customer in customers]
    return pd.DataFrame({"churned": churned, "value": value.round(4)}, index=customers)


def within(lines: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    """Give the lines of ``[start, end)``."""
    when = lines["occurred_at"]
    return lines[(when >= pd.Timestamp(start)) & (when < pd.Timestamp(end))]
