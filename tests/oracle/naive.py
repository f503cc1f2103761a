"""The features once more, naively: one customer, one cutoff, loops over rows.

Nothing here comes from the code under test. A window of w days is ``[cutoff - w, cutoff)`` in
time, money is exact, and a missing figure is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

Row = dict[str, Any]
Figures = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What was known of one customer at one cutoff; None: the company has no such table.

    ``has`` holds the mapped columns as ``table.column``; ``rows`` what was known of any table that
    the company has, outcomes as they are today; ``lines_of`` the transactions known of another
    customer, ``referred_by`` the referrals that name this one.
    """

    cutoff: datetime
    lines: Sequence[Row]
    complaints: Sequence[Row] | None
    version: Row | None
    has: frozenset[str]
    rows: Mapping[str, Sequence[Row]]
    lines_of: Callable[[str], Sequence[Row]]
    referred_by: Sequence[Row]


def known(rows: Iterable[Row], time: str, cutoff: datetime) -> list[Row]:
    """Keep rows that had happened, and been recorded, before the cutoff."""
    kept = []
    for row in rows:
        recorded = row.get("recorded_at")
        if row[time] < cutoff and (recorded is None or recorded < cutoff):
            kept.append(row)
    return kept


def recent(
    rows: Iterable[Row], cutoff: datetime, days: int, time: str = "occurred_at"
) -> list[Row]:
    """Keep rows of the last days before the cutoff."""
    return [r for r in rows if cutoff - timedelta(days=days) <= r[time] < cutoff]


def earlier(rows: Iterable[Row], cutoff: datetime, days: int) -> list[Row]:
    """Keep rows of the window of equal length before the last one."""
    return recent(rows, cutoff - timedelta(days=days), days)


def positive(rows: Iterable[Row]) -> list[Row]:
    """Keep lines that bought something."""
    return [r for r in rows if r["amount"] > 0]


def negative(rows: Iterable[Row]) -> list[Row]:
    """Keep lines that returned something."""
    return [r for r in rows if r["amount"] < 0]


def purchases(rows: Iterable[Row]) -> list[date]:
    """List the days with a purchase."""
    return sorted({r["occurred_at"].date() for r in positive(rows)})


def gaps(days: Sequence[date]) -> list[int]:
    """List the days between one purchase and the next."""
    return [(later - sooner).days for sooner, later in pairwise(days)]


def days_ago(day: date, cutoff: datetime) -> int:
    """Count the days from a day to the cutoff."""
    return (cutoff.date() - day).days


def total(values: Iterable[Any]) -> Fraction:
    """Add exactly, leaving out what is missing."""
    return sum((Fraction(v) for v in values if v is not None), Fraction(0))


def spend(rows: Iterable[Row]) -> Fraction:
    """Add the amounts of the lines that bought something."""
    return total(r["amount"] for r in positive(rows))


def divide(part: Fraction | int | None, whole: Fraction | int | None) -> Fraction | None:
    """Divide; unknown without a whole."""
    return None if part is None or not whole else Fraction(part) / Fraction(whole)


def mean(values: Sequence[Any]) -> Fraction | None:
    """Average; unknown of nothing."""
    return divide(total(values), len(values))


def deviation(values: Sequence[Any]) -> float | None:
    """Sample standard deviation in two passes; unknown below two values."""
    middle = mean(values)
    if middle is None or len(values) < 2:
        return None
    squares = sum(((Fraction(v) - middle) ** 2 for v in values), Fraction(0))
    variance = squares / (len(values) - 1)
    return float((Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt())


def change(now: Fraction | int, before: Fraction | int) -> Fraction | None:
    """Compare two windows, from -1 to 1; unknown when both are empty."""
    return divide(now - before, now + before)


def best(choose: Callable[[list[Any]], Any], values: Iterable[Any]) -> Any:  # noqa: ANN401
    """Give the largest or smallest known value; None without one."""
    there = [v for v in values if v is not None]
    return choose(there) if there else None
