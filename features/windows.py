"""The windows of the transaction families, and figures that compare a window with another."""

from __future__ import annotations

import ibis
from ibis import ir

WINDOWS = (7, 30, 90, 180, 365)
"""Days before the cutoff."""

TREND_WINDOWS = (30, 90, 180)
"""Windows that are compared with the one of equal length before them."""

SEASON_WINDOWS = (30, 90)
"""Windows that are compared with the same days one year earlier."""

YEAR = 365
"""Days."""


def within(rows: ir.Table, window: int) -> ir.Value:
    """Whether a row lies in the last ``window`` days."""
    return rows["age"] <= window


def just_before(rows: ir.Table, window: int) -> ir.Value:
    """Whether a row lies in the ``window`` days before the last ``window`` days."""
    return (rows["age"] > window) & (rows["age"] <= 2 * window)


def year_before(rows: ir.Table, window: int) -> ir.Value:
    """Whether a row lies in the days one year before the last ``window`` days."""
    return (rows["age"] > YEAR) & (rows["age"] <= YEAR + window)


def season(change: ir.Value, first_age: ir.Value, window: int) -> ir.Value:
    """Keep a change against the year before only where the history reaches back to it.

    Parameters
    ----------
    change : ibis Value
        See :func:`trend`.
    first_age : ibis Value
        Days since the customer's first purchase.
    window : int
        Days.

    Returns
    -------
    ibis Value
        Null where the first purchase is later than the first of the days compared with: who was
        no customer yet has no season to fall short of.
    """
    return ibis.ifelse(first_age >= YEAR + window, change, ibis.null("float64"))


def trend(recent: ir.Value, earlier: ir.Value) -> ir.Value:
    """Compare two equal windows: (recent - earlier) / (recent + earlier).

    From -1 (stopped) over 0 (steady) to 1 (new); null where both are zero.
    """
    total = (recent + earlier).cast("float64").nullif(0)
    return (recent - earlier).cast("float64") / total


def signed_trend(recent: ir.Value, earlier: ir.Value) -> ir.Value:
    """Compare two equal windows of figures that may be negative, such as margins.

    (recent - earlier) / (abs(recent) + abs(earlier)), from -1 to 1; null where both are zero.
    """
    total = (recent.abs() + earlier.abs()).cast("float64").nullif(0)
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
