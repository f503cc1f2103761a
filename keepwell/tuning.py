"""``keepwell tune``: a search for parameters, kept for the trainings that follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from rich.console import Console
from rich.table import Table

from features.errors import InputError
from features.keeping import fingerprint
from keepwell.labelled import is_labelled
from keepwell.project import Project, make
from keepwell.show import Bar, print_rejected, print_warnings, progress_bar
from keepwell.training import champion_of, task_of, tracker_of
from models.registry import store
from training.fit import Ready
from training.train import Ground, Workshop, ground
from training.tune import Result, cached, fold_names, key, result, searches
from training.tune_aims import Figures
from training.tune_log import log_result, log_trials, tuning_run
from training.tune_study import Desk, Search
from training.tune_work import Order, search
from training.tuned import Tuned

_MEASURES = {
    "log_loss": "log loss",
    "roc_auc": "ROC AUC",
    "tweedie_deviance": "Tweedie deviance",
    "normalised_gini": "normalised Gini",
    "bias": "predicted / actual total",
}


def run_tuning(
    project: Project, out: Console, order: Order, as_of: date | None = None
) -> Tuned | None:
    """Search, keep what was found, and print it beside the default parameters.

    Parameters
    ----------
    project : Project
    out : Console
    order : Order
    as_of : date, optional
        The first moment that is not known; midnight after the last transaction by default.

    Returns
    -------
    Tuned or None
        None where the time was over before the default parameters were judged.

    Raises
    ------
    InputError
        For a labelled file, or a history without folds.
    """
    if is_labelled(project):
        raise InputError(
            "[tables.labelled] has no dates: there is no forward prediction to tune on, and "
            "`keepwell train` chooses by folds of its rows"
        )
    make(project.folder)
    with store(project.settings.tracking_uri), progress_bar(out) as bar:
        name, base, folds = _ground(project, out, bar, as_of)
        desk = Desk(project.shared(), project.settings.seed)
        wanted = searches(desk, name, base, folds, order.jobs)
        found = _searched(project, desk, wanted, base, order, bar)
    results = [r for r in map(result, wanted) if r]
    for note in base.notes:
        out.print(f"note: {note}", highlight=False, markup=False)
    for one in results:
        _print_result(one, fold_names(base, len(folds)), out)
    _print_end(found, wanted, out)
    return found


def _ground(
    project: Project, out: Console, bar: Bar, as_of: date | None
) -> tuple[str, Ground, list[Ready]]:
    """Read the folds, and name the studies after all that makes their trials comparable."""
    bar.start("Tables", 2)
    loaded = project.load()
    bar.step()
    data = fingerprint(loaded.tables)
    bar.step()
    print_rejected(loaded, out)
    print_warnings(loaded, out)
    task = task_of(project, as_of)
    with project.scratch() as folder:
        shop = Workshop(folder, project.keep, bar)
        _, champion = champion_of(project)
        base = ground(task, loaded.tables, champion, shop)
        folds = cached(base)
    digest = key(base, data, dict(task.own.sources), task.active_within)
    return f"{task.name}-{digest}", base, folds


def _searched(
    project: Project,
    desk: Desk,
    wanted: Sequence[Search],
    base: Ground,
    order: Order,
    bar: Bar,
) -> Tuned | None:
    bar.start("Trials", order.trials * len(wanted))
    for _ in (trial for one in wanted for trial in one.tried()):
        bar.step()
    with tuning_run(tracker_of(project), desk, wanted) as run:
        run.tags({"study": wanted[0].study.study_name})

        def on_trial() -> None:
            log_trials(run, wanted)
            bar.step()

        search(desk, wanted, order, on_trial, lambda: bar.start("Stopping after this fold", 1))
        results = [r for r in map(result, wanted) if r]
        with desk.alone():
            return log_result(run, base, wanted, results) if results else None


def _print_result(one: Result, names: Sequence[str], out: Console) -> None:
    improved = one.best is not one.default
    aim = one.aim
    title = f"{aim.name.capitalize()}: {one.finished} trials, {one.pruned} of them pruned; " + (
        f"trial {one.best.number} is the best" if improved else "none is better than the default"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("measure", no_wrap=True)
    table.add_column("parameters", no_wrap=True)
    for name in [*names, "mean"]:
        table.add_column(name, justify="right", no_wrap=True)
    rows = {"default": one.default, "tuned": one.best} if improved else {"default": one.default}
    for measure in aim.measures:
        for row, trial in rows.items():
            table.add_row(_MEASURES[measure], row, *_cells(trial.folds, measure))
    out.print(table)
    if improved:
        said = ", ".join(f"{k} {_plain(v)}" for k, v in one.best.parameters.items())
        out.print(f"  {said}", highlight=False)


def _cells(folds: Sequence[Figures], measure: str) -> list[str]:
    values = [f[measure] for f in folds]
    known = [v for v in values if not math.isnan(v)]
    mean = sum(known) / len(known) if known else math.nan
    return ["-" if math.isnan(v) else f"{v:.4f}" for v in (*values, mean)]


def _plain(value: float) -> str:
    return f"{value:.4g}"


def _print_end(found: Tuned | None, wanted: Sequence[Search], out: Console) -> None:
    unjudged = [s.aim.name for s in wanted if found is None or s.aim.name not in found.models]
    for name in unjudged:
        out.print(
            f"The time was over before the default parameters of the {name} model were judged: "
            "give it more (--timeout)",
            highlight=False,
        )
    if found is not None:
        better = [name for name, model in found.models.items() if model.parameters]
        said = (
            f"`keepwell train` uses the tuned parameters ({' and '.join(better)})"
            if better
            else "no trial predicted better than the default parameters, which stay"
        )
        out.print(f"Run {found.run_id}: {said}", highlight=False)
