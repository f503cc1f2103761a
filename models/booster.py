"""LightGBM: training that repeats to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.binned import binned
from models.matrix import Encoder, Floats, Matrix, parts
from models.stored import Frame

Parameters = Mapping[str, Any]

Evaluate = Callable[[Floats, lgb.Dataset], tuple[str, float, bool]]
"""A measure of raw predictions, for an objective of one's own: name, value, higher is better."""

# Together these make two runs equal on any number of threads.
_REPRODUCIBLE = {"deterministic": True, "force_row_wise": True, "verbosity": -1}

_BINS = ("max_bin", "min_data_in_leaf", "bin_construct_sample_cnt", "seed")
"""Settings that decide the bins of a matrix, and which features have any."""

_SMALL = 1_000_000
"""Cells below which threads cost more than they save, on a busy machine many times more."""

PATIENCE = 30
"""Trees without a lower held-out loss after which training stops."""


@dataclass(frozen=True)
class Design:
    """A matrix with its outcome.

    Parameters
    ----------
    matrix : ndarray or Streamed of shape (rows, features)
    outcome : ndarray of shape (rows,)
    weight : ndarray of shape (rows,), optional
        How much each row counts.
    start : ndarray of shape (rows, outputs), optional
        Raw predictions that boosting starts from; they are no part of the booster.
    """

    matrix: Matrix
    outcome: Floats
    weight: Floats | None = None
    start: Floats | None = None
    _binned: dict[str, lgb.Dataset] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.outcome)

    def part(self, rows: NDArray[np.bool_], outcome: Floats) -> Design:
        """Take some rows of a matrix in memory, with an outcome of their own, into the same bins.

        Parameters
        ----------
        rows : ndarray of bool, shape (rows,)
        outcome : ndarray of shape (rows taken,)
        """
        assert isinstance(self.matrix, np.ndarray)  # noqa: S101 - says the docstring
        return _Part(self.matrix[rows], outcome, whole=self, rows=rows)

    def dataset(self, encoder: Encoder, settings: Parameters) -> lgb.Dataset:
        """Give its bins, which boosters that ask for the same ones share."""
        key = repr([settings.get(name) for name in _BINS])
        if key not in self._binned:
            self._binned.clear()
            self._binned[key] = binned(
                self.matrix,
                self.outcome,
                weight=self.weight,
                init_score=self.start,
                feature_name=encoder.features.names,
                categorical_feature=encoder.categorical_positions,
                params=dict(settings),
                free_raw_data=True,
            )
        return self._binned[key]


@dataclass(frozen=True, kw_only=True)
class _Part(Design):
    """Rows of a design: to bin them takes longer than to grow a few small trees."""

    whole: Design
    rows: NDArray[np.bool_]

    def dataset(self, encoder: Encoder, settings: Parameters) -> lgb.Dataset:
        binned_once = self.whole.dataset(encoder, settings).construct()
        rows = np.flatnonzero(self.rows).tolist()
        taken = binned_once.subset(rows, binned_once.get_params()).construct()
        taken.set_label(self.outcome)
        return taken


@dataclass(frozen=True)
class Job:
    """A booster to be trained.

    Parameters
    ----------
    design : Design
    encoder : Encoder
        Names the columns and which of them are categories.
    settings : mapping
        LightGBM's, complete.
    rounds : int
        Trees; at most, where something is held out.
    held_out : Design, optional
        What tells when to stop.
    evaluate : callable, optional
        The loss to watch; by default the objective's own.
    """

    design: Design
    encoder: Encoder
    settings: Parameters
    rounds: int
    held_out: Design | None = None
    evaluate: Evaluate | None = None


Trainer = Callable[[Job], lgb.Booster]
"""Trains a booster, in this process or on other machines."""


def recency_weights(frame: Frame, half_life: float | None) -> Floats | None:
    """Weight snapshots by their age, mean 1.

    Parameters
    ----------
    frame : DataFrame
        With ``cutoff``, where a half-life is given.
    half_life : float or None
        Days after which a cutoff counts half as much as the newest; None: all count the same.
    """
    if half_life is None:
        return None
    cutoff = frame["cutoff"]
    age = (cutoff.max() - cutoff).dt.days.to_numpy(np.float64)
    weight = 0.5 ** (age / half_life)
    return np.asarray(weight / weight.mean())


def _settings(design: Design, parameters: Parameters, seed: int) -> dict[str, Any]:
    threads = {"num_threads": 1} if design.matrix.size < _SMALL else {}
    return {**threads, **parameters, **_REPRODUCIBLE, "seed": seed}


def here(job: Job) -> lgb.Booster:
    """Train in this process."""
    dataset = job.design.dataset(job.encoder, job.settings)
    if job.held_out is None:
        return lgb.train(dict(job.settings), dataset, job.rounds)
    held_out = job.held_out
    watched = binned(
        held_out.matrix, held_out.outcome, init_score=held_out.start, reference=dataset
    )
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    fitted = lgb.train(
        dict(job.settings),
        dataset,
        job.rounds,
        valid_sets=[watched],
        callbacks=[stop],
        feval=job.evaluate,
    )
    return from_text(fitted.model_to_string(num_iteration=fitted.best_iteration))


_TRAINER: ContextVar[Trainer] = ContextVar("trainer", default=here)


@contextmanager
def trained_by(trainer: Trainer) -> Iterator[None]:
    """Let every booster be trained by another trainer than :func:`here` meanwhile."""
    before = _TRAINER.set(trainer)
    try:
        yield
    finally:
        _TRAINER.reset(before)


def train(
    design: Design, encoder: Encoder, parameters: Parameters, rounds: int, seed: int
) -> lgb.Booster:
    """Train a fixed number of trees.

    Parameters
    ----------
    design : Design
    encoder : Encoder
        Names the columns and which of them are categories.
    parameters : mapping
        LightGBM's, objective included.
    rounds : int
        Trees.
    seed : int
    """
    settings = _settings(design, parameters, seed)
    return _TRAINER.get()(Job(design, encoder, settings, rounds))


def train_until(  # noqa: PLR0917 - as `train`, and what tells when to stop
    design: Design,
    held_out: Design,
    encoder: Encoder,
    parameters: Parameters,
    most: int,
    seed: int,
    evaluate: Evaluate | None = None,
) -> lgb.Booster:
    """Train until the held-out loss has stopped falling, and keep the trees up to its lowest.

    Parameters
    ----------
    design, held_out : Design
        What is learnt from, and what tells when to stop.
    encoder, parameters, seed
        As in :func:`train`.
    most : int
        Trees at most.
    evaluate : callable, optional
        The loss to watch; by default the objective's own.
    """
    settings = _settings(design, parameters, seed)
    return _TRAINER.get()(Job(design, encoder, settings, most, held_out, evaluate))


def said(booster: lgb.Booster, matrix: Matrix) -> Floats:
    """Give what a booster predicts of the rows of a matrix, shape (rows,) or (rows, outputs)."""
    return np.concatenate([np.asarray(booster.predict(part)) for part in parts(matrix)])


def to_text(booster: lgb.Booster) -> str:
    """Give LightGBM's own text format."""
    return str(booster.model_to_string())


def from_text(text: str) -> lgb.Booster:
    """Read LightGBM's own text format."""
    return lgb.Booster(model_str=text)
