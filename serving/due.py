"""From days until the next purchase to the date of it."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

DAY = pd.ArrowDtype(pa.date32())
"""The type of a column of dates."""


def due_at(as_of: date | None, days: float | None) -> date | None:
    """Give the day so many whole days after as-of; None where either is not known."""
    if as_of is None or days is None or math.isnan(days):
        return None
    return as_of + timedelta(days=math.floor(days))


def due_column(as_of: date | None, days: pd.Series[Any]) -> pd.Series[Any]:
    """Give :func:`due_at` of a column of days, as a column of dates on the same index."""
    if as_of is None:
        return pd.Series([None] * len(days), index=days.index, dtype=DAY)
    whole = np.floor(days.to_numpy(np.float64))  # a NaN becomes NaT, which becomes null
    found = np.datetime64(as_of, "D") + whole.astype("timedelta64[D]")
    return pd.Series(pa.array(found), index=days.index, dtype=DAY)
