"""`keepwell check`: read every table and say what is in it."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features.labelled import read_labelled
from features.tables import Loaded, TableReport
from features.trial import check_built
from keepwell.project import Project


def run_check(project: Project, out: Console) -> Loaded:
    """Read and validate the tables of a project, and print how each was read.

    Raises
    ------
    InputError
        When the configuration or a table cannot be used.
    """
    own = project.own()
    loaded = _loaded(project)
    check_built(own, loaded.tables)
    print_reports(loaded, out)
    return loaded


def _loaded(project: Project) -> Loaded:
    settings = project.settings
    flat = settings.tables.labelled
    if flat is None:
        return project.load()
    amount = settings.value.amount
    found = read_labelled(project.backend, flat, settings.data, settings.folder, amount)
    return Loaded({}, {found.report.table: found.report}, (f"outcome: {found.counts}",))


def print_reports(loaded: Loaded, console: Console) -> None:
    """Print a table of the reports, then rejected rows by reason, then warnings."""
    console.print(_overview(loaded))
    for report in loaded.reports.values():
        for reason, count in report.rejected.items():
            console.print(escape(f"rejected {report.table}: {count:,} x {reason}"))
        if report.quarantine:
            console.print(
                escape(f"rejected {report.table}: see {report.quarantine}"), soft_wrap=True
            )
    for report in loaded.reports.values():
        for warning in report.warnings:
            console.print(escape(f"warning {report.table}: {warning}"), soft_wrap=True)
    for warning in loaded.warnings:
        console.print(escape(f"warning {warning}"), soft_wrap=True)


def _overview(loaded: Loaded) -> Table:
    table = Table()
    table.add_column("table", no_wrap=True)
    for name in ("rows read", "left out", "rejected", "kept", "customers"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("period", no_wrap=True)
    for report in loaded.reports.values():
        rejected = sum(report.rejected.values())
        counts = (report.read, report.left_out, rejected, report.kept, report.customers)
        table.add_row(report.table, *(f"{count:,}" for count in counts), _period(report))
    return table


def _period(report: TableReport) -> str:
    if report.first is None or report.last is None:
        return "-"
    return f"{report.first:%Y-%m-%d} to {report.last:%Y-%m-%d}"
