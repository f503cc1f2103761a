"""``keepwell uplift``: what the actions do, from the contacts whose outcome is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console

from features.errors import InputError
from keepwell.evaluating import task_for
from keepwell.labelled import is_labelled
from keepwell.output import check_format, write_text
from keepwell.project import Project, make
from keepwell.show import print_rejected, progress_bar
from keepwell.show_report import print_report
from models.registry import store
from training.dates import dates, known_by
from training.report import Report
from training.report_page import page
from training.task import target
from training.uplift_fit import CONTACTS, Experiments, Finding, Place, experiments, findings
from training.uplift_report import Asked, report


@dataclass(frozen=True)
class Uplifted:
    """What the actions do.

    Parameters
    ----------
    found : tuple of Finding
        Of the actions whose contacts suffice.
    read : Experiments
    report : Report
    """

    found: tuple[Finding, ...]
    read: Experiments
    report: Report


def run_uplift(
    project: Project, out: Console, as_of: date | None = None, html: Path | None = None
) -> Uplifted:
    """Judge the effects of all actions out of fold, print the report, and write it as a page.

    Parameters
    ----------
    project : Project
    out : Console
    as_of : date, optional
        The first moment that is not known; the champion's data cutoff by default.
    html : Path, optional
        Where to write the page.

    Raises
    ------
    InputError
        For a flat file, without contacts, or when the page cannot be written.
    ModelError
        Before the first promotion.
    """
    check_format(html, (".html",), "--html")
    if is_labelled(project):
        raise InputError("[tables.labelled]: `keepwell uplift` is for tables with dates")
    make(project.folder)
    made = _uplifted(project, out, as_of)
    print_report(made.report, out)
    if html is not None:
        write_text(page(made.report), html)
        out.print(f"Wrote {html}", highlight=False, markup=False)
    elif made.found:
        out.print("Qini curves and calibration as plots: --html uplift.html", highlight=False)
    return made


def _uplifted(project: Project, out: Console, as_of: date | None) -> Uplifted:
    with (
        store(project.settings.tracking_uri),
        project.scratch() as folder,
        progress_bar(out) as bar,
    ):
        version, champion = project.registry.load_champion()
        task = task_for(project, champion, as_of)
        bar.start("Tables", 1)
        loaded = project.load()
        if CONTACTS not in loaded.tables:
            raise InputError(
                "there are no contacts: add [tables.contacts] with customer_id, contacted_at, "
                "action and treated (false: drawn to be left alone), or record them with `keepwell "
                "contacts import`"
            )
        bar.step()
        when = dates(loaded.tables, task.as_of, task.today)
        known = known_by(loaded.tables, when.as_of)
        aim, _ = target(task, known, when.history, None)
        place, release = Place(folder, project.keep), champion.release
        read = experiments(known, task, aim, when.as_of, release, place)
        bar.start("Uplift", len(read.contacts))
        found = findings(read.contacts, release.encoder, task.seed, bar.step)
        said = f"{champion.name} version {version.number}, contacts known as of {when.as_of}"
        made = report(found, read, Asked(said, task.currency, release, task.seed))
    print_rejected(loaded, out)
    return Uplifted(tuple(found), read, made)
