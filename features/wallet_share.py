"""Wallet share: what the tables alone tell of it.

The share itself needs an estimated wallet where none was observed, hence a fitted model; it is
derived from these features afterwards.
"""

from __future__ import annotations

from ibis import ir

from features.catalogue import Feature
from features.family import Columns, Family
from features.wallet_rows import EARLIER


def _observed(wallets: ir.Table) -> Columns:
    # The largest of several at one moment, so that the order of the rows does not matter.
    annual = wallets["annual"]
    return {
        "wallet_observed": annual.max(where=wallets["is_newest"]),
        "wallet_observed_before_180d": annual.max(where=wallets["was_newest"]),
    }


def _derive(table: ir.Table) -> Columns:
    return {"spend_before_sum_180d": table["_spend_before_180d"].coalesce(0)}


FAMILY = Family(
    name="wallet_share",
    features=(
        Feature(
            "wallet_observed",
            "wallet_share",
            "currency",
            None,
            "What the customer was last observed to spend in the category, with anybody, a year.",
        ),
        Feature(
            "wallet_observed_before_180d",
            "wallet_share",
            "currency",
            EARLIER,
            f"The same as observed up to {EARLIER} days before the cutoff.",
        ),
        Feature(
            "spend_before_sum_180d",
            "wallet_share",
            "currency",
            EARLIER,
            f"Spend in the {EARLIER} days before the last {EARLIER} days, returns not deducted.",
            empty=0,
        ),
    ),
    aggregates={"wallets": _observed},
    derive=_derive,
    needs=("days",),
)
"""Features of :mod:`features.wallet_rows` and the spend that its trend is measured with."""
