"""What a training and a scoring leave behind."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from features.catalogue import CAUSES
from serving.columns import COLUMNS, NUMBERS
from serving.scorer import CAUSE_COLUMNS, REASON_COLUMNS
from serving.store.reads import LAST_CONTACT
from tests.support import BASE, Shop, sales

ROOT = Path(__file__).parents[2]

OF_MLFLOW = {
    "MLmodel",
    "__pycache__",
    "code",
    "conda.yaml",
    "input_example.json",
    "pyfunc.py",
    "registered_model_meta",  # left by whoever loads it through the registry
    "python_env.yaml",
    "requirements.txt",
    "serving_input_example.json",
}
"""What lies beside a bundle's files for MLflow, and what Python makes of it."""


def test_scores_obey_their_definitions(trained: Shop) -> None:
    said = trained.does("score", "--out", trained.folder / "scores.csv").all
    assert "in the configuration" not in said
    scores = pd.read_parquet(trained.scores)
    assert tuple(scores.columns) == COLUMNS
    p, kept = scores["churn_probability"], scores["value_if_retained"]
    lost = scores["value_if_churned"]
    assert p.between(0, 1, inclusive="neither").all()
    np.testing.assert_allclose(scores["expected_value"], (1 - p) * kept + p * lost, rtol=1e-12)
    np.testing.assert_allclose(scores["value_at_risk"], p * (kept - lost), rtol=1e-12)
    assert set(scores["model_version"]) == {"1"}
    assert scores["customer_id"].is_monotonic_increasing
    assert scores["customer_id"].is_unique
    csv = pd.read_csv(trained.folder / "scores.csv", dtype={"customer_id": str})
    assert list(csv["customer_id"]) == list(scores["customer_id"])


def test_the_risk_list_is_ranked_and_speaks(trained: Shop) -> None:
    trained.does("score")
    path = trained.folder / "list.csv"
    trained.does("risk-list", "--out", path, "--top", "40", "--min-value", "5")
    listed = pd.read_csv(path, dtype={"customer_id": str})
    extra = ["days_since_purchase", *REASON_COLUMNS, *CAUSE_COLUMNS, *LAST_CONTACT]
    assert list(listed.columns) == ["rank", *COLUMNS, *extra]
    assert list(listed["rank"]) == list(range(1, 41))
    assert listed["value_at_risk"].is_monotonic_decreasing
    assert (listed["expected_value"] >= 5).all()
    words = listed[list(REASON_COLUMNS)].melt()["value"].dropna()
    assert len(words) > 40
    assert not words.str.contains("_").any()
    causes = listed[list(CAUSE_COLUMNS)].melt()["value"].dropna()
    assert len(causes) == len(words)
    assert set(causes) <= set(CAUSES)


def test_reasons_are_worked_out_for_as_many_as_configured(trained: Shop) -> None:
    trained.write(config=BASE + "[scoring]\nreasons = 7\n")
    trained.does("score")
    path = trained.folder / "list.csv"
    trained.does("risk-list", "--out", path)
    listed = pd.read_csv(path)
    assert listed["reason_1"].head(7).notna().any()
    assert listed["reason_1"].iloc[7:].isna().all()
    assert listed["days_since_purchase"].notna().all()


def test_the_run_tells_how_the_model_was_made(trained: Shop) -> None:
    version = trained.registry.champion()
    assert version is not None
    client = MlflowClient(f"sqlite:///{trained.folder}/mlruns/mlflow.db")
    run = client.get_run(version.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["seed"] == "7"
    assert run.data.params["churn_horizon"] == "30"
    assert run.data.params["currency"] == "EUR"
    bundle = trained.registry.load(version)
    assert run.data.params["feature_set_hash"] == bundle.features.hash
    assert re.fullmatch(r"[0-9a-f]{64}", run.data.tags["data_fingerprint"])
    assert run.data.tags["git_commit"].startswith(_head())
    assert run.data.tags["promoted"] == "true"
    assert 0.5 < run.data.metrics["churn_roc_auc"] < 1
    assert "value_normalised_gini" in run.data.metrics
    plots = {file.path for file in client.list_artifacts(run.info.run_id, "plots")}
    assert plots == {f"plots/{n}.png" for n in ("calibration", "gains", "value_deciles")}
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert files == {
        "bundle",
        "feature_set.json",
        "measures.json",
        "plots",
        "roles.json",
        "task.json",
    }


def _head() -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "HEAD"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def test_the_promotion_is_recorded_and_the_bundle_holds_no_pickle(trained: Shop) -> None:
    version = trained.registry.champion()
    assert version is not None
    (promotion,) = trained.registry.history()
    assert promotion.version == version.number == 1
    assert promotion.reason.startswith("first champion; grade ")
    assert datetime.fromisoformat(promotion.at).tzinfo is not None
    files = {path.name: path for path in Path(version.source.removeprefix("file://")).iterdir()}
    assert not [name for name in files if name.endswith(".pkl")]
    content = json.loads(files["bundle.json"].read_text(encoding="utf-8"))
    assert content["data_cutoff"] == "2023-10-28"
    assert set(content["files"]) == set(files) - {"bundle.json", *OF_MLFLOW}


def test_two_trainings_agree_to_the_last_bit_whatever_the_order_of_rows(
    trained: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Shop(tmp_path / "other", capsys)
    other.write(sales().sample(frac=1, random_state=3))
    other.does("train")
    other.does("score")
    trained.does("score")
    pd.testing.assert_frame_equal(trained.scored(), other.scored(), check_exact=True)


def test_another_seed_gives_other_scores(
    trained: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Shop(tmp_path / "other", capsys)
    other.write(sales(), "seed = 8\n" + BASE)
    other.does("train")
    other.does("score")
    trained.does("score")
    assert not trained.scored()["churn_probability"].equals(other.scored()["churn_probability"])


def test_a_customer_alone_gets_the_score_they_get_in_a_batch(trained: Shop) -> None:
    trained.does("score", "--as-of", "2023-10-28")
    batch = trained.scored()
    lines = sales()
    for customer in batch.index[[0, len(batch) // 2, -1]]:
        lines[lines["customer_id"] == customer].to_parquet(trained.folder / "transactions.parquet")
        trained.does("score", "--as-of", "2023-10-28")
        alone = trained.scored()
        assert list(alone.index) == [customer]
        for column in NUMBERS:
            assert alone.loc[customer, column] == pytest.approx(
                batch.loc[customer, column], rel=1e-9
            )
