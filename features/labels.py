"""Labels: what became of a snapshot in the window after its cutoff."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
from ibis import ir

from features.asof import KEYS, Spine, following


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Parameters
    ----------
    kind : str
        The kind of churn; ``"inactivity"`` is no positive transaction in the window.
    horizon : int
        Days of the churn window.
    gap : int
        Days between the cutoff and the start of both windows.
    value_horizon : int
        Days of the value window.
    """

    kind: str
    horizon: int
    gap: int
    value_horizon: int

    @property
    def reach(self) -> int:
        """Days from a cutoff until its last label window has ended."""
        return self.gap + max(self.horizon, self.value_horizon)


def labels(transactions: ir.Table, spine: Spine, target: Target) -> ir.Table:
    """Label each snapshot.

    Parameters
    ----------
    transactions : ibis Table
        Canonical; only rows known when the labels are made.
    spine : Spine
    target : Target

    Returns
    -------
    ibis Table
        The keys, ``churned`` (1: no positive transaction in
        ``[cutoff + gap, cutoff + gap + horizon)``) and ``value`` (float64: net amount in
        ``[cutoff + gap, cutoff + gap + value_horizon)``, returns included).
    """
    stayed = following(transactions, spine, target.gap, target.horizon)
    stayed = stayed.filter(stayed["amount"] > 0).group_by(*KEYS).aggregate(_stayed=ibis._.count())
    earned = following(transactions, spine, target.gap, target.value_horizon)
    earned = earned.group_by(*KEYS).aggregate(_earned=earned["amount"].sum())
    keys = spine.table.select(*KEYS)
    joined = keys.left_join(stayed, list(KEYS)).select(*KEYS, "_stayed")
    joined = joined.left_join(earned, list(KEYS)).select(*KEYS, "_stayed", "_earned")
    return joined.select(
        *KEYS,
        churned=joined["_stayed"].isnull().cast("int64"),
        value=joined["_earned"].cast("float64").coalesce(0.0),
    )
