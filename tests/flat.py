"""A flat file with a ready-made outcome, made up for tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

FLAT = """
name = "shop"
currency = "EUR"

[tables.labelled]
source = "people.parquet"
outcome = "Churn"
positive = "Yes"

[tables.labelled.columns]
customer_id = "Customer"

[churn]
kind = "labelled"
"""
"""A configuration of :func:`people`."""


def people(rows: int = 400, seed: int = 3, empty: int = 40) -> pd.DataFrame:
    """Make customers up: those with a short contract and few calls leave; some are to be scored."""
    rng = np.random.default_rng(seed)
    monthly = rng.random(rows) < 0.5
    calls = rng.poisson(9, rows).astype(float)
    leaves = rng.random(rows) < 1 / (1 + np.exp(1.2 + 0.4 * (calls - 9) - 2.2 * monthly))
    charges = np.round(rng.gamma(3.0, 40.0, rows), 2)
    outcome = np.where(leaves, "Yes", "No").astype(object)
    outcome[:empty:2], outcome[1:empty:2] = None, " "
    charged = charges.astype(str).astype(object)
    charged[empty : empty + 11] = " "
    return pd.DataFrame(
        {
            "Customer": [f"{n:04d}-X" for n in range(rows)],
            "Contract type": np.where(monthly, "Month-to-month", "One year"),
            "Calls": calls,
            "Total charges": charged,
            "Senior": rng.random(rows) < 0.2,
            "Since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), "D"),
            "Price": charges,
            "Churn": outcome,
        }
    )
