"""Several machines: boosters trained and customers scored by the workers of a Dask cluster.

The only place that knows Dask. Training goes through LightGBM's own integration: each worker holds
a part of the rows, and all of them grow the same trees (data parallel).
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from features.errors import InputError
from features.extras import library
from models import booster
from models.errors import ModelError
from models.matrix import Floats, Matrix, every
from models.release import Release
from serving.scorer import Frames, Spread, here
from training.settings import TrainingSettings

WORTHWHILE = 100_000
"""Cells of a matrix from which on it is sent: fewer are learnt from before workers have met."""

_DASK, _KEY = "dask", 'training.engine = "dask"'
_ANSWER = 5
_WORKERS = 5
"""Seconds to wait for a scheduler, and for its first worker."""

_ANY = "127.0.0.1:0"
"""Any free port: the usual one may be taken, by another cluster's page."""

_SAME = ("keepwell", "lightgbm", "numpy", "pandas")
"""What workers unpack and compute with, so that versions have to agree."""

_NETWORK = re.compile(r"^\[(machines|num_machines|local_listen_port): .*\]\n", re.MULTILINE)


@contextmanager
def trained(settings: TrainingSettings) -> Iterator[tuple[str, ...]]:
    """Let the configured engine train every booster meanwhile; gives what a user should know.

    Parameters
    ----------
    settings : TrainingSettings

    Raises
    ------
    InputError
        When Dask is not installed, or the cluster cannot be used.
    """
    if settings.engine != _DASK:
        yield ()
        return
    with connected(settings.scheduler) as client, booster.trained_by(partial(train, client)):
        place = f"of {settings.scheduler}" if settings.scheduler else "on this machine"
        said = (
            f"boosters were trained by {len(client.nthreads())} Dask workers {place}; matrices of "
            f"fewer than {WORTHWHILE:,} cells, and zero-inflated log-normal values, whose gradient "
            "LightGBM does not have, in this process"
        )
        yield (said,)


@contextmanager
def spread(settings: TrainingSettings) -> Iterator[Spread]:
    """Give what scores batches by the configured engine.

    Raises
    ------
    InputError
        When Dask is not installed, or the cluster cannot be used.
    """
    if settings.engine != _DASK:
        yield here
        return
    with connected(settings.scheduler) as client:
        yield partial(score, client)


def train(client: Any, job: booster.Job) -> lgb.Booster:  # noqa: ANN401 - the library may be absent
    """Train a booster on a cluster; in this process what is small or LightGBM cannot distribute.

    Parameters
    ----------
    client : distributed.Client
    job : Job

    Returns
    -------
    Booster
        Of the same kind as one that was trained here, without the workers' addresses.

    Raises
    ------
    ModelError
        When a worker dies meanwhile: the others have lost its rows.
    """
    if not _suits(job):
        return booster.here(job)
    # LightGBM takes as many threads as each worker has.
    settings = {key: value for key, value in job.settings.items() if key != "num_threads"}
    model = lgb.DaskLGBMRegressor(client=client, n_estimators=job.rounds, **settings)
    design, deal = job.design, partial(_dealt, client, sorted(client.nthreads()))
    with _together(client):
        model.fit(
            deal(design.matrix),
            deal(design.outcome),
            sample_weight=None if design.weight is None else deal(design.weight),
            feature_name=job.encoder.features.names,
            categorical_feature=job.encoder.categorical_positions,
            **_watched(client, job.held_out),
        )
    rounds = -1 if job.held_out is None else model.best_iteration_
    text = model.booster_.model_to_string(num_iteration=rounds)
    return booster.from_text(_NETWORK.sub("", text))


