from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from keepwell.cli import main
from models.errors import BundleError, ModelError
from models.folder_registry import FolderRegistry
from models.registry import Registry
from tests.api.served import histories
from tests.api.services import BENTOML, KEEPWELL, free_port, started


@pytest.fixture(scope="module")
def shop(scored_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(scored_once, tmp_path_factory.mktemp("bento") / "shop"))


@pytest.fixture(scope="module")
def release(shop: Path) -> Path:
    config = str(shop / "keepwell.toml")
    assert main(["export", str(shop / "release"), "--config", config]) == 0
    return shop / "release"


def test_a_release_reads_as_the_registry_does(shop: Path, release: Path) -> None:
    found, registry = (
        FolderRegistry(release),
        Registry(f"sqlite:///{shop}/mlruns/mlflow.db", "shop"),
    )
    champion = registry.champion()
    assert champion is not None
    assert found.name == "shop"
    assert found.champion() == found.version(champion.number)
    assert found.history() == registry.history()
    version, bundle = found.load_champion()
    assert version.number == champion.number
    assert bundle.measures == registry.load(champion).measures
    assert str(shop) not in (release / "release.json").read_text()


def test_a_release_holds_one_version(release: Path) -> None:
    with pytest.raises(ModelError, match="holds version 1 only, not 2"):
        FolderRegistry(release).version(2)


@pytest.mark.parametrize("text", [None, "{", "[]", '{"name": "x"}'])
def test_a_folder_that_is_no_release(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "release.json").write_text(text)
    with pytest.raises(BundleError, match=r"release\.json"):
        FolderRegistry(tmp_path)


def test_a_release_does_not_take_the_place_of_something_else(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shop / "other"
    other.mkdir(exist_ok=True)
    (other / "letter.txt").write_text("dear")
    config = str(shop / "keepwell.toml")
    assert main(["export", str(other), "--config", config]) == 2
    assert "holds something else" in capsys.readouterr().err
    assert (other / "letter.txt").exists()


def test_a_built_bento_serves_without_mlflow(shop: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "BENTOML_HOME": str(tmp_path / "bentoml")}
    environment |= {"BENTOML_DO_NOT_TRACK": "True", "PYTHONWARNINGS": "ignore"}
    config = shop / "keepwell.toml"
    built = subprocess.run(
        [KEEPWELL, "build", "--config", config],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (tag,) = re.findall(r"Built (keepwell:\w+)", built.stdout)
    environment |= {
        "PYTHONPATH": str(_without_mlflow(tmp_path)),
        "KEEPWELL_STORE_URL": f"sqlite:///{shop / 'keepwell.db'}",
    }
    environment.pop("KEEPWELL_CONFIG", None)
    port, log = free_port(), tmp_path / "log"
    command: list[str | Path] = [BENTOML, "serve", tag, "--port", str(port)]
    with started(command, f"http://127.0.0.1:{port}", log, environment, tmp_path) as client:
        told = client.get("/v1/models").json()
        assert told["live"]["name"] == "shop"
        assert client.post("/v1/models:reload").json() == {"changed": False, "version": "1"}
        sent = histories(shop, 20)
        items = client.post("/v1/predict", json={"customers": sent}).json()["items"]
    batch = pd.read_parquet(shop / "scores.parquet").head(20)
    found = [item["value_at_risk"] for item in items]
    assert found == pytest.approx(batch["value_at_risk"].tolist(), rel=1e-9)


def _without_mlflow(folder: Path) -> Path:
    """Give a folder whose modules stand in MLflow's way."""
    found = folder / "without"
    found.mkdir()
    (found / "mlflow.py").write_text("raise ImportError('there is no MLflow here')\n")
    check = [sys.executable, "-c", "import mlflow"]
    said = subprocess.run(
        check, env={**os.environ, "PYTHONPATH": str(found)}, capture_output=True, check=False
    )
    assert said.returncode != 0
    return found
