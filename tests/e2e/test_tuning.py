"""A company that tunes: what `train` makes of it, what a kill leaves, and what is refused."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
from mlflow import MlflowClient
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from keepwell.project import Project
from keepwell.training import tuned_of
from tests.flat import FLAT, people
from tests.support import BASE, Shop, sales

COMMAND = "import sys; from keepwell.cli import main; sys.exit(main())"
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def studies(shop: Shop) -> dict[str, list[FrozenTrial]]:
    """Give the trials of every study, by its name."""
    path = shop.folder / "mlruns" / "optuna.db"
    storage = RDBStorage(f"sqlite:///{path}")
    found = {
        name: optuna.load_study(study_name=name, storage=storage).get_trials(deepcopy=False)
        for name in optuna.get_all_study_names(storage)
    }
    storage.remove_session()
    return found


def finished(shop: Shop) -> list[int]:
    return [sum(t.state in FINISHED for t in trials) for trials in studies(shop).values()]


def last_run(shop: Shop, name: str) -> dict[str, str]:
    """Give the tags of the newest run of a name."""
    client = MlflowClient(f"sqlite:///{shop.folder}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("shop")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id], f"run_name = '{name}'", max_results=1)
    return dict(found[0].data.tags)


@pytest.fixture
def tuned(shop: Shop) -> Shop:
    shop.write(sales())
    shop.does("tune", "--trials", "3")
    return shop


def test_train_uses_what_was_tuned_as_long_as_it_fits(tuned: Shop) -> None:
    assert finished(tuned) == [3, 3]
    trained = tuned.does("train")
    assert "note: tuned parameters of run " in trained.all
    run = last_run(tuned, "train")["tuned_run"]
    assert len(run) == 32
    champion = tuned.registry.champion()
    assert champion is not None
    bundle = tuned.registry.load(champion)
    assert bundle.notes["tuned_run"] == run

    untuned = tuned.does("train", "--untuned")
    assert "tuned parameters" not in untuned.all
    assert last_run(tuned, "train")["tuned_run"] == "none"

    assert tuned_of(Project.at(tuned.config)) is not None
    tuned.write(config=BASE.replace("[training]", "[training]\ntuned = false"))
    assert tuned_of(Project.at(tuned.config)) is None

    tuned.write(config=BASE.replace('horizon = "30d"', 'horizon = "45d"'))
    other = tuned.does("train", "--replace").all
    assert "do not fit: they are for another target (horizon 30 → 45" in other
    assert last_run(tuned, "train")["tuned_run"] == "none"


def test_another_call_goes_on_and_changed_data_begins_anew(tuned: Shop) -> None:
    said = tuned.does("tune", "--trials", "4", "--jobs", "2").all
    assert finished(tuned) == [4, 4]
    assert "Churn: 4 trials" in said
    later = sales().iloc[:-1]
    tuned.write(later)
    tuned.does("tune", "--trials", "1")
    assert sorted(finished(tuned)) == [1, 1, 4, 4]
    assert len(studies(tuned)) == 4


def start(shop: Shop, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-c", COMMAND, "tune", "--config", str(shop.config), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ,
    )


def counted(path: Path) -> int:
    """Count the finished trials of a database that somebody else is at, or may only be making."""
    if not path.exists():
        return 0
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        sql = "SELECT count(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED')"
        return int(database.execute(sql).fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()


def wait_for(process: subprocess.Popen[str], shop: Shop, trials: int) -> None:
    """Wait until so many trials are finished."""
    end = time.monotonic() + 240
    while counted(shop.folder / "mlruns" / "optuna.db") < trials:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_tuning_that_is_broken_off_goes_on(shop: Shop, how: signal.Signals) -> None:
    shop.write(sales())
    process = start(shop, "--trials", "500")  # far more than are done when the signal arrives
    wait_for(process, shop, 2)
    process.send_signal(how)
    said = process.communicate(timeout=60)[0]
    assert process.returncode in {-signal.SIGKILL, 1, 130}, said
    assert "Traceback" not in said
    assert ("Stopping after this fold" in said) == (how == signal.SIGINT)
    before = {t.number: t.value for trials in studies(shop).values() for t in trials if t.value}
    assert "note: tuned" not in shop.does("train").all
    kept = finished(shop)
    shop.does("tune", "--trials", str(max(kept) + 1))
    assert finished(shop) == [max(kept) + 1] * 2
    after = {t.number: t.value for trials in studies(shop).values() for t in trials if t.value}
    assert before.items() <= after.items()
    running = [
        t for trials in studies(shop).values() for t in trials if t.state == TrialState.RUNNING
    ]
    assert running == []
    assert last_run(shop, "tune")["tuned_at"]


def test_time_that_is_over_at_once_keeps_nothing(shop: Shop) -> None:
    shop.write(sales())
    said = shop.does("tune", "--timeout", "0").all
    assert "The time was over before the default parameters of the churn model were judged" in said
    assert "note: tuned" not in shop.does("train").all


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--trials", "0"), "'--trials': Input should be greater than or equal to 1"),
        (("--trials", "many"), "'--trials': Input should be a valid integer"),
        (("--timeout", "-1"), "'--timeout': Input should be greater than or equal to 0"),
        (("--jobs", "0"), "'--jobs': Input should be greater than or equal to 1"),
        (("--as-of", "soon"), "'soon' does not match the format"),
    ],
)
def test_bad_arguments_are_refused(shop: Shop, options: tuple[str, ...], message: str) -> None:
    said = shop.run("tune", *options)
    assert said.status == 2
    assert message in said.all


def test_a_flat_file_cannot_be_tuned(shop: Shop) -> None:
    shop.write(config=FLAT)
    people().to_parquet(shop.folder / "people.parquet")
    assert "[tables.labelled] has no dates" in shop.refuses("tune")


def test_a_history_too_short_is_refused(shop: Shop) -> None:
    shop.write(sales(days=70))
    assert "too short to tune on: a single usable cutoff" in shop.refuses("tune")
