"""The commands as methods, for notebooks: they give tables and facts instead of printing them."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from io import StringIO
from pathlib import Path

import pandas as pd
from rich.console import Console

from keepwell.api_models import Models
from keepwell.api_targeting import Targeting
from keepwell.checking import run_check
from keepwell.days import Day
from keepwell.days import day as to_day
from keepwell.evaluating import run_evaluation
from keepwell.featuring import run_features
from keepwell.monitoring import run_monitoring
from keepwell.project import Project
from keepwell.reproducing import run_reproduction
from keepwell.results import (
    Assessment,
    Checked,
    Retraining,
    Training,
    Watch,
    assessment,
    checked,
    retraining,
    training,
    watch,
)
from keepwell.retraining import run_retraining
from keepwell.scoring import run_risk_list, run_scoring
from keepwell.show import console
from keepwell.simulate.running import run_simulation
from keepwell.simulate.story import LAST_DAY, Story
from keepwell.simulate.writing import CONFIG
from keepwell.starting import write_template
from keepwell.training import run_training
from keepwell.tuning import run_tuning
from models.bundle import Bundle
from models.registry import store
from training.tune_work import Order
from training.tuned import Tuned

_WIDTH = 110


class Company(Targeting):
    """A configuration and everything that the commands do with it.

    Every method does what the command of its name does, with the same options, and writes the same
    files, runs and versions; the configuration is read anew each time.

    Parameters
    ----------
    config : Path
        The configuration file.
    verbose : bool
        Print what the commands print, too.

    Attributes
    ----------
    said : str
        What the last command said: notes, measures, rejected rows.
    """

    def __init__(self, config: Path, *, verbose: bool = False) -> None:
        self.config = config
        self.said = ""
        self._verbose = verbose

    def __repr__(self) -> str:
        return f"keepwell.open({str(self.config)!r})"

    @property
    def tracking_uri(self) -> str:
        """Where its runs and models are: for ``mlflow.set_tracking_uri``."""
        return Project.at(self.config).settings.tracking_uri

    def check(self) -> Checked:
        """Read and validate every table.

        Raises
        ------
        InputError
            When the configuration or a table cannot be used.
        """
        with self._opened() as (project, out):
            return checked(run_check(project, out))

    def train(
        self, as_of: Day | None = None, *, replace: bool = False, untuned: bool = False
    ) -> Training:
        """Train churn and value models, measure them, register them, promote if not worse.

        Parameters
        ----------
        as_of : date or str, optional
            First day that is not known; the day after the last transaction by default.
        replace : bool
            Replace a champion that means another thing or knows later data.
        untuned : bool
            Use the default parameters, whatever :meth:`tune` has found.
        """
        with self._opened() as (project, out):
            day = to_day(as_of)
            published = run_training(project, out, day, replacing=replace, untuned=untuned)
            return training(published, project.registry.load(published.version))

    def tune(
        self,
        as_of: Day | None = None,
        trials: int = 50,
        timeout: float | None = None,
        jobs: int = 1,
    ) -> Tuned | None:
        """Search for parameters that predict better than the default ones; `train` then uses them.

        Parameters
        ----------
        as_of : date or str, optional
            First day that is not known; the day after the last transaction by default.
        trials : int
            Finished trials of each model, earlier ones included.
        timeout : float, optional
            Seconds after which no trial begins.
        jobs : int
            Trials at the same time.

        Returns
        -------
        Tuned or None
            None where the time was over before the default parameters were judged.
        """
        order = Order(trials, math.inf if timeout is None else timeout, jobs)
        with self._opened() as (project, out):
            return run_tuning(project, out, order, to_day(as_of))

    def reproduce(self, run: str | int) -> list[str]:
        """Train as a run did, and say where its release differs from the new one; nowhere: [].

        Parameters
        ----------
        run : str or int
            A training run's id, or a version's number.
        """
        with self._opened() as (project, out):
            return run_reproduction(project, out, str(run))

    def evaluate(self, as_of: Day | None = None) -> Assessment:
        """Report how good the champion is, where it is worse, and what it rests on.

        Parameters
        ----------
        as_of : date or str, optional
            First day that is not known; the one that the champion was trained as of by default.
        """
        with self._opened() as (project, out):
            return assessment(run_evaluation(project, out, to_day(as_of)))

    def score(self, as_of: Day | None = None, *, backtest: bool = False) -> pd.DataFrame:
        """Score every active customer with the champion, and publish the scores.

        Parameters
        ----------
        as_of : date or str, optional
            First day that is not known; the day after the last transaction by default.
        backtest : bool
            Allow a day the champion may have learnt from.

        Returns
        -------
        DataFrame
            A row a customer; the columns of ``scores.parquet``.
        """
        with self._opened() as (project, out):
            return run_scoring(project, out, to_day(as_of), backtest=backtest)

    def features(
        self, as_of: Day | None = None, customers: Iterable[object] | None = None
    ) -> pd.DataFrame:
        """Give what was known of each customer on a day: every feature, a column each.

        Parameters
        ----------
        as_of : date or str, optional
            First day that is not known; the day after the last transaction by default.
        customers : iterable of ids, optional
            All active ones by default.
        """
        with self._opened() as (project, out), tempfile.TemporaryDirectory() as folder:
            target, wanted = Path(folder, "features.parquet"), None
            if customers is not None:
                wanted = Path(folder, "customers.parquet")
                pd.DataFrame({"customer_id": list(map(str, customers))}).to_parquet(wanted)
            run_features(project, out, target, to_day(as_of), wanted)
            return pd.read_parquet(target)

    def risk_list(
        self,
        top: int | None = None,
        min_value: float | None = None,
        rest_days: int | None = None,
    ) -> pd.DataFrame:
        """Rank the scored customers by value at risk, with reasons in words.

        Parameters
        ----------
        top : int, optional
            Customers at most.
        min_value : float, optional
            Leave out customers with less expected value.
        rest_days : int, optional
            Leave out who was contacted in so many days before the scores' day, or since;
            ``[scoring] rest_days`` by default, 0 leaves nobody out.
        """
        with self._opened() as (project, out):
            return run_risk_list(project, out, top, min_value, None, rest_days=rest_days)

    def champion(self) -> Bundle:
        """Give the champion: what its scores mean, its measures, features and models.

        Raises
        ------
        ModelError
            Before the first promotion.
        """
        with self._opened() as (project, _), store(project.settings.tracking_uri):
            return project.registry.load_champion()[1]

    def retrain(self, as_of: Day | None = None, *, dry_run: bool = False) -> Retraining:
        """Train again if that is called for: new outcomes, drift, or promises that were not kept.

        Parameters
        ----------
        as_of : date or str, optional
            First day that is not known; the day after the last transaction by default.
        dry_run : bool
            Say what would be done, and do nothing.

        Raises
        ------
        BusyError
            When another one is at work.
        """
        with self._opened() as (project, out):
            made = run_retraining(project, out, to_day(as_of), dry_run=dry_run)
            release = project.registry.load(made.published.version) if made.published else None
            return retraining(made, release)

    @property
    def models(self) -> Models:
        """The versions: ``list``, ``champions``, ``compare``, ``promote`` and ``rollback``."""
        return Models(self._opened, to_day)

    def monitor(self, as_of: Day | None = None) -> Watch:
        """Measure drift and what came true of published scores; say what needs action.

        Parameters
        ----------
        as_of : date or str, optional
            First day that is not known; the day after the last transaction by default.
        """
        with self._opened() as (project, out):
            return watch(run_monitoring(project, out, to_day(as_of)))

    @contextmanager
    def _opened(self) -> Iterator[tuple[Project, Console]]:
        """Open the project for one command, and keep what is said meanwhile."""
        out = console() if self._verbose else Console(file=StringIO(), width=_WIDTH)
        out.record = True
        try:
            yield Project.at(self.config), out
        finally:
            self.said = out.export_text()


def open(config: str | Path = CONFIG, *, verbose: bool = False) -> Company:  # noqa: A001 - keepwell.open
    """Open the company of a configuration file.

    Parameters
    ----------
    config : str or Path
    verbose : bool
        Print what the commands print, too.

    Raises
    ------
    InputError
        When the configuration is missing or wrong.
    """
    Project.at(Path(config))
    return Company(Path(config), verbose=verbose)


def init(folder: str | Path = ".") -> Path:
    """Write a commented keepwell.toml, to be filled in, and give its path.

    Raises
    ------
    InputError
        When there is one already.
    """
    return write_template(Path(folder))


def simulated(
    folder: str | Path,
    *,
    customers: int = 3_000,
    months: int = 24,
    seed: int = 7,
    end: date = LAST_DAY,
) -> Company:
    """Write a made-up company whose truth is known, and open it.

    Parameters
    ----------
    folder : str or Path
        Empty, or new.
    customers, months, seed, end
        See :class:`keepwell.simulate.story.Story`.
    """
    run_simulation(Story(customers, months, seed, end), Path(folder), Console(quiet=True))
    return open(Path(folder, CONFIG))
