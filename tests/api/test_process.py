from __future__ import annotations

import os
import subprocess
from pathlib import Path

import httpx
import pytest

from keepwell.cli import main
from tests.api.served import row_of
from tests.api.services import BENTOML, KEEPWELL, START_S, free_port, started


def test_keepwell_serve_serves(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, log = free_port(), tmp_path / "log"
    config = shop / "keepwell.toml"
    command: list[str | Path] = [KEEPWELL, "serve", "--port", str(port), "--config", config]
    with started([*command, "--workers", "2"], f"http://127.0.0.1:{port}", log) as client:
        names = client.get("/v1/models").json()["live"]["features"]
        row = {"customer_id": "Mrs-Secret", "features": row_of(names)}
        for _ in range(20):
            with httpx.Client(base_url=client.base_url) as other:  # reaches either worker
                found = other.post("/v1/predict", json={"customers": [row]})
                assert found.status_code == 200, found.text
        assert client.get("/v1/customers/Mrs-Secret/score").status_code == 404
        text = client.get("/metrics").text
        (counted,) = (
            float(line.split()[-1])
            for line in text.splitlines()
            if line.startswith("keepwell_predict_customers_count")
        )
        assert counted == 20
        assert main(["serve", "--port", str(port), "--config", str(config)]) == 2
        assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err
    assert "/v1/customers/{customer_id}/score 404" in log.read_text()
    assert "Mrs-Secret" not in log.read_text()


def test_bentoml_serve_refuses_to_be_open_without_keys(shop: Path, tmp_path: Path) -> None:
    said = subprocess.run(
        [BENTOML, "serve", "serving.service:Keepwell", "--host", "0.0.0.0", "--port", "3999"],  # noqa: S104
        env={
            **os.environ,
            "KEEPWELL_CONFIG": str(shop / "keepwell.toml"),
            "BENTOML_HOME": str(tmp_path / "bentoml"),
        },
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert said.returncode != 0
    assert "there are no API keys, and 0.0.0.0 is open to other machines" in said.stderr
