"""What ``keepwell monitor`` measures of the champion: drift, and every month that came true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from keepwell.labelled import check_kind, is_labelled, read_rows
from keepwell.project import Project
from keepwell.retrain_facts import UNSEEN, has_runs
from keepwell.scoring import differences
from keepwell.show import Bar
from keepwell.watching import (
    Batch,
    Moment,
    Watched,
    as_of_day,
    came_true,
    coming,
    customers_now,
    drift_of,
    month_of,
    published,
)
from models.bundle import Bundle
from models.errors import BundleError, ModelError
from models.registry import Version
from serving.monitored import Monitored
from serving.store import Run
from training.alarms import Alarm
from training.dates import dates, known_by
from training.drift import Drifts

NO_CHAMPION = "there is no champion to look after yet: run `keepwell train`"
NO_TIME = "a flat file has no time, so nothing tells when its scores come true"


@dataclass(frozen=True)
class Waiting:
    """Published scores whose outcome is not known before a day."""

    as_of: date
    version: int
    customers: int
    known_on: date


@dataclass(frozen=True)
class Looked:
    """What was found.

    Parameters
    ----------
    model : str
    champion : int or None
        Its version; None where there is none, and nothing was looked at.
    day : date or None
        None of a flat file.
    watched : Watched
        What came true of all versions; its notes say what could not be judged of them.
    waiting : tuple of Waiting
        Oldest first.
    broken : tuple of Alarm
        Of the champion itself.
    unseen : tuple of str
        Why drift could not be seen.
    notes : tuple of str
        In what the champion and the configuration differ.
    """

    model: str
    champion: int | None = None
    day: date | None = None
    watched: Watched = UNSEEN
    waiting: tuple[Waiting, ...] = ()
    broken: tuple[Alarm, ...] = ()
    unseen: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """All that has changed, what needs action first."""
        if self.champion is None:
            return ()
        new = self.watched.alarms(self.champion)
        found = (*self.broken, *new, *settled(self.watched, self.champion))
        return tuple(sorted(found, key=lambda alarm: not alarm.action))


def settled(watched: Watched, champion: int) -> tuple[Alarm, ...]:
    """Name the broken promises that need no action: of versions before, and of months before."""
    newest = watched.newest(champion)
    return tuple(
        Alarm(
            one.measure,
            action=False,
            words=f"the scores of version {batch.version} as of {batch.as_of} came out worse than "
            f"promised: {one}; but {_instead(batch, champion, newest)}: nothing to do",
        )
        for batch in watched.batches
        if batch is not newest
        for one in batch.kept
        if one.broken
    )


def _instead(batch: Batch, champion: int, newest: Batch | None) -> str:
    if batch.version != champion:
        return f"version {champion} is champion now, and is judged by its own scores"
    assert newest is not None  # noqa: S101 - this batch is known, so the newest is
    return f"newer ones, as of {newest.as_of}, are judged instead"


def figures(found: Looked, champion: int, now: datetime) -> Monitored:
    """Give what Prometheus is told."""
    drifts = found.watched.drifts
    features, scores = (drifts.features, drifts.scores) if drifts else ((), ())
    newest = found.watched.newest(champion)
    needed = sum(alarm.action for alarm in found.alarms)
    ratios = {
        one.measure: one.realised.estimate / one.promised.estimate
        for one in (newest.kept if newest else ())
        if one.promised is not None and one.promised.estimate
    }
    return Monitored(
        model=found.model,
        version=champion,
        as_of=found.day,
        monitored_at=now,
        feature_psi_max=max((drift.psi for drift in features), default=None),
        features_moved=sum(drift.moved for drift in features),
        score_psi={drift.name: drift.psi for drift in scores},
        realised_over_promised={m: r for m, r in ratios.items() if math.isfinite(r)},
        alarms={"needed": needed, "none": len(found.alarms) - needed},
    )


def look(project: Project, as_of: date | None, folder: Path, bar: Bar) -> Looked:
    """Measure the champion.

    Parameters
    ----------
    project : Project
    as_of : date or None
        The first moment that is not known.
    folder : Path
        An existing one, for what is written on the way.
    bar : Bar
    """
    name = project.settings.name
    version = project.registry.champion() if has_runs(project) else None
    if version is None:
        return Looked(name)
    try:
        bundle = project.registry.load(version)
    except ModelError as error:
        unseen = ("the champion's bundle cannot be used",)
        return Looked(name, version.number, broken=(_lost(error),), unseen=unseen)
    check_kind(project, bundle)
    if is_labelled(project):
        return _of_rows(project, version, bundle, bar)
    return _over_time(project, version, bundle, as_of, folder, bar)


def _lost(error: ModelError) -> Alarm:
    return Alarm("champion", action=True, words=f"the champion cannot go on: {error}")


def _of_rows(project: Project, version: Version, bundle: Bundle, bar: Bar) -> Looked:
    bar.start("Drift", 1)
    found, unseen = drift_of(bundle, read_rows(project, bundle.features).frame)
    bar.step()
    watched = Watched(found, (), (NO_TIME,))
    return Looked(bundle.name, version.number, watched=watched, unseen=unseen)


def _over_time(
    project: Project,
    version: Version,
    bundle: Bundle,
    as_of: date | None,
    folder: Path,
    bar: Bar,
) -> Looked:
    bar.start("Tables", 1)
    tables = project.load(bundle.inputs).tables
    bar.step()
    when = dates(tables, as_of, project.today())
    at = Moment(project, known_by(tables, when.as_of), when, when.as_of)
    bar.start("Drift", 1)
    found, unseen, broken = _drift(at, bundle, folder)
    bar.step()
    bar.start("Promises", 1)
    runs = published(project, bundle.name, at.day)
    bundles, lost = _bundles(project, version, bundle, runs)
    batches, unjudged = came_true(at, bundles, runs)
    waiting = _waiting(at, bundles, runs)
    bar.step()
    return Looked(
        bundle.name,
        version.number,
        at.day,
        Watched(found, batches, (*lost, *unjudged)),
        waiting,
        broken,
        unseen,
        tuple(differences(project, bundle)),
    )


def _drift(
    at: Moment, bundle: Bundle, folder: Path
) -> tuple[Drifts | None, tuple[str, ...], tuple[Alarm, ...]]:
    try:
        return *drift_of(bundle, customers_now(at, bundle, folder)), ()
    except BundleError as error:
        return None, ("the champion's features cannot be computed",), (_lost(error),)


def _bundles(
    project: Project, champion: Version, bundle: Bundle, runs: Sequence[Run]
) -> tuple[dict[int, Bundle], tuple[str, ...]]:
    """Load every version that has published, and say which cannot be."""
    found, lost = {champion.number: bundle}, []
    for number in sorted({int(run.model_version) for run in runs} - found.keys()):
        try:
            found[number] = project.registry.load(project.registry.version(number))
        except ModelError as error:
            lost.append(f"the scores of version {number} cannot be judged: {error}")
    return found, tuple(lost)


def _waiting(at: Moment, bundles: dict[int, Bundle], runs: Sequence[Run]) -> tuple[Waiting, ...]:
    """Give the newest scores of each month and version that have not come true."""
    own = [run for run in runs if int(run.model_version) in bundles]
    ends = coming(at, bundles, own)
    later = {month_of(run): run for run in own if ends[run.id] > at.day}
    return tuple(
        Waiting(as_of_day(run), int(run.model_version), run.customers, ends[run.id])
        for run in later.values()
    )
