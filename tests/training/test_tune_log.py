"""A search in a real MLflow store: a run, in it a run for each trial, and what training finds."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run as Stored

from features.catalogue import FeatureSet
from features.labels import Target
from features.panel import Panel
from models.recipe import Recipe
from tests.searches import opened, squared
from training.dates import Dates
from training.history import History
from training.splits import Roles
from training.tracking import Tracker
from training.train import Ground
from training.tune import result
from training.tune_aims import Report
from training.tune_log import last_tuned, log_result, log_trials, tuning_run
from training.tune_study import Desk, Search
from training.tune_work import Order, search
from training.tuned import Tuned

DAYS = [date(2023, 7, 1), date(2023, 4, 1), date(2023, 1, 1)]


@pytest.fixture
def uri(tmp_path: Path, empty_store: Path) -> str:
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def tracker(uri: str, tmp_path: Path) -> Tracker:
    return Tracker(uri, "shop", tmp_path / "artifacts")


@pytest.fixture
def base(features: FeatureSet) -> Ground:
    roles = Roles(date(2023, 10, 1), 90, DAYS, DAYS[1:], [([DAYS[2]], d) for d in DAYS])
    aim = Target("inactivity", 90, 0, 90)
    when = Dates(DAYS[-1], date(2023, 10, 1))
    return Ground(when, {}, aim, History(Panel({}, features), roles), features, Recipe(), ())


def tune(tracker: Tracker, desk: Desk, wanted: Search, base: Ground, trials: int) -> Tuned:
    with tuning_run(tracker, desk, [wanted]) as run:
        search(desk, [wanted], Order(trials), lambda: log_trials(run, [wanted]))
        found = result(wanted)
        assert found is not None
        return log_result(run, base, [wanted], [found])


def stored(uri: str) -> list[Stored]:
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("shop")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def children(uri: str, parent: str) -> dict[str, Stored]:
    found = [r for r in stored(uri) if r.data.tags.get("mlflow.parentRunId") == parent]
    return {str(r.info.run_name): r for r in found}


def test_each_trial_is_a_run_inside_the_search(
    uri: str, tracker: Tracker, tmp_path: Path, base: Ground
) -> None:
    desk, wanted = opened(tmp_path)
    found = tune(tracker, desk, wanted, base, 12)
    inside = children(uri, found.run_id)
    assert sorted(inside) == sorted(f"line {n}" for n in range(12))
    first, trials = inside["line 0"], wanted.tried()
    assert first.data.tags["trial"] == "default"
    assert first.data.params == {"x": "4.0"}
    assert first.data.metrics["log_loss"] == pytest.approx(trials[0].loss)
    assert first.info.status == "FINISHED"
    history = MlflowClient(uri).get_metric_history(first.info.run_id, "fold_log_loss")
    assert [(m.step, m.value) for m in history] == [(0, 1.0), (1, 1.1), (2, 1.2)]
    pruned = [f"line {t.number}" for t in trials if t.loss is None]
    assert pruned
    assert {inside[name].data.tags["trial"] for name in pruned} == {"pruned"}


def test_the_search_s_run_has_the_result_and_the_plots(
    uri: str, tracker: Tracker, tmp_path: Path, base: Ground
) -> None:
    desk, wanted = opened(tmp_path)
    found = tune(tracker, desk, wanted, base, 4)
    client = MlflowClient(uri)
    names = [a.path for a in client.list_artifacts(found.run_id)]
    assert names == ["plots", "tuned.json", "tuning.json"]
    plots = [a.path for a in client.list_artifacts(found.run_id, "plots")]
    assert plots == [f"plots/line_{n}.png" for n in ("history", "importance", "slice")]
    measures = client.get_run(found.run_id).data.metrics
    assert measures["line_best_log_loss"] <= measures["line_default_log_loss"]
    assert last_tuned(tracker) == found


def test_a_search_that_goes_on_has_one_run(
    uri: str, tracker: Tracker, tmp_path: Path, base: Ground
) -> None:
    desk, wanted = opened(tmp_path)

    def interrupted(parameters: Mapping[str, Any], report: Report) -> float:
        if len(wanted.tried()) == 3:
            raise KeyboardInterrupt
        return squared(parameters, report)

    with pytest.raises(KeyboardInterrupt):
        tune(tracker, desk, replace(wanted, objective=interrupted), base, 9)
    (broken,) = [r for r in stored(uri) if r.info.run_name == "tune"]
    assert broken.info.status == "KILLED"
    assert last_tuned(tracker) is None
    found = tune(tracker, *opened(tmp_path), base, 5)
    assert found.run_id == broken.info.run_id
    assert len(children(uri, found.run_id)) == 5
    assert MlflowClient(uri).get_run(found.run_id).info.status == "FINISHED"
    assert len(stored(uri)) == 6


def test_a_run_that_was_deleted_is_made_anew(
    uri: str, tracker: Tracker, tmp_path: Path, base: Ground
) -> None:
    first = tune(tracker, *opened(tmp_path), base, 2)
    MlflowClient(uri).delete_run(first.run_id)
    second = tune(tracker, *opened(tmp_path), base, 2)
    assert second.run_id != first.run_id
    assert len(children(uri, second.run_id)) == 2
    assert last_tuned(tracker) == second


def test_the_last_search_counts(tracker: Tracker, tmp_path: Path, base: Ground) -> None:
    tune(tracker, *opened(tmp_path, squared, "a"), base, 2)
    last = tune(tracker, *opened(tmp_path, squared, "b"), base, 2)
    assert last_tuned(tracker) == last


def test_files_that_somebody_has_cleared_away_are_no_result(
    tracker: Tracker, tmp_path: Path, base: Ground
) -> None:
    tune(tracker, *opened(tmp_path), base, 2)
    shutil.rmtree(tmp_path / "artifacts")
    assert last_tuned(tracker) is None
