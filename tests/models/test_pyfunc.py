"""A registered release as MLflow's tools see it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from models import bundle
from models.bundle import Bundle
from models.registry import Registry, Version
from models.release import DUE, SCORES
from serving.online.predictor import Predictor
from serving.online.schemas import read
from training.tracking import Tracker, save_release

Maker = Callable[..., pd.DataFrame]

ELSEWHERE = """
import sys
sys.path.append(sys.argv[1])
import mlflow, pandas as pd
found = mlflow.pyfunc.load_model(sys.argv[2]).predict(pd.read_parquet(sys.argv[3]))
found.to_parquet(sys.argv[4])
import models
print(models.__file__)
"""
"""What somebody runs who has MLflow and LightGBM, but no Keepwell."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, shop: Bundle) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    save_release(shop, folder)
    return folder


@pytest.fixture
def people(snapshots: Maker) -> pd.DataFrame:
    """Give snapshots with what is not known, and with a region that nobody has seen."""
    made = snapshots(50, seed=3)
    made.loc[:4, "overdue_ratio"] = np.nan
    made.loc[5:9, "attribute_region"] = None
    made.loc[10:14, "attribute_region"] = "west"
    return made


@pytest.fixture
def uri(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    found = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", found)
    return found


def register(uri: str, folder: Path) -> Version:
    """Log a folder in a run, register and promote it."""
    registry = Registry(uri, "shop")
    with Tracker(uri, "shop", folder.parent / "artifacts").run("train") as run:
        version = registry.register(run.id, run.folder(folder, "bundle"))
    registry.promote(version, "first")
    return version


def test_the_champion_scores_as_the_batch_does(
    uri: str, tmp_path: Path, shop: Bundle, people: pd.DataFrame
) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    save_release(shop, folder)
    register(uri, folder)
    found = mlflow.pyfunc.load_model("models:/shop@champion")
    scores = found.predict(people[people.columns[::-1]])
    pd.testing.assert_frame_equal(scores, shop.release.score(people), rtol=0, atol=0)
    assert list(scores) == [*SCORES, DUE]


def test_the_service_says_the_same(saved: Path, shop: Bundle, people: pd.DataFrame) -> None:
    names = shop.features.names
    rows = json.loads(people[names].to_json(orient="records", double_precision=15))
    sent = [
        {"customer_id": k, "features": row}
        for k, row in zip(people["customer_id"], rows, strict=True)
    ]
    asked = read(json.dumps({"customers": sent}).encode()).customers
    served = pd.DataFrame(Predictor(shop, 1).predict(asked))
    scores = mlflow.pyfunc.load_model(str(saved)).predict(people)
    for name in SCORES:
        theirs = served[name].astype(float)
        np.testing.assert_allclose(scores[name], theirs, rtol=1e-9, atol=1e-9, err_msg=name)


def test_the_registry_reads_what_mlflow_reads_and_what_it_read_before(
    uri: str, tmp_path: Path, shop: Bundle, people: pd.DataFrame
) -> None:
    for name, save in (("plain", bundle.save), ("both", save_release)):
        folder = tmp_path / name
        folder.mkdir()
        save(shop, folder)
        loaded = Registry(uri, "shop").load(register(uri, folder))
        pd.testing.assert_frame_equal(loaded.release.score(people), shop.release.score(people))


def test_a_missing_column_is_named(saved: Path, people: pd.DataFrame) -> None:
    model = mlflow.pyfunc.load_model(str(saved))
    with pytest.raises(MlflowException, match=r"Model is missing inputs \['net_sum_365d'\]\."):
        model.predict(people.drop(columns="net_sum_365d"))


def test_a_column_of_another_type_is_named(saved: Path, people: pd.DataFrame) -> None:
    model = mlflow.pyfunc.load_model(str(saved))
    with pytest.raises(MlflowException, match=r"convert column net_sum_365d from type object"):
        model.predict(people.assign(net_sum_365d="much"))


def test_a_damaged_file_is_noticed(saved: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(saved, folder)
    (folder / "churn_1.txt").write_text("tree")
    with pytest.raises(Exception, match=r"churn_1\.txt has changed since it was written"):
        mlflow.pyfunc.load_model(str(folder))


def test_signature_and_example_agree(saved: Path, shop: Bundle) -> None:
    model = mlflow.pyfunc.load_model(str(saved))
    signature = model.metadata.signature
    assert signature is not None
    assert signature.inputs.input_names() == ["customer_id", *shop.table_features.names]
    assert signature.inputs.optional_input_names() == ["customer_id"]
    assert signature.outputs.input_names() == [*SCORES, DUE]
    example = model.input_example
    assert example["customer_id"].tolist() == ["example"]
    assert example["attribute_region"].isin(["north", "south", "east"]).all()
    scores = model.predict(example)
    assert scores["churn_probability"].between(0, 1, inclusive="neither").all()


def test_nothing_is_pickled(saved: Path) -> None:
    files = (path for path in saved.rglob("*") if path.is_file())
    kinds = {path.suffix for path in files if "__pycache__" not in path.parts}
    assert kinds == {"", ".json", ".py", ".txt", ".yaml"}
    assert "model_code_path" in (saved / "MLmodel").read_text()


def test_it_is_loaded_where_there_is_no_keepwell(
    saved: Path, tmp_path: Path, shop: Bundle, people: pd.DataFrame
) -> None:
    given, scored = tmp_path / "given.parquet", tmp_path / "scored.parquet"
    people.to_parquet(given)
    packages = sysconfig.get_paths()["purelib"]
    # Without its startup files Python does not see this checkout among the packages.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ELSEWHERE, packages, saved, given, scored],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(saved / "code")
    pd.testing.assert_frame_equal(pd.read_parquet(scored), shop.release.score(people))
