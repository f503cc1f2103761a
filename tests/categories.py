"""A shop whose customers begin a category that follows from their taste."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

FIRST, AS_OF = date(2024, 1, 1), date(2024, 6, 1)
NEXT = {"bread": "butter", "tea": "milk", "nails": "hammer", "pens": "ink"}
"""What whoever buys a category begins a month later, half of them."""


def sales(customers: int = 240, seed: int = 5) -> pd.DataFrame:
    """Make customers up who come every ten days, of one taste each, and add its next category."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        taste = list(NEXT)[number % len(NEXT)]
        follows = rng.integers(40, 260)
        for day in range(int(rng.integers(0, 10)), 180, 10):
            rows.append((f"k{number:03}", day, taste, 5.0))
            if day >= follows:
                rows.append((f"k{number:03}", day, NEXT[taste], 3.0))
            if rng.random() < 0.3:
                rows.append((f"k{number:03}", day, f"odds {rng.integers(4)}", 1.0))
    made = pd.DataFrame(rows, columns=["customer_id", "day", "category", "amount"])
    when = pd.Timestamp(FIRST) + pd.to_timedelta(made["day"], unit="D")
    return made.assign(occurred_at=when).drop(columns="day")
