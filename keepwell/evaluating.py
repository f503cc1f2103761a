"""``keepwell evaluate``: the report on the champion, in the terminal, as a page and in MLflow."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

from rich.console import Console

from features.families import FAMILIES
from features.keeping import fingerprint
from features.own import load
from features.settings import ChurnSettings
from keepwell.cluster import trained
from keepwell.labelled import assess_labelled, check_kind, is_labelled, refuse_dates
from keepwell.output import check_format, write_text
from keepwell.project import Project, make
from keepwell.scoring import differences
from keepwell.show import print_rejected, progress_bar
from keepwell.show_report import print_report
from keepwell.training import task_of
from models.bundle import Bundle, Definition
from models.registry import Version, store
from training.assess import Assessed, assess
from training.report_page import page
from training.task import Task
from training.tracking import Tracker
from training.train import Workshop

PAGE = "report.html"


def run_evaluation(
    project: Project, out: Console, as_of: date | None = None, html: Path | None = None
) -> Assessed:
    """Assess the champion, print the report, log it, and write it as a page.

    Parameters
    ----------
    project : Project
    out : Console
    as_of : date, optional
        The first moment that is not known; the champion's data cutoff by default.
    html : Path, optional
        Where to write the page; it is always logged to MLflow.

    Raises
    ------
    InputError
        When the page cannot be written, or no cutoff can be held out.
    """
    check_format(html, (".html",), "--html")
    make(project.folder)
    with store(project.settings.tracking_uri):
        version, champion = project.registry.load_champion()
        check_kind(project, champion)
        if is_labelled(project):
            refuse_dates(as_of)
        assessed, data = _assessed(project, out, champion, version, as_of)
        text = page(assessed.report)
        _log(project, assessed, version, text, data)
    print_report(assessed.report, out)
    if html is not None:
        write_text(text, html)
        out.print(f"Wrote {html}", highlight=False, markup=False)
    else:
        out.print("Plots, deciles, groups and definitions: --html report.html", highlight=False)
    return assessed


def _assessed(
    project: Project, out: Console, champion: Bundle, version: Version, as_of: date | None
) -> tuple[Assessed, str]:
    with (
        project.scratch() as folder,
        progress_bar(out) as bar,
        trained(project.settings.training),
    ):
        if is_labelled(project):
            return assess_labelled(project, champion, _model(champion, version), bar)
        return _with_time(
            project, out, champion, version, as_of, Workshop(folder, project.keep, bar)
        )


def _with_time(
    project: Project,
    out: Console,
    champion: Bundle,
    version: Version,
    as_of: date | None,
    shop: Workshop,
) -> tuple[Assessed, str]:
    shop.progress.start("Tables", 1)
    loaded = project.load(champion.inputs)
    shop.progress.step()
    print_rejected(loaded, out)
    task = task_for(project, champion, as_of)
    data = fingerprint(loaded.tables)
    notes = tuple(_notes(project, champion, task, data))
    offer, model = project.settings.offer, _model(champion, version)
    made = assess(task, loaded.tables, champion, model, offer, shop, notes=notes)
    return made, data


def task_for(project: Project, champion: Bundle, as_of: date | None) -> Task:
    """Take from the champion what its scores mean, and from the configuration the rest."""
    meant = champion.definition
    configured = task_of(project, as_of)
    return replace(
        configured,
        churn=_churn(meant),
        value_horizon=meant.value_horizon,
        active_within=meant.active_within,
        currency=meant.currency,
        timezone=meant.timezone,
        measure=meant.value_measure,
        own=load(champion.families, FAMILIES),
        as_of=as_of or date.fromisoformat(champion.data_cutoff),
    )


def _churn(meant: Definition) -> ChurnSettings:
    given = {
        "kind": meant.churn_kind,
        "horizon": meant.churn_horizon,
        "gap": meant.churn_gap,
        "regrace": meant.churn_regrace,
        "share": meant.churn_share,
        "norm_windows": meant.churn_norm_windows,
    }
    known = {key: value for key, value in given.items() if value is not None}
    return ChurnSettings.model_validate(known)


def _notes(project: Project, champion: Bundle, task: Task, data: str) -> list[str]:
    notes = differences(project, champion)
    if task.as_of and task.as_of < date.fromisoformat(champion.data_cutoff):
        notes.append(
            f"the champion's recipe (kinds of models, tree counts) was chosen knowing data up to "
            f"{champion.data_cutoff}; as of {task.as_of} that is its future"
        )
    if champion.notes.get("data_fingerprint", data) != data:
        notes.append(
            "the tables have changed since the champion was trained: its measures then and these "
            "may differ"
        )
    return notes


def _model(champion: Bundle, version: Version) -> str:
    return f"{champion.name} version {version.number}, trained as of {champion.data_cutoff}"


def _log(project: Project, assessed: Assessed, version: Version, text: str, data: str) -> None:
    with project.alone():
        tracker = Tracker(project.settings.tracking_uri, project.settings.name, project.artifacts())
    with tracker.run("evaluate") as run, tempfile.TemporaryDirectory() as folder:
        run.tags({"model_version": str(version.number), "data_fingerprint": data})
        run.measures(assessed.evaluation.flat())
        Path(folder, PAGE).write_text(text, encoding="utf-8")
        run.folder(Path(folder), "report")
