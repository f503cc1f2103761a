"""What a decision to train again rests on, measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from features.own import changed
from features.tables import Tables
from keepwell.labelled import flat_task, is_labelled, read_rows
from keepwell.project import Project
from keepwell.show import Bar
from keepwell.training import task_of
from keepwell.watching import Moment, Watched, came_true, customers_now, drift_of, published
from models.bundle import Bundle
from models.digests import digests, from_text
from models.errors import BundleError, ModelError
from models.registry import Registry, Version
from training.dates import dates, known_by
from training.promote import redefined
from training.retrain import NOTHING_NEW, Facts, News, fresh, matured
from training.task import target

UNSEEN = Watched(None, (), ())
"""Nothing was looked at."""

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Measured:
    """Facts, and the measurements that they come from."""

    facts: Facts
    watched: Watched = UNSEEN


@dataclass(frozen=True)
class _Champion:
    """The champion, and the newest training of the same meaning: its own, or one not promoted."""

    number: int
    bundle: Bundle
    newest: Bundle


def measured(project: Project, as_of: date | None, folder: Path, bar: Bar) -> Measured:
    """Measure what speaks for and against training again.

    Parameters
    ----------
    project : Project
    as_of : date or None
        The first moment that is not known.
    folder : Path
        An existing one, for what is written on the way.
    bar : Bar
    """
    if not has_runs(project):
        return Measured(Facts(None, NOTHING_NEW))
    registry = project.registry
    version = registry.champion()
    if version is None:
        return Measured(Facts(None, NOTHING_NEW))
    try:
        bundle = registry.load(version)
    except ModelError as error:
        return Measured(Facts(version.number, NOTHING_NEW, unusable=str(error)))
    champion = _Champion(version.number, bundle, _newest(registry, version, bundle))
    if is_labelled(project):
        return _of_rows(project, champion, bar)
    bar.start("Tables", 1)
    tables = project.load(bundle.inputs).tables
    bar.step()
    return _over_time(project, champion, as_of, tables, folder, bar)


def has_runs(project: Project) -> bool:
    """Tell whether there is a tracking store: to look into one that is not there makes it."""
    uri = project.settings.tracking_uri
    return not uri.startswith(_SQLITE) or Path(uri.removeprefix(_SQLITE)).exists()


def _newest(registry: Registry, version: Version, champion: Bundle) -> Bundle:
    newest = registry.versions()[-1].version
    if newest == version:
        return champion
    try:
        bundle = registry.load(newest)
    except ModelError:
        # A version that is lost is as good as one that was never trained.
        return champion
    if redefined(bundle.definition, champion.definition):
        return champion
    return max(bundle, champion, key=lambda one: one.data_cutoff)


def _over_time(
    project: Project,
    champion: _Champion,
    as_of: date | None,
    tables: Tables,
    folder: Path,
    bar: Bar,
) -> Measured:
    when = dates(tables, as_of, project.today())
    at = Moment(project, known_by(tables, when.as_of), when, when.as_of)
    task, bundle = task_of(project, as_of), champion.bundle
    aim, _ = target(task, at.tables, when.history, bundle.definition)
    known = date.fromisoformat(champion.newest.data_cutoff)
    news = matured((at.day - known).days, task.training.every, known.isoformat())
    changes = redefined(task.definition(aim), bundle.definition)
    if changes:
        return Measured(Facts(champion.number, news, redefined=changes))
    bar.start("Drift", 2)
    try:
        frame = customers_now(at, bundle, folder)
    except BundleError as error:
        return Measured(Facts(champion.number, news, unusable=str(error)))
    bar.step()
    found, unseen = drift_of(bundle, frame)
    runs = published(project, bundle.name, at.day)
    batches, unjudged = came_true(at, {champion.number: bundle}, runs)
    bar.step()
    watched = Watched(found, batches, (*unseen, *unjudged))
    families = tuple(changed(project.family_sources(), champion.newest.families))
    return _told(champion.number, news, watched, families)


def _of_rows(project: Project, champion: _Champion, bar: Bar) -> Measured:
    """Measure a flat file, which has no time: its new rows, and drift."""
    bar.start("Tables", 1)
    bundle, newest = champion.bundle, champion.newest
    wanted = flat_task(project, replacing=False).definition
    changes = redefined(wanted, bundle.definition)
    if changes:
        return Measured(Facts(champion.number, NOTHING_NEW, redefined=changes))
    rows = read_rows(project, newest.features).labelled()
    seen = set(from_text(newest.out_of_fold))
    new = int((~digests(rows, newest.features).isin(seen)).sum())
    bar.step()
    found, unseen = drift_of(bundle, read_rows(project, bundle.features).frame)
    news = fresh(new, len(rows), newest.data_cutoff)
    return _told(champion.number, news, Watched(found, (), unseen), ())


def _told(number: int, news: News, watched: Watched, families: tuple[str, ...]) -> Measured:
    facts = Facts(number, news, families=families, alarms=watched.alarms(number))
    return Measured(facts, watched)
