"""Made-up customers whose wallets are known: attributes explain half of the log wallet."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.catalogue import Feature, FeatureSet
from features.families import FAMILIES

REGIONS = ("north", "south", "east", "west")
_LEVEL = {"north": 0.9, "south": 0.3, "east": -0.3, "west": -0.9}
_CHOSEN = (
    "days_since_purchase",
    "purchase_days_count_365d",
    "spend_sum_180d",
    "spend_sum_365d",
    "net_sum_365d",
    "tenure_days",
    "category_main_share",
    "wallet_observed",
    "wallet_observed_before_180d",
    "spend_before_sum_180d",
)


def catalogue() -> dict[str, Feature]:
    """Give the features of all families by name."""
    return {f.name: f for family in FAMILIES for f in family.features}


def table_features() -> FeatureSet:
    """Give the features that the tables of these customers allow."""
    known = catalogue()
    return FeatureSet(
        (
            *(known[name] for name in _CHOSEN),
            Feature("attribute_size", "attributes", "own", None, "Its size."),
            Feature(
                "attribute_region", "attributes", "category", None, "Its region.", None, "category"
            ),
        )
    )


def shoppers(
    rows: int, seed: int = 1, observed: float = 0.3, cutoff: str = "2024-01-01"
) -> pd.DataFrame:
    """Make snapshots of one cutoff, with ``wallet`` and ``share``, the truth.

    Parameters
    ----------
    rows, seed
    observed : float
        Part of the customers whose wallet was observed, with an error of a tenth.
    cutoff : str
    """
    rng = np.random.default_rng(seed)
    size, region = rng.normal(size=rows), rng.choice(REGIONS, rows)
    known = (size + np.vectorize(_LEVEL.get)(region)) / np.sqrt(1.45)
    wallet = np.exp(6 + 0.7 * (known + rng.normal(size=rows)) / np.sqrt(2))
    share = rng.beta(1.5, 2.5, rows)
    spend = np.round(share * wallet, 2)
    seen = rng.random(rows) < observed
    silence = rng.integers(1, 200, rows).astype(float)
    leaves = rng.random(rows) < np.clip(0.6 - share + silence / 400, 0.02, 0.98)
    return pd.DataFrame(
        {
            "customer_id": [f"k{n:06d}" for n in range(rows)],
            "cutoff": pd.Timestamp(cutoff),
            "days_since_purchase": silence,
            "purchase_days_count_365d": 1.0 + rng.poisson(5, rows),
            "spend_sum_180d": np.round(spend * rng.uniform(0.3, 0.7, rows), 2),
            "spend_sum_365d": spend,
            "net_sum_365d": spend,
            "tenure_days": silence + rng.integers(100, 900, rows),
            "category_main_share": rng.uniform(0.3, 1, rows),
            "wallet_observed": np.where(seen, wallet * np.exp(rng.normal(0, 0.1, rows)), np.nan),
            "wallet_observed_before_180d": np.nan,
            "spend_before_sum_180d": np.round(spend * rng.uniform(0.3, 0.7, rows), 2),
            "attribute_size": size,
            "attribute_region": region,
            "churned": leaves.astype(int),
            "value": np.where(leaves, 0.0, spend / 4),
            "wallet": wallet,
            "share": share,
        }
    )