def score(
    client: Any,  # noqa: ANN401 - the library may be absent
    release: Release,
    batches: Frames,
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Score batches on a cluster, in their order; see :data:`serving.scorer.Spread`.

    The release is sent once to each worker; two batches a worker are under way at a time, so that
    neither this process nor the cluster has to hold them all.
    """
    sent = client.scatter(release, broadcast=True, hash=False)
    most, waiting = 2 * len(client.nthreads()), deque[tuple[pd.DataFrame, Any]]()
    for frame in batches:
        part = client.scatter(frame, hash=False)
        waiting.append((frame, client.submit(Release.tell, sent, part, pure=False)))
        if len(waiting) == most:
            first, scores = waiting.popleft()
            yield first, scores.result()
    yield from ((frame, scores.result()) for frame, scores in waiting)


@contextmanager
def _together(client: Any) -> Iterator[None]:  # noqa: ANN401
    """Say which worker is gone, where a fit breaks off because of it."""
    killed: type[Exception] = library("distributed", _DASK, _KEY).KilledWorker
    before = set(client.nthreads())
    try:
        yield
    except (killed, CancelledError, lgb.basic.LightGBMError) as error:
        gone = sorted(before - set(client.nthreads()))
        if not gone:
            raise
        raise ModelError(
            f"training on the cluster broke off, for {', '.join(gone)} is gone with the rows it "
            "held; nothing was registered. See its log (too little memory is the usual reason), "
            "start it again or go on with the workers that are left, and run the command again"
        ) from error


def _suits(job: booster.Job) -> bool:
    own = callable(job.settings["objective"]) or job.evaluate is not None
    return not own and job.design.start is None and job.design.matrix.size >= WORTHWHILE


def _watched(client: Any, held_out: booster.Design | None) -> dict[str, Any]:  # noqa: ANN401
    """Give every worker all that tells when to stop, so that all of them stop at the same tree."""
    if held_out is None:
        return {}
    count = len(client.nthreads())

    def copied(array: Floats) -> Any:  # noqa: ANN401
        return _joined([client.scatter(array, broadcast=True, hash=False)] * count, [array] * count)

    return {
        "eval_X": copied(every(held_out.matrix, 0, 1)),
        "eval_y": copied(held_out.outcome),
        "callbacks": [lgb.early_stopping(booster.PATIENCE, verbose=False)],
    }


def _dealt(client: Any, workers: Sequence[str], array: Matrix) -> Any:  # noqa: ANN401
    """Deal the rows out in turn.

    LightGBM finds the bins of a feature on the rows of one worker; rows are ordered by cutoff, and
    a worker that held the oldest alone would not know today's values.
    """
    parts = [np.ascontiguousarray(every(array, n, len(workers))) for n in range(len(workers))]
    places = zip(parts, workers, strict=True)
    return _joined([client.scatter(p, workers=[w], hash=False) for p, w in places], parts)


def _joined(sent: Sequence[Any], parts: Sequence[Floats]) -> Any:  # noqa: ANN401
    """Make a Dask array of what workers hold."""
    dask, arrays = library("dask", _DASK, _KEY), library("dask.array", _DASK, _KEY)
    chunks = [
        arrays.from_delayed(dask.delayed(future), part.shape, part.dtype)
        for future, part in zip(sent, parts, strict=True)
    ]
    return arrays.concatenate(chunks)


@contextmanager
def connected(scheduler: str | None) -> Iterator[Any]:
    """Connect to a cluster, or start one on this machine for as long as it is needed.

    Parameters
    ----------
    scheduler : str or None
        Its address.

    Raises
    ------
    InputError
        When Dask is not installed, the scheduler does not answer, has no workers, or these have
        other versions of what is computed with.
    """
    distributed = library("distributed", _DASK, _KEY)
    if scheduler is None:
        local = distributed.LocalCluster(host="127.0.0.1", dashboard_address=_ANY)
        with local, distributed.Client(local) as client:
            _hush(client)
            yield client
        return
    with _client(distributed, scheduler) as client:
        _check(client, scheduler)
        _hush(client)
        yield client


def _hush(client: Any) -> None:  # noqa: ANN401
    """Keep LightGBM from printing the ports and connections of every fit."""
    quiet = logging.getLogger("keepwell.lightgbm")
    quiet.setLevel(logging.ERROR)
    lgb.register_logger(quiet)
    client.run(lgb.register_logger, quiet)


def _client(distributed: Any, scheduler: str) -> Any:  # noqa: ANN401
    try:
        return distributed.Client(scheduler, timeout=_ANSWER)
    except OSError as error:
        raise InputError(
            f"training.scheduler = {scheduler!r} does not answer within {_ANSWER} seconds; start "
            "it with `dask scheduler`, or leave the key out to use this machine alone"
        ) from error


def _check(client: Any, scheduler: str) -> None:  # noqa: ANN401
    """Refuse a cluster without workers, and workers that compute with something else."""
    try:
        client.wait_for_workers(1, timeout=_WORKERS)
    except TimeoutError as error:
        raise InputError(
            f"training.scheduler = {scheduler!r} has no workers; start some with "
            f"`dask worker {scheduler}`, in an environment like this one"
        ) from error
    for name in _SAME:
        problem = unlike(name, version(name), client.run(version, name, on_error="return"))
        if problem:
            raise InputError(
                f"training.scheduler = {scheduler!r}: {problem}; install the same on every worker"
            )


def unlike(name: str, mine: str, theirs: Mapping[str, object]) -> str:
    """Say which worker has another version of a library than this process; empty where none has.

    Parameters
    ----------
    name : str
    mine : str
        The version here.
    theirs : mapping of str to object
        By worker; anything but a text where it is not installed.
    """
    others = {worker: said for worker, said in theirs.items() if said != mine}
    if not others:
        return ""
    worker, said = min(others.items(), key=lambda item: item[0])
    found = f"has {name} {said}" if isinstance(said, str) else f"has no {name}"
    return f"{worker} {found}, and this process {mine}"
