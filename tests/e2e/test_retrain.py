"""``keepwell retrain``: what it decides, does and records, alone and beside another one."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Run

from keepwell.retraining import RECORD
from serving.store import Store
from tests.flat import FLAT, people
from tests.processes import check_registry, leftovers, start, stop
from tests.support import BASE, Shop, sales

BUSY = 3


def runs(shop: Shop) -> list[Run]:
    """Give the runs called "retrain", the newest first."""
    client = MlflowClient(f"sqlite:///{shop.folder}/mlruns/mlflow.db")
    (experiment,) = client.search_experiments(filter_string="name = 'shop'")
    found = client.search_runs([experiment.experiment_id])
    return [run for run in found if run.info.run_name == "retrain"]


def written(run: Run) -> str:
    """Give the record of a run."""
    folder = Path(str(run.info.artifact_uri).removeprefix("file://"))
    return (folder / "record" / RECORD).read_text(encoding="utf-8")


def kept(folder: Path) -> dict[str, bytes]:
    """Give what a folder holds, its work folder left out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".keepwell" not in str(path.relative_to(folder))
    }


def test_a_first_run_trains_and_a_dry_one_leaves_nothing_behind(bare: Shop) -> None:
    bare.write(sales())
    before = kept(bare.folder)
    said = bare.does("retrain", "--dry-run").all
    assert "Would train: - there is no champion yet" in said
    assert kept(bare.folder) == before
    said = bare.does("retrain", "--as-of", "2023-09-28").all
    assert "Training: - there is no champion yet" in said
    assert "Version 1 of 'shop' promoted: first champion" in said
    (run,) = runs(bare)
    assert run.info.status == "FINISHED"
    assert {k: v for k, v in run.data.tags.items() if not k.startswith("mlflow.")} == {
        "train": "true",
        "why": "there is no champion yet",
        "training_run": bare.registry.version(1).run_id,
        "model_version": "1",
        "promoted": "true",
        "decision": bare.registry.history()[0].reason,
    }
    assert "- version 1 was promoted: first champion; grade" in written(run)


def test_without_new_outcomes_nothing_is_trained(trained: Shop) -> None:
    said = trained.does("retrain").all
    assert "Not training: - there are no data after 2023-10-28, up to which was learnt" in said
    (run,) = runs(trained)
    assert run.data.tags["train"] == "false"
    assert "training_run" not in run.data.tags
    assert "- the champion stays" in written(run)
    assert len(trained.registry.versions()) == 1


def test_a_dry_run_changes_nothing(trained: Shop) -> None:
    trained.does("score")
    before = kept(trained.folder)
    said = trained.does("retrain", "--dry-run").all
    assert "Would not train: - there are no data after 2023-10-28" in said
    assert kept(trained.folder) == before
    assert runs(trained) == []


def test_a_further_cutoff_is_learnt_from_once(trained_before: Shop) -> None:
    shop = trained_before
    said = shop.does("retrain").all
    assert "30 days of outcomes have become known since the training as of 2023-09-28" in said
    assert "1 further cutoff (30 days apart)" in said
    assert len(shop.registry.versions()) == 2
    # Whether it was promoted or not: the same data are not learnt from again.
    assert "Not training: - there are no data after 2023-10-28" in shop.does("retrain").all
    assert len(shop.registry.versions()) == 2


def test_promises_are_held_against_what_came_true(shop: Shop) -> None:
    shop.write(sales(), BASE.replace('every = "30d"', 'every = "60d"'))
    shop.does("retrain", "--as-of", "2023-09-08")
    shop.does("score", "--as-of", "2023-09-15")
    said = shop.does("retrain", "--dry-run", "--as-of", "2023-10-10").all
    assert "no published scores have come true yet: the first will on 2023-10-15" in said
    with Store.open(f"sqlite:///{shop.folder}/keepwell.db") as store:
        frame = store.all_scores()
        info = store.current_run()
        wrong = frame.assign(churn_probability=1 - frame["churn_probability"])
        store.publish(info, [wrong])
    said = shop.does("retrain", "--dry-run").all
    assert "the scores of version 1 as of 2023-09-15 came out worse than promised: ROC AUC" in said
    assert "Would train" in said


