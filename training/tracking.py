"""Runs in MLflow: parameters, measures, plots and files. No other part of training knows it."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

for _noisy in ("mlflow", "alembic"):
    logging.getLogger(_noisy).setLevel(logging.WARNING)

_LONGEST_PARAMETER = 5000


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

    def measures(self, values: Mapping[str, float]) -> None:
        """Log measures; one that could not be computed (NaN) is left out."""
        now = time.time_ns() // 1_000_000
        known = {k: v for k, v in values.items() if v == v}  # noqa: PLR0124 - NaN differs from itself
        self._client.log_batch(self.id, metrics=[Metric(k, v, now, 0) for k, v in known.items()])

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
        self._client = MlflowClient(tracking_uri=uri)
        self._experiment = self._find_or_create(experiment, artifacts)

    @contextmanager
    def run(self, name: str) -> Iterator[Run]:
        """Open a run; it ends as FINISHED, FAILED or, when interrupted, KILLED."""
        info = self._client.create_run(self._experiment, run_name=name).info
        try:
            yield Run(self._client, info.run_id, str(info.artifact_uri))
        except BaseException as error:
            killed = isinstance(error, KeyboardInterrupt | SystemExit)
            self._client.set_terminated(info.run_id, "KILLED" if killed else "FAILED")
            raise
        self._client.set_terminated(info.run_id)

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
