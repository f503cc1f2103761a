"""What is measured of a champion in service: drift, and what came true of its published scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.families import FAMILIES
from features.labels import Target, labels
from features.own import load
from features.panel import features_at, write
from features.population import population
from features.tables import Tables
from keepwell.evaluating import task_for
from keepwell.project import Project
from models.bundle import Bundle, check_features
from serving.store import Run
from training.alarms import Alarm, drift_alarms, realised_alarms
from training.dates import Dates
from training.drift import Drifts, drifts
from training.realised import Kept, beside, from_notes, realised
from training.task import target
from training.tenths import Tenths, tenths

LOOKED_AT = 10_000
"""Customers at most whose features are compared."""

_RUNS = 100_000
_BATCH = 100_000


@dataclass(frozen=True)
class Batch:
    """Published scores whose horizon has ended, and what came of them.

    Parameters
    ----------
    as_of : date
    version : int
    customers : int
        Scored.
    found : int
        Of these, how many the tables still tell of.
    kept : tuple of Kept
        Empty where they tell of none.
    tenths : Tenths or None
        None where they tell of none.
    """

    as_of: date
    version: int
    customers: int
    found: int
    kept: tuple[Kept, ...]
    tenths: Tenths | None = None

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """What of it needs action."""
        when = f"the scores of version {self.version} as of {self.as_of}"
        return realised_alarms(when, self.kept)


@dataclass(frozen=True)
class Watched:
    """What was measured.

    Parameters
    ----------
    drifts : Drifts or None
        None where the champion's bundle has no profile.
    batches : tuple of Batch
        Oldest first, one a month at most.
    notes : tuple of str
        What could not be looked at, and why.
    """

    drifts: Drifts | None
    batches: tuple[Batch, ...]
    notes: tuple[str, ...]

    def alarms(self, champion: int) -> tuple[Alarm, ...]:
        """Give all that has changed, and what of it needs action.

        Of what came true only the champion's newest counts: what was broken before it was trained
        it has learnt from.
        """
        newest = self.newest(champion)
        broken = newest.alarms if newest else ()
        return (*broken, *(drift_alarms(self.drifts) if self.drifts else ()))

    def newest(self, version: int) -> Batch | None:
        """Give the newest scores of a version that something is known of."""
        known = [batch for batch in self.batches if batch.version == version and batch.kept]
        return known[-1] if known else None


@dataclass(frozen=True)
class Moment:
    """The tables as they are known on a day.

    Parameters
    ----------
    project : Project
    tables : mapping of str to ibis Table
        Of what was known by then.
    when : Dates
    day : date
    """

    project: Project
    tables: Tables
    when: Dates
    day: date

    def aim(self, bundle: Bundle) -> Target:
        """Give what a bundle predicts."""
        task = task_for(self.project, bundle, self.day)
        return target(task, self.tables, self.when.history, None)[0]


def customers_now(at: Moment, bundle: Bundle, folder: Path) -> pd.DataFrame:
    """Compute the features of the customers of a day, or of a sample of them.

    Raises
    ------
    BundleError
        When the tables no longer give the bundle's features.
    """
    meant = bundle.definition
    spine = population(at.tables, at.day, meant.churn_kind, meant.active_within)
    made = features_at(at.tables, spine, load(bundle.families, FAMILIES).families)
    check_features(bundle, made.features)
    path = folder / "now.parquet"
    write(made.table, path)
    return sampled(path)


def sampled(path: Path) -> pd.DataFrame:
    """Read :data:`LOOKED_AT` rows of a file at most, evenly spread."""
    file = pq.ParquetFile(path)
    step = -(-file.metadata.num_rows // LOOKED_AT) or 1
    parts, start = [], 0
    for batch in file.iter_batches(_BATCH):
        first = -start % step
        parts.append(pa.table(batch).take(np.arange(first, len(batch), step)))
        start += len(batch)
    frame: pd.DataFrame = pa.concat_tables([file.schema_arrow.empty_table(), *parts]).to_pandas()
    return frame


def drift_of(bundle: Bundle, frame: pd.DataFrame) -> tuple[Drifts | None, tuple[str, ...]]:
    """Compare customers with those that a bundle has learnt from; say where that is impossible."""
    if bundle.profile is None:
        said = "the champion has no profile of what it learnt from, so drift cannot be seen: train"
        return None, (said,)
    if frame.empty:
        return None, ("nobody is a customer on that day, so drift cannot be seen",)
    return drifts(bundle.profile, bundle.release, frame), ()


def published(project: Project, name: str, day: date) -> list[Run]:
    """List the runs of a model's scores up to a day that are no backtests, oldest first."""
    if not project.has_store():
        return []
    with project.store() as store:
        runs = store.runs(_RUNS)
    own = [r for r in runs if r.model_name == name and not r.backtest and r.as_of is not None]
    return sorted((r for r in own if as_of_day(r) <= day), key=lambda r: (as_of_day(r), r.id))


def came_true(
    at: Moment, bundles: Mapping[int, Bundle], runs: Iterable[Run]
) -> tuple[tuple[Batch, ...], tuple[str, ...]]:
    """Measure the published scores whose horizon has ended: the newest of a month and a version.

    Parameters
    ----------
    at : Moment
    bundles : mapping of int to Bundle
        By version; scores of others are left out.
    runs : iterable of Run
        Oldest first.
    """
    own = [run for run in runs if int(run.model_version) in bundles]
    if not own:
        return (), ("no scores have been published that can be judged",)
    ends = coming(at, bundles, own)
    ended = {month_of(run): run for run in own if ends[run.id] <= at.day}
    if not ended:
        first = min(ends.values())
        return (), (f"no published scores have come true yet: the first will on {first}",)
    batches = tuple(_batch(at, bundles[int(r.model_version)], r) for r in ended.values())
    return batches, ()


def coming(at: Moment, bundles: Mapping[int, Bundle], runs: Iterable[Run]) -> dict[int, date]:
    """Give the day on which the outcome of each run's scores is known, by the run's id."""
    reach = {number: timedelta(days=at.aim(b).reach) for number, b in bundles.items()}
    return {run.id: as_of_day(run) + reach[int(run.model_version)] for run in runs}


def month_of(run: Run) -> tuple[int, int, str]:
    """Give the year, the month and the version of a run."""
    day = as_of_day(run)
    return day.year, day.month, run.model_version


def _batch(at: Moment, bundle: Bundle, run: Run) -> Batch:
    with at.project.store() as store:
        said = store.remembered(run.id)
    meant, day = bundle.definition, as_of_day(run)
    spine = population(at.tables, day, meant.churn_kind, meant.active_within)
    told = labels(at.tables, spine, at.aim(bundle)).select("customer_id", "churned", "value")
    outcome: pd.DataFrame = told.to_pyarrow().to_pandas()
    frame = said.merge(outcome, on="customer_id").sort_values("customer_id")
    promises = from_notes(bundle.notes.get("promised", {}))
    version, customers, known = int(run.model_version), run.customers, len(frame)
    if not known:
        return Batch(day, version, customers, known, ())
    kept = beside(promises, realised(frame, at.project.settings.seed))
    return Batch(day, version, customers, known, kept, tenths(frame))


def as_of_day(run: Run) -> date:
    """Give the first day that a run's scores do not know."""
    assert run.as_of is not None  # noqa: S101 - only such runs are listed
    return run.as_of
