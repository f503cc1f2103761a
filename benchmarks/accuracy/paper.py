"""Tables for the console, and the same in Markdown on disk."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table


class Paper:
    """Prints headings, remarks and tables, and collects them as Markdown.

    Parameters
    ----------
    out : Console
    """

    def __init__(self, out: Console) -> None:
        self.out = out
        self._parts: list[str] = []

    def say(self, text: str) -> None:
        """Add a line of text."""
        self.out.print(text, highlight=False, markup=False, soft_wrap=True)
        self._parts.append(text)

    def heading(self, text: str) -> None:
        """Begin a section."""
        self.out.rule(text)
        self._parts.append(f"## {text}")

    def table(self, title: str, frame: pd.DataFrame) -> None:
        """Add a table of texts, its index first."""
        shown = Table("", *map(str, frame.columns), title=title, title_justify="left")
        rows = [[str(cell) for cell in row] for row in frame.itertuples()]
        for row in rows:
            shown.add_row(*row)
        self.out.print(shown, highlight=False, markup=False)
        self._parts.append(f"**{title}**\n\n{markdown(list(map(str, frame.columns)), rows)}")

    def write(self, path: Path) -> None:
        """Write all of it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(self._parts) + "\n", encoding="utf-8")


def markdown(columns: list[str], rows: list[list[str]]) -> str:
    """Render a table whose first column has no name."""
    lines = [["", *columns], ["---"] * (len(columns) + 1), *rows]
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def figure(value: float) -> str:
    """Show a measure: four digits, which tell models apart; a dash for what is undefined."""
    if math.isnan(value):
        return "–"
    whole = len(f"{abs(value):.0f}") if abs(value) >= 1 else 0
    return f"{value:,.{max(4 - whole, 0)}f}"


def signed(value: float) -> str:
    """Show a difference with its sign."""
    return f"+{figure(value)}" if value > 0 else figure(value)
