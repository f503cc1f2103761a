"""Estimators of scikit-learn that a user names, measured beside the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from mlflow import MlflowClient

from tests.support import BASE, Shop, sales

TREES, RIDGE = "sklearn.tree.DecisionTreeClassifier", "sklearn.linear_model.Ridge"


def test_comparators_are_measured_and_logged_and_never_promoted(shop: Shop) -> None:
    named = BASE.replace("folds = 1", f'folds = 1\ncomparators = ["{TREES}", "{RIDGE}"]')
    shop.write(sales(150), named)
    shop.does("train")
    version = shop.registry.champion()
    assert version is not None
    client = MlflowClient(f"sqlite:///{shop.folder}/mlruns/mlflow.db")
    run = client.get_run(version.run_id)
    measures = run.data.metrics
    assert 0 < measures[f"{TREES}_churn_roc_auc"] < 1
    assert measures[f"{RIDGE}_value_normalised_gini"] > 0
    assert not any(name.startswith("Keepwell") for name in measures)
    path = client.download_artifacts(version.run_id, "predictions", str(shop.folder))
    said = pd.read_parquet(Path(path) / "held_out.parquet")
    assert set(said.columns) >= {"customer_id", "churned", f"churn: {TREES}", f"value: {RIDGE}"}
    assert np.isfinite(said[[f"churn: {TREES}", "churn: Keepwell"]].to_numpy()).all()
    bundle = shop.registry.load(version)
    assert "sklearn" not in str(bundle.recipe)


def test_a_comparator_that_is_none_stops_before_the_work(shop: Shop) -> None:
    named = BASE.replace("folds = 1", 'comparators = ["sklearn.cluster.KMeans"]')
    shop.write(sales(150), named)
    said = shop.refuses("train")
    assert "training.comparators: sklearn.cluster.KMeans is neither a classifier" in said
