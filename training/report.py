"""What a report is made of: sections of words, tables and plots, for page and terminal alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from training.bootstrap import Interval

UNKNOWN = "–"
BETTER, WORSE, CHANCE = "better", "worse", "within chance"


@dataclass(frozen=True)
class Row:
    """Cells of a table; a second line of a cell, after a line break, is an aside to the first.

    Parameters
    ----------
    cells : tuple of str
        The first names the row.
    marked : bool
        Worth a second look.
    """

    cells: tuple[str, ...]
    marked: bool = False


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Parameters
    ----------
    title : str
    columns : tuple of str
    rows : tuple of Row
        As many cells each as there are columns.
    detail : bool
        Too long for a terminal: on the page alone.
    words : bool
        Its cells are sentences rather than numbers.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    detail: bool = False
    words: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"table {self.title!r} has {len(self.columns)} columns, but its row "
                    f"{row.cells[0]!r} has {len(row.cells)} cells: give as many"
                )


@dataclass(frozen=True)
class Plot:
    """A figure, and what it shows in words for those who cannot see it."""

    figure: Figure
    alt: str


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Parameters
    ----------
    key : str
        Its address on the page.
    title : str
    words : tuple of str
        Paragraphs.
    tables : tuple of Table
    plots : tuple of Plot
    """

    key: str
    title: str
    words: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()


@dataclass(frozen=True)
class Report:
    """A whole report.

    Parameters
    ----------
    title, subtitle : str
    sections : tuple of Section
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]


def figure(number: float) -> str:
    """Write a measure: three decimals below 10, else two."""
    if math.isnan(number):
        return UNKNOWN
    return f"{number:.2f}" if abs(number) >= 10 else f"{number:.3f}"  # noqa: PLR2004 - two digits


def percent(share: float) -> str:
    """Write a share: 0.1234 is "12.3 %"."""
    return UNKNOWN if math.isnan(share) else f"{share:.1%}".replace("%", " %")


def money(amount: float) -> str:
    """Write an amount without its currency: two decimals below 100, else none."""
    if math.isnan(amount):
        return UNKNOWN
    return f"{amount:,.2f}" if abs(amount) < 100 else f"{amount:,.0f}"  # noqa: PLR2004 - cents


def with_interval(found: Interval) -> str:
    """Write an estimate, its interval as an aside."""
    if math.isnan(found.estimate):
        return UNKNOWN
    return f"{figure(found.estimate)}\n{figure(found.low)} to {figure(found.high)}"


def change(found: Interval) -> str:
    """Write a difference with its sign, its interval as an aside."""
    if math.isnan(found.estimate):
        return UNKNOWN
    return f"{found.estimate:+.4f}\n{found.low:+.4f} to {found.high:+.4f}"


def verdict(found: Interval, *, lower: bool) -> str:
    """Say what a difference comes to: "better", "worse", or "within chance".

    Parameters
    ----------
    found : Interval
    lower : bool
        Whether less of the measure is better.
    """
    if found.low <= 0 <= found.high or math.isnan(found.low):
        return CHANCE
    return BETTER if (found.estimate < 0) == lower else WORSE


def plain_rows(rows: Sequence[Sequence[str]]) -> tuple[Row, ...]:
    """Give rows without marks."""
    return tuple(Row(tuple(cells)) for cells in rows)
