"""A report in the terminal: its words and short tables; what is long or drawn is on the page."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Printed

from training.report import Report, Table


def print_report(report: Report, out: Console) -> None:
    """Print a report's sections in a compact form."""
    out.print(f"[bold]{escape(report.title)}[/] {escape(report.subtitle)}.", highlight=False)
    for section in report.sections:
        out.print()
        out.print(f"[bold]{escape(section.title)}[/]", highlight=False)
        for words in section.words:
            out.print(escape(words), highlight=False)
        for table in section.tables:
            if not table.detail:
                out.print(_printed(table))


def _printed(table: Table) -> Printed:
    printed = Printed(title=escape(table.title), title_justify="left")
    for place, name in enumerate(table.columns):
        left = place == 0 or table.words
        printed.add_column(escape(name), justify="left" if left else "right")
    for row in table.rows:
        printed.add_row(*map(escape, row.cells), style="yellow" if row.marked else None)
    return printed
