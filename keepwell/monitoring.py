"""``keepwell monitor``: the champion in service, in the terminal, as a page and as figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console

from keepwell.labelled import is_labelled, refuse_dates
from keepwell.monitor_facts import Looked, figures, look
from keepwell.monitor_report import report
from keepwell.output import check_format, write_text
from keepwell.project import Project, make
from keepwell.show import progress_bar
from keepwell.show_report import print_report
from models.registry import store
from serving.monitored import FILE, Monitored
from training.report import Report
from training.report_page import page


@dataclass(frozen=True)
class Monitoring:
    """What was found, its report, and its figures; these are None where there is no champion."""

    looked: Looked
    report: Report
    figures: Monitored | None


def run_monitoring(
    project: Project, out: Console, as_of: date | None = None, html: Path | None = None
) -> Monitoring:
    """Measure drift and what came true, say what needs action, and keep the figures.

    The figures are written beside the configuration, where the service reads them.

    Parameters
    ----------
    project : Project
    out : Console
    as_of : date, optional
        The first moment that is not known; midnight after the last transaction by default.
    html : Path, optional
        Where to write the page.

    Raises
    ------
    InputError
        When a file cannot be written, or the tables cannot be read.
    """
    check_format(html, (".html",), "--html")
    if is_labelled(project):
        refuse_dates(as_of)
    make(project.folder)
    with (
        store(project.settings.tracking_uri),
        project.scratch() as folder,
        progress_bar(out) as bar,
    ):
        found = look(project, as_of, folder, bar)
    made = Monitoring(found, report(found), _figures(project, found))
    print_report(made.report, out)
    if html is not None:
        write_text(page(made.report), html)
        out.print(f"Wrote {html}", highlight=False, markup=False)
    elif made.figures is not None:
        out.print("Plots, all features and intervals: --html report.html", highlight=False)
    return made


def _figures(project: Project, found: Looked) -> Monitored | None:
    if found.champion is None:
        return None
    made = figures(found, found.champion, datetime.now(UTC))
    write_text(made.model_dump_json(indent=2), project.folder / FILE)
    return made
