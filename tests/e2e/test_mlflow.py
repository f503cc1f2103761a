"""The champion in MLflow's own tools, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.release import DUE, SCORES
from tests.api.services import free_port, started
from tests.support import Shop

MLFLOW = Path(sys.executable).with_name("mlflow")
MODEL = ["--model-uri", "models:/shop@champion", "--env-manager", "local"]


@pytest.fixture
def environment(trained: Shop) -> dict[str, str]:
    uri = f"sqlite:///{trained.folder}/mlruns/mlflow.db"
    programs = os.pathsep.join([str(MLFLOW.parent), os.environ["PATH"]])  # MLflow starts uvicorn
    return {**os.environ, "MLFLOW_TRACKING_URI": uri, "PATH": programs}


@pytest.fixture
def rows(trained: Shop) -> pd.DataFrame:
    """Give the features of those who were scored."""
    out = trained.folder / "features.parquet"
    trained.does("features", "--out", out)
    trained.does("score")
    return pd.read_parquet(out)


def request(rows: pd.DataFrame, names: list[str]) -> str:
    """Write rows as a request, null where nothing is known."""
    return f'{{"dataframe_split": {rows[names].to_json(orient="split", double_precision=15)}}}'


def test_mlflow_serves_the_champion(
    trained: Shop, rows: pd.DataFrame, environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    command: list[str | Path] = [MLFLOW, "models", "serve", *MODEL]
    url = f"http://127.0.0.1:{port}"
    log = tmp_path / "log"
    names = [n for n in rows.columns if n != "as_of"]
    with started([*command, "--port", str(port)], url, log, environment, ready="/ping") as client:
        headers = {"Content-Type": "application/json"}
        found = client.post("/invocations", content=request(rows, names), headers=headers)
        assert found.status_code == 200, found.text
        fewer = [n for n in names if n != "spend_sum_365d"]
        refused = client.post("/invocations", content=request(rows, fewer), headers=headers)
        assert refused.status_code == 400
        assert "Model is missing inputs ['spend_sum_365d']." in refused.json()["message"]
    served = pd.DataFrame(json.loads(found.text)["predictions"], index=rows["customer_id"])
    assert list(served) == [*SCORES, DUE]
    nightly = trained.scored().loc[served.index]
    for name in SCORES:
        theirs = nightly[name].astype(float)
        np.testing.assert_allclose(served[name], theirs, rtol=1e-9, atol=1e-9, err_msg=name)


def test_mlflow_scores_a_file(
    trained: Shop, rows: pd.DataFrame, environment: dict[str, str], tmp_path: Path
) -> None:
    given, made = tmp_path / "rows.json", tmp_path / "scores.json"
    given.write_text(request(rows, [n for n in rows.columns if n != "as_of"]))
    command: list[str | Path] = [MLFLOW, "models", "predict", *MODEL]
    done = subprocess.run(
        [*command, "--input-path", given, "--output-path", made, "--content-type", "json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    scores = pd.DataFrame(json.loads(made.read_text())["predictions"], index=rows["customer_id"])
    nightly = trained.scored().loc[scores.index, "churn_probability"]
    np.testing.assert_allclose(scores["churn_probability"], nightly, rtol=1e-9)
