"""Several processes at once, and processes that are killed on their way."""

from __future__ import annotations

import signal

import pytest
from mlflow import MlflowClient

from tests.processes import check_registry, leftovers, start, stop
from tests.support import Shop, sales


def test_two_first_trainings_at_once_leave_one_champion(bare: Shop) -> None:
    bare.write(sales())
    both = [start(bare, "train"), start(bare, "train")]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    check_registry(bare)
    history = bare.registry.history()
    assert [p.version for p in history] == [1, 2]
    assert sum("first champion" in p.reason for p in history) == 1
    assert [p.at for p in history] == sorted(p.at for p in history)
    client = MlflowClient(f"sqlite:///{bare.folder}/mlruns/mlflow.db")
    assert len(client.search_experiments(filter_string="name = 'shop'")) == 1
    bare.does("score")
    assert set(bare.scored()["model_version"]) == {"2"}


@pytest.mark.parametrize("stage", ["Features", "Models", "Registry"])
def test_a_killed_training_harms_nothing(trained: Shop, stage: str) -> None:
    trained.does("score")
    process = start(trained, "train")
    stop(process, stage, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert leftovers(trained)
    check_registry(trained)
    trained.does("score")
    assert not leftovers(trained)


def test_a_killed_first_training_leaves_no_champion(bare: Shop) -> None:
    bare.write(sales())
    stop(start(bare, "train"), "Registry", signal.SIGKILL)
    champion = bare.registry.champion()
    assert champion is None
    bare.does("train")
    check_registry(bare)
    assert not leftovers(bare)


@pytest.mark.parametrize("stage", ["Features", "Registry"])
def test_an_interrupted_training_ends_in_order(trained: Shop, stage: str) -> None:
    process = start(trained, "train")
    said = stop(process, stage, signal.SIGINT)
    assert process.returncode in {1, 130}, said
    assert "Traceback" not in said
    assert not leftovers(trained)
    check_registry(trained)


def test_a_killed_scoring_leaves_the_scores_of_before(trained: Shop) -> None:
    trained.does("score")
    before = trained.scores.read_bytes()
    stop(start(trained, "score"), "Scores", signal.SIGKILL)
    after = trained.scored()
    trained.scores.write_bytes(before)
    assert after.equals(trained.scored())
    trained.does("score")
    trained.does("risk-list")
    assert not list(trained.folder.rglob("*.part"))
