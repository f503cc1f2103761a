"""Studies in Optuna: on disk, shared by processes, gone on with after a kill."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import optuna
from filelock import FileLock, Timeout
from optuna.importance import get_param_importances
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from training.tune_aims import Aim, Figures, Objective

optuna.logging.set_verbosity(logging.WARNING)

DATABASE = "optuna.db"

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_TAKEN = (*FINISHED, TrialState.RUNNING)
_STANDING = (*_TAKEN, TrialState.WAITING)

_DEFAULT = "default"
_OWNER = "owner"
_PARAMETERS = "parameters"
_FOLDS = "folds"
_RUN = "run_id"

_BUSY = 60
"""Seconds that a process waits for another one's write."""

_FEWEST = 2
"""Complete trials below which no parameter can be told to matter."""


class _PrunedError(Exception):
    """A trial that is worse than most on the folds so far."""


class HaltedError(Exception):
    """A search that was told to stop."""


@dataclass(frozen=True)
class Tried:
    """A finished trial.

    Parameters
    ----------
    number : int
    default : bool
        Whether its parameters are the default ones.
    parameters : mapping
    loss : float or None
        None where it was pruned.
    folds : tuple of Figures
        As far as it came.
    began, ended : float
        Seconds since 1970.
    """

    number: int
    default: bool
    parameters: Mapping[str, Any]
    loss: float | None
    folds: tuple[Figures, ...]
    began: float
    ended: float


@dataclass(frozen=True)
class Search:
    """A study and what its trials work out."""

    aim: Aim
    objective: Objective
    study: Study

    @property
    def run_id(self) -> str | None:
        """The tracked run that the study belongs to."""
        found = self.study.user_attrs.get(_RUN)
        return None if found is None else str(found)

    def belongs_to(self, run_id: str) -> None:
        """Note the tracked run that the study belongs to."""
        self.study.set_user_attr(_RUN, run_id)

    def tried(self) -> list[Tried]:
        """Give the finished trials, in the order in which they began."""
        return [_tried(t) for t in self.study.get_trials(deepcopy=False, states=FINISHED)]

    def importances(self) -> dict[str, float]:
        """Give each parameter's part in what the loss turned on; empty before that can be told.

        Notes
        -----
        PED-ANOVA: Watanabe, Bansal & Hutter (2023), arXiv:2304.10255.
        """
        losses = {t.loss for t in self.tried() if t.loss is not None}
        return get_param_importances(self.study) if len(losses) >= _FEWEST else {}


class Desk:
    """Hands out trials, one at a time, to all threads and processes that work on a study.

    A trial belongs to the process that took it, which holds a lock as long as it lives: a trial
    whose owner is gone has failed, and is made up for by another one.

    Parameters
    ----------
    folder : Path
        Of the database.
    seed : int
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._seed = seed
        self._owner = f"tuning-{uuid4().hex}"
        self._alone = FileLock(folder / ".optuna.lock")
        with self._alone:
            self._storage = RDBStorage(
                f"sqlite:///{folder / DATABASE}",
                engine_kwargs={"connect_args": {"timeout": _BUSY}},
            )

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Show other processes that this one lives."""
        path = self._path(self._owner)
        with FileLock(path):
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def alone(self) -> FileLock:
        """Hold off everybody else who works on these studies."""
        return self._alone

    def study(self, name: str, default: Mapping[str, float]) -> Study:
        """Open a study, new or not, whose first trial has the default parameters."""
        with self._alone:
            study = optuna.create_study(
                study_name=name,
                storage=self._storage,
                load_if_exists=True,
                pruner=MedianPruner(n_startup_trials=5),
            )
            self._bury(study)
            standing = study.get_trials(deepcopy=False, states=_STANDING)
            if not any(t.user_attrs.get(_DEFAULT) for t in standing):
                study.enqueue_trial(dict(default), user_attrs={_DEFAULT: True})
        return study

    def take(self, searches: Sequence[Search], most: int) -> tuple[Search, Trial] | None:
        """Take the next trial of the study that has the fewest; None where all have enough.

        What it proposes depends on the seed and on the trials so far, not on the process: a search
        that was killed goes on as if it had not been.
        """
        with self._alone:
            for search in searches:
                self._bury(search.study)
            taken = [len(s.study.get_trials(deepcopy=False, states=_TAKEN)) for s in searches]
            if min(taken) >= most:
                return None
            place = taken.index(min(taken))
            search = searches[place]
            search.study.sampler = TPESampler(
                seed=self._seed + taken[place], multivariate=True, constant_liar=True
            )
            trial = search.study.ask()
            trial.set_user_attr(_OWNER, self._owner)
            trial.set_user_attr(_PARAMETERS, search.aim.space(trial))
        return search, trial

    def work(self, search: Search, trial: Trial, halted: Callable[[], bool]) -> None:
        """Work a trial out and record what came of it."""
        folds: list[Figures] = []
        default = bool(trial.user_attrs.get(_DEFAULT))

        def report(step: int, figures: Figures) -> None:
            folds.append(figures)
            trial.set_user_attr(_FOLDS, folds)
            trial.report(sum(f[search.aim.loss] for f in folds) / len(folds), step)
            if halted():
                raise HaltedError
            if not default and trial.should_prune():
                raise _PrunedError

        try:
            loss = search.objective(trial.user_attrs[_PARAMETERS], report)
        except _PrunedError:
            search.study.tell(trial, state=TrialState.PRUNED)
        except BaseException:
            search.study.tell(trial, state=TrialState.FAIL)
            raise
        else:
            search.study.tell(trial, loss)

    def _bury(self, study: Study) -> None:
        """Fail the trials whose process is gone."""
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if not self._lives(trial.user_attrs.get(_OWNER)):
                study.tell(trial.number, state=TrialState.FAIL)

    def _lives(self, owner: str | None) -> bool:
        if owner is None or not self._path(owner).exists():
            return False
        try:
            with FileLock(self._path(owner), timeout=0):
                self._path(owner).unlink(missing_ok=True)
        except Timeout:
            return True
        return False

    def _path(self, owner: str) -> Path:
        return self._folder / f".{owner}.lock"


def _tried(trial: FrozenTrial) -> Tried:
    began, ended = trial.datetime_start, trial.datetime_complete
    assert began is not None and ended is not None  # noqa: PT018, S101 - it has finished
    return Tried(
        trial.number,
        bool(trial.user_attrs.get(_DEFAULT)),
        trial.user_attrs[_PARAMETERS],
        trial.value if trial.state == TrialState.COMPLETE else None,
        tuple(trial.user_attrs.get(_FOLDS, ())),
        began.timestamp(),
        ended.timestamp(),
    )
