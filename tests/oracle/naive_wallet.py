"""Observed wallets and the spend beside them, naively."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from tests.oracle.naive import Facts, Figures, Row, recent, spend


def wallet_share(facts: Facts) -> Figures:
    """Tell the yearly wallet as last observed now and half a year ago, and the spend of then."""
    half_a_year_ago = facts.cutoff - timedelta(days=180)
    figures: Figures = {}
    if "transactions.amount" in facts.has:
        figures["spend_before_sum_180d"] = spend(recent(facts.lines, half_a_year_ago, 180))
    if "wallets" in facts.rows:
        observed = facts.rows["wallets"]
        figures["wallet_observed"] = _newest(observed)
        seen = [row for row in observed if row["observed_at"] < half_a_year_ago]
        figures["wallet_observed_before_180d"] = _newest(seen)
    return figures


def _newest(wallets: Sequence[Row]) -> Fraction | None:
    last = max((row["observed_at"] for row in wallets), default=None)
    return max(
        (
            Fraction(row["amount"]) / Fraction(row["period_days"]) * 365
            for row in wallets
            if row["observed_at"] == last
        ),
        default=None,
    )
