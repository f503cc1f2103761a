"""``keepwell train``: from tables to a registered and perhaps promoted release."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from rich.console import Console

from features.keeping import fingerprint
from keepwell.cluster import trained
from keepwell.labelled import is_labelled, refuse_dates, train_flat
from keepwell.project import Project, make
from keepwell.show import print_rejected, print_trained, print_warnings, progress_bar
from models.bundle import Bundle
from models.errors import ModelError
from models.registry import store
from training.publish import Published, publish
from training.task import Task
from training.tracking import Tracker, git_commit
from training.train import Workshop, train
from training.tune_log import last_tuned
from training.tuned import Tuned, used


def run_training(
    project: Project,
    out: Console,
    as_of: date | None = None,
    *,
    replacing: bool = False,
    untuned: bool = False,
) -> Published:
    """Train, log, register and promote or say why not.

    Parameters
    ----------
    project : Project
    out : Console
    as_of : date, optional
        The first moment that is not known; midnight after the last transaction by default.
    replacing : bool
        Replace a champion whose scores mean something else, or that has learnt from later data.
    untuned : bool
        Use the default parameters, whatever a search has found.
    """
    if is_labelled(project):
        refuse_dates(as_of)
        return _told(project, out, train_flat(project, out, replacing=replacing))
    make(project.folder)
    with (
        project.scratch() as folder,
        store(project.settings.tracking_uri),
        progress_bar(out) as bar,
        trained(project.settings.training) as told,
    ):
        bar.start("Tables", 2)
        loaded = project.load()
        bar.step()
        number, champion = champion_of(project)
        facts = {
            "data_fingerprint": fingerprint(loaded.tables),
            "git_commit": git_commit(Path(__file__).parent),
        }
        bar.step()
        task = task_of(project, as_of, replacing=replacing)
        tuned = None if untuned else tuned_of(project)
        task = replace(task, champion=number, tuned=tuned)
        made = train(task, loaded.tables, champion, Workshop(folder, project.keep, bar, told))
        bar.start("Registry", 1)
        facts["tuned_run"] = used(made.fits.recipe, task.tuned, made.aim, made.features)
        published = publish(made, tracker_of(project), project.registry, project.alone(), facts)
        bar.step()
    print_rejected(loaded, out)
    print_warnings(loaded, out)
    print_trained(made, out)
    return _told(project, out, published)


def _told(project: Project, out: Console, published: Published) -> Published:
    verb = "promoted" if published.decision.promote else "not promoted"
    out.print(
        f"Version {published.version.number} of {project.settings.name!r} {verb}: "
        f"{published.decision.reason}",
        highlight=False,
        markup=False,
    )
    return published


def task_of(project: Project, as_of: date | None, *, replacing: bool = False) -> Task:
    """Give what a project's configuration asks to be trained."""
    settings = project.settings
    return Task(
        name=settings.name,
        churn=settings.churn,
        value_horizon=settings.value.horizon,
        active_within=settings.population.active_within,
        currency=settings.currency,
        timezone=settings.data.timezone,
        training=settings.training,
        seed=settings.seed,
        as_of=as_of,
        today=project.today(),
        replacing=replacing,
        measure=settings.value.measure,
        own=project.own(),
        lifetime_years=settings.value.lifetime_years,
        lifetime_discount=settings.value.lifetime_discount,
        segments=settings.segments,
    )


def champion_of(project: Project) -> tuple[int, Bundle] | tuple[None, None]:
    """Load the champion and its number; neither where there is none, or it is lost or damaged."""
    version = project.registry.champion()
    if version is None:
        return None, None
    try:
        return version.number, project.registry.load(version)
    except ModelError:
        # A champion that is lost or damaged must not stop the training that replaces it.
        return None, None


def tracker_of(project: Project) -> Tracker:
    """Open the tracking of a project's runs."""
    with project.alone():
        return Tracker(project.settings.tracking_uri, project.settings.name, project.artifacts())


def tuned_of(project: Project) -> Tuned | None:
    """Give what the last search has found; None where there is none, or it is not wanted."""
    return last_tuned(tracker_of(project)) if project.settings.training.tuned else None
