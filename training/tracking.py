"""Runs in MLflow: parameters, measures, plots and files. No other part of training knows it."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import Metric, Param, RunInfo
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema

import features
import models
from models import bundle
from models.bundle import Bundle
from models.release import DUE, SCORES, Release

for _noisy in ("mlflow", "alembic"):
    logging.getLogger(_noisy).setLevel(logging.WARNING)
# An environment may have no pip; that it would be unpinned in a list of packages is no news.
logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)

_LONGEST_PARAMETER = 5000
_PARENT = "mlflow.parentRunId"
_MOST_RUNS = 50_000

_FEATURES, _MODELS = (Path(next(iter(package.__path__))) for package in (features, models))
_SCRIPT = _MODELS / "pyfunc.py"
_CARRIED = ("__init__.py", "catalogue.py")
"""What of the features' code a bundle is read with."""

_LIBRARIES = ("lightgbm", "mlflow", "numpy", "pandas", "scikit-learn", "scipy")


class Run:
    """An open run."""

    def __init__(self, client: MlflowClient, run_id: str, artifact_uri: str) -> None:
        self._client = client
        self.id = run_id
        self.artifact_uri = artifact_uri

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Log parameters."""
        params = [Param(k, str(v)[:_LONGEST_PARAMETER]) for k, v in values.items()]
        self._client.log_batch(self.id, params=params)

    def measures(self, values: Mapping[str, float], step: int = 0) -> None:
        """Log measures; one that could not be computed (NaN) is left out."""
        now = time.time_ns() // 1_000_000
        known = {k: v for k, v in values.items() if v == v}  # noqa: PLR0124 - NaN differs from itself
        self._client.log_batch(self.id, metrics=[Metric(k, v, now, step) for k, v in known.items()])

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags."""
        for key, value in values.items():
            self._client.set_tag(self.id, key, value)

    def figure(self, figure: Figure, name: str) -> None:
        """Log a plot."""
        self._client.log_figure(self.id, figure, f"plots/{name}.png")

    def json(self, content: Mapping[str, Any], name: str) -> None:
        """Log a dictionary as a JSON file."""
        self._client.log_dict(self.id, dict(content), f"{name}.json")

    def children(self) -> set[str]:
        """Give the names of the runs inside this one."""
        found = self._client.search_runs(
            [self._client.get_run(self.id).info.experiment_id],
            f"tags.`{_PARENT}` = '{self.id}'",
            max_results=_MOST_RUNS,
        )
        return {str(run.info.run_name) for run in found}

    def child(self, name: str, began: float, ended: float, status: str = "FINISHED") -> Run:
        """Add a run inside this one, of something that is over already.

        Parameters
        ----------
        name : str
        began, ended : float
            Seconds since 1970.
        status : {"FINISHED", "KILLED"}
        """
        info = self._client.create_run(
            self._client.get_run(self.id).info.experiment_id,
            start_time=int(began * 1000),
            tags={_PARENT: self.id},
            run_name=name,
        ).info
        self._client.set_terminated(info.run_id, status, int(ended * 1000))
        return Run(self._client, info.run_id, str(info.artifact_uri))

    def folder(self, path: Path, name: str) -> str:
        """Log a folder and give its URI."""
        self._client.log_artifacts(self.id, str(path), name)
        return f"{self.artifact_uri}/{name}"


