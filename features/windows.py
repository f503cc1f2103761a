"""The windows of the transaction families, and figures that compare a window with another."""

from __future__ import annotations

from ibis import ir

WINDOWS = (7, 30, 90, 180, 365)
"""Days before the cutoff."""

TREND_WINDOWS = (30, 90, 180)
"""Windows that are compared with the one of equal length before them."""


def within(rows: ir.Table, window: int) -> ir.Value:
    """Whether a row lies in the last ``window`` days."""
    return rows["age"] <= window


def just_before(rows: ir.Table, window: int) -> ir.Value:
    """Whether a row lies in the ``window`` days before the last ``window`` days."""
    return (rows["age"] > window) & (rows["age"] <= 2 * window)


def trend(recent: ir.Value, earlier: ir.Value) -> ir.Value:
    """Compare two equal windows: (recent - earlier) / (recent + earlier).

    From -1 (stopped) over 0 (steady) to 1 (new); null where both are zero.
    """
    total = (recent + earlier).cast("float64").nullif(0)
    return (recent - earlier).cast("float64") / total


def ratio(part: ir.Value, whole: ir.Value) -> ir.Value:
    """Divide; null where the whole is null or zero."""
    return part.cast("float64") / whole.cast("float64").nullif(0)


def deviation(total: ir.Value, squares: ir.Value, count: ir.Value) -> ir.Value:
    """Sample standard deviation from exact sums; null below two values."""
    # The difference is taken before the numbers are rounded: equal values deviate by exactly 0.
    spread = (squares * count - total * total).cast("float64")
    pairs = (count * (count - 1)).cast("float64")
    return (spread / pairs.nullif(0)).sqrt()