def test_another_meaning_is_left_to_people(trained: Shop) -> None:
    trained.write(config=BASE.replace('horizon = "30d"', 'horizon = "40d"'))
    said = trained.does("retrain").all
    assert "Not training: - the configuration means something else than version 1" in said
    assert "(churn_horizon 30 → 40, value_horizon 30 → 40): run `keepwell train --replace`" in said


def test_a_champion_that_is_lost_is_replaced(trained: Shop) -> None:
    champion = trained.registry.champion()
    assert champion is not None
    shutil.copytree(champion.source.removeprefix("file://"), trained.folder / "copy")
    uri = (trained.folder / "copy").as_uri()
    trained.registry.promote(trained.registry.register(champion.run_id, uri), "moved")
    shutil.rmtree(trained.folder / "copy")
    said = trained.does("retrain", "--dry-run").all
    assert (
        "Would train: - the champion cannot go on: the files of 'shop' version 2 are gone" in said
    )


def test_tables_that_no_longer_give_the_features_are_a_reason(shop: Shop) -> None:
    lines = sales()
    shop.write(lines, BASE + '[tables.complaints]\nsource = "complaints.csv"\n')
    complaints = lines.drop_duplicates("customer_id")[["customer_id", "occurred_at"]]
    complaints = complaints.rename(columns={"occurred_at": "opened_at"})
    complaints.to_csv(shop.folder / "complaints.csv", index=False)
    shop.does("train", "--as-of", "2023-09-28")
    shop.write(config=BASE)
    said = shop.does("retrain", "--dry-run").all
    assert "the champion cannot go on: the champion of 'shop' was trained on another" in said


def test_a_flat_file_is_learnt_from_when_its_rows_are_new(shop: Shop) -> None:
    shop.write(config=FLAT)
    rows = people()
    rows[:340].to_parquet(shop.folder / "people.parquet")
    shop.does("retrain")
    said = shop.does("retrain").all
    assert "Not training: - 0 of 300 labelled rows are new or have changed since" in said
    rows.to_parquet(shop.folder / "people.parquet")
    said = shop.does("retrain", "--dry-run").all
    assert "Would train: - 60 of 360 labelled rows are new or have changed since" in said
    assert "--as-of means nothing" in shop.refuses("retrain", "--as-of", "2023-01-01")


def test_while_another_one_is_at_work_nothing_is_done(trained: Shop) -> None:
    before = kept(trained.folder)
    with FileLock(trained.folder / "mlruns" / ".keepwell-retrain-shop.lock"):
        said = trained.run("retrain")
        assert said.status == BUSY
        assert "another `keepwell retrain` of 'shop' is at work; this one has done" in said.all
        assert trained.run("retrain", "--dry-run").status == 0
    assert kept(trained.folder) == before


def test_a_scheduler_that_starts_it_twice_trains_once(bare: Shop) -> None:
    bare.write(sales())
    both = [start(bare, "retrain"), start(bare, "retrain")]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert sorted(process.returncode for process in both) == [0, BUSY], said
    check_registry(bare)
    assert [version.version.number for version in bare.registry.versions()] == [1]
    assert len(runs(bare)) == 1


@pytest.mark.parametrize("stage", ["Models", "Registry"])
def test_killed_on_its_way_it_goes_on_next_time(shop: Shop, stage: str) -> None:
    shop.write(sales())
    stop(start(shop, "retrain"), stage, signal.SIGKILL)
    assert shop.registry.champion() is None
    shop.does("retrain")
    check_registry(shop)
    assert not leftovers(shop)
    first, second = reversed(runs(shop))
    assert (first.info.status, second.info.status) == ("RUNNING", "FINISHED")


def test_a_training_that_fails_is_on_record(shop: Shop) -> None:
    shop.write(sales(customers=20))
    message = shop.refuses("retrain")
    assert "too little data to learn from" in message
    (run,) = runs(shop)
    assert (run.info.status, run.data.tags["train"]) == ("FAILED", "true")


def test_the_history_of_a_run_is_what_was_scored(trained: Shop) -> None:
    trained.does("score")
    with Store.open(f"sqlite:///{trained.folder}/keepwell.db") as store:
        (run,) = store.runs()
        told = store.remembered(run.id)
    assert list(told.columns) == [
        "customer_id",
        "churn_probability",
        "value_if_retained",
        "value_if_churned",
        "expected_value",
    ]
    scores = pd.read_parquet(trained.scores).sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(told, scores[list(told.columns)], check_exact=True)