class Tracker:
    """The tracking server of a project.

    Parameters
    ----------
    uri : str
        MLflow's tracking URI.
    experiment : str
    artifacts : Path or None
        Folder for the artifacts of a new experiment; None leaves it to the server.
    """

    def __init__(self, uri: str, experiment: str, artifacts: Path | None) -> None:
        self._uri = uri
        self._client = MlflowClient(tracking_uri=uri)
        self._experiment = self._find_or_create(experiment, artifacts)

    @contextmanager
    def run(self, name: str, again: str | None = None) -> Iterator[Run]:
        """Open a run; it ends as FINISHED, FAILED or, when interrupted, KILLED.

        Parameters
        ----------
        name : str
        again : str, optional
            A run to go on with; where it is gone there is a new one.
        """
        info = self._reopened(again) if again else None
        info = info or self._client.create_run(self._experiment, run_name=name).info
        try:
            yield Run(self._client, info.run_id, str(info.artifact_uri))
        except BaseException as error:
            killed = isinstance(error, KeyboardInterrupt | SystemExit)
            self._client.set_terminated(info.run_id, "KILLED" if killed else "FAILED")
            raise
        self._client.set_terminated(info.run_id)

    def newest(self, tag: str, name: str) -> dict[str, Any] | None:
        """Read a JSON file of the run whose tag is the greatest; None where there is none.

        Parameters
        ----------
        tag : str
            Of runs that have the file: a time in ISO format, say.
        name : str
            The file's, without its ending.
        """
        found = self._client.search_runs([self._experiment], f"tags.{tag} != ''")
        if not found:
            return None
        newest = max(found, key=lambda run: str(run.data.tags[tag]))
        return self._json(f"{newest.info.artifact_uri}/{name}.json")

    def read(self, run_id: str, name: str) -> dict[str, Any] | None:
        """Read a JSON file of a run; None where it has none."""
        try:
            info = self._client.get_run(run_id).info
        except MlflowException:
            return None
        return self._json(f"{info.artifact_uri}/{name}.json")

    def _json(self, source: str) -> dict[str, Any] | None:
        try:
            path = download_artifacts(source, tracking_uri=self._uri)
        except (MlflowException, OSError):
            # Somebody has cleared the run's files away.
            return None
        content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        return content

    def _reopened(self, run_id: str) -> RunInfo | None:
        try:
            info = self._client.get_run(run_id).info
        except MlflowException:
            return None
        if info.lifecycle_stage != "active" or info.experiment_id != self._experiment:
            return None
        self._client.update_run(run_id, status="RUNNING")
        return info

    def _find_or_create(self, name: str, artifacts: Path | None) -> str:
        if found := self._client.get_experiment_by_name(name):
            return str(found.experiment_id)
        location = artifacts.as_uri() if artifacts else None
        try:
            return str(self._client.create_experiment(name, artifact_location=location))
        except MlflowException:
            # Another process may have made it since we looked.
            if found := self._client.get_experiment_by_name(name):
                return str(found.experiment_id)
            raise


def save_release(release: Bundle, folder: Path) -> None:
    """Write a bundle into an existing, empty folder as a model that MLflow can load, too.

    Beside the bundle's own files there are ``MLmodel`` with the signature and an example,
    :mod:`models.pyfunc`, and in ``code/`` what that needs where Keepwell is not installed.
    """
    with warnings.catch_warnings():
        # MLflow warns of the hints of its own classes.
        warnings.filterwarnings("ignore", ".*Any type hint is inferred as AnyType", UserWarning)
        mlflow.pyfunc.save_model(
            str(folder),
            python_model=str(_SCRIPT),
            signature=_signature(release.release),
            input_example=release.release.example(),
            pip_requirements=[f"{name}=={version(name)}" for name in _LIBRARIES],
        )
    code, skipped = folder / "code", shutil.ignore_patterns("__pycache__")
    shutil.copytree(_MODELS, code / "models", ignore=skipped)
    (code / "features").mkdir()
    for name in _CARRIED:
        shutil.copy(_FEATURES / name, code / "features")
    bundle.save(release, folder)


def _signature(release: Release) -> ModelSignature:
    """Describe the features that are asked for, and the scores that are given."""
    kinds = {"category": DataType.string, "float64": DataType.double}
    # Who is estimated by which part of a wallet model depends on their id.
    who = ColSpec(DataType.string, "customer_id", required=release.derives)
    asked = [ColSpec(kinds[f.dtype], f.name) for f in release.table_features]
    given = [ColSpec(DataType.double, name) for name in (*SCORES, DUE)]
    return ModelSignature(Schema([who, *asked]), Schema([*given]))


def git_commit(folder: Path) -> str:
    """Give the commit of a checkout, ``"unknown"`` outside of one, with ``+`` when changed."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        commit = git("rev-parse", "HEAD")
        return f"{commit}{'+' if git('status', '--porcelain') else ''}" if commit else "unknown"
    except FileNotFoundError:
        return "unknown"


def mlflow_version() -> str:
    """Give MLflow's version."""
    return str(mlflow.__version__)
