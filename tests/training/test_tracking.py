"""Runs on a real MLflow store: SQLite and a folder of artifacts."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from mlflow import MlflowClient

from training.tracking import Tracker, git_commit, mlflow_version


@pytest.fixture
def uri(tmp_path: Path, empty_store: Path) -> str:
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def test_a_run_holds_what_was_logged(uri: str, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "note.txt").write_text("kept")
    with Tracker(uri, "shop", tmp_path / "artifacts").run("train") as run:
        run.parameters({"seed": 7, "long": "x" * 9000})
        run.measures({"churn_roc_auc": 0.75, "unknown": float("nan")})
        run.tags({"grade": "A"})
        run.json({"a": [1, 2]}, "roles")
        run.figure(Figure(), "gains")
        source = run.folder(tmp_path / "bundle", "bundle")
    stored = MlflowClient(uri).get_run(run.id)
    assert stored.info.status == "FINISHED"
    assert stored.data.params["seed"] == "7"
    assert stored.data.params["long"] == "x" * 5000
    assert stored.data.metrics == {"churn_roc_auc": 0.75}
    assert stored.data.tags["grade"] == "A"
    folder = next((tmp_path / "artifacts").rglob("roles.json")).parent
    assert json.loads((folder / "roles.json").read_text()) == {"a": [1, 2]}
    assert (folder / "plots" / "gains.png").stat().st_size > 0
    assert (folder / "bundle" / "note.txt").read_text() == "kept"
    assert source.endswith("/bundle")


def test_a_tag_of_any_length_is_logged(uri: str, tmp_path: Path) -> None:
    with Tracker(uri, "shop", tmp_path / "artifacts").run("train") as run:
        run.tags({"decision": "missing: " + ", ".join(["spend_sum_365d"] * 2000)})
    assert MlflowClient(uri).get_run(run.id).data.tags["decision"].startswith("missing: spend")


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")]
)
def test_a_run_that_breaks_off_says_so(
    uri: str, tmp_path: Path, error: type[BaseException], status: str
) -> None:
    started = []

    def break_off() -> None:
        with Tracker(uri, "shop", tmp_path / "artifacts").run("train") as run:
            started.append(run.id)
            raise error

    with pytest.raises(error):
        break_off()
    assert MlflowClient(uri).get_run(started[0]).info.status == status


def test_an_experiment_is_found_again(uri: str, tmp_path: Path) -> None:
    for _ in range(2):
        with Tracker(uri, "shop", tmp_path / "artifacts").run("train"):
            pass
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("shop")
    assert experiment is not None
    assert len(client.search_runs([experiment.experiment_id])) == 2


def test_the_commit_of_a_checkout_marks_changes(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", tmp_path, *who, *arguments], check=True, capture_output=True)  # noqa: S607

    git("init")
    assert git_commit(tmp_path) == "unknown"
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-m", "one")
    clean = git_commit(tmp_path)
    assert len(clean) == 40
    (tmp_path / "file").write_text("2")
    assert git_commit(tmp_path) == f"{clean}+"


def test_outside_of_a_checkout_the_commit_is_unknown(tmp_path: Path) -> None:
    assert git_commit(tmp_path) == "unknown"


def test_the_version_of_mlflow_is_known() -> None:
    assert mlflow_version().startswith("3.")
