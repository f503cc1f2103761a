"""A company that stays as it is, and one whose stores stop delivering: who is told what."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import keepwell
import keepwell.results
from keepwell.cli import main
from training.realised import NAMES

TRAINED, SOON, LATER = "2024-06-01", "2024-06-20", "2024-10-01"


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a company with a champion, and its scores of the day."""
    folder = tmp_path_factory.mktemp("steady") / "company"
    simulate = ["simulate", "--customers", "1000", "--months", "30", "--out", str(folder)]
    assert main(simulate) == 0
    config = folder / "keepwell.toml"
    text = config.read_text().replace("cutoffs = 12", "cutoffs = 6\nfolds = 1")
    config.write_text(text)
    for command in ("train", "score"):
        assert main([command, "--config", str(config), "--as-of", TRAINED]) == 0
    return folder


@pytest.fixture(scope="module")
def drifted(steady: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the same company; from a day on, what its stores sell is not delivered."""
    folder = tmp_path_factory.mktemp("drifted") / "company"
    shutil.copytree(steady, folder)
    path = folder / "transactions.parquet"
    table = pq.read_table(path)
    lines = table.select(["occurred_at", "channel"]).to_pandas()
    gone = (lines["occurred_at"] >= pd.Timestamp("2024-06-10")) & (lines["channel"] == "store")
    pq.write_table(table.filter(pa.array(~gone)), path)
    return folder


def told(folder: Path, as_of: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Give what a dry run says."""
    capsys.readouterr()
    config = str(folder / "keepwell.toml")
    assert main(["retrain", "--dry-run", "--config", config, "--as-of", as_of]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_nothing_is_due_where_nothing_has_changed(
    steady: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(steady, SOON, capsys)
    assert "Would not train: - 19 days of outcomes have become known" in said
    assert "nothing that has changed needs action" in said


def test_kept_promises_raise_no_alarm(steady: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(steady, LATER, capsys)
    assert "4 further cutoffs (30 days apart)" in said
    assert "worse than promised" not in said
    assert "has moved" not in said


def test_drift_that_moves_the_scores_trains_before_its_time(
    drifted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(drifted, SOON, capsys)
    assert "Would train: - churn_probability has moved" in said
    assert "look at the features that have moved" in said


def test_broken_promises_are_told_when_the_labels_are_known(
    drifted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(drifted, LATER, capsys)
    assert f"the scores of version 1 as of {TRAINED} came out worse than promised: ROC AUC" in said
    assert "leavers over those expected" in said


def watched(folder: Path, as_of: str) -> keepwell.results.Watch:
    """Give what a monitoring finds."""
    return keepwell.open(folder / "keepwell.toml").monitor(as_of)


def test_a_company_that_stays_as_it_is_needs_no_action(steady: Path) -> None:
    found = watched(steady, LATER)
    assert not found.alarms["action"].any()
    assert found.facts["alarms"]["needed"] == 0
    assert set(found.months["measure"]) == set(NAMES)
    assert not found.months["broken"].any()
    assert "Nothing needs action." in found.html


def test_a_company_that_drifts_is_told_what_needs_action(drifted: Path) -> None:
    soon = watched(drifted, SOON)
    needed = soon.alarms[soon.alarms["action"]]
    assert "churn_probability" in set(needed["subject"])
    assert soon.months.empty
    assert soon.features.loc["churn_probability", "moved"]
    later = watched(drifted, LATER)
    needed = later.alarms[later.alarms["action"]]
    assert {"roc_auc", "observed_over_expected"} <= set(needed["subject"])
    assert later.facts["realised_over_promised"]["observed_over_expected"] > 1.1
    assert later.html.count("<img") == 1
