"""The demo's own path, on every third household of the real data."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from keepwell.cli import main
from keepwell.demo import AS_OF, aftermath, calls, set_up
from keepwell.project import Project
from serving.columns import COLUMNS

SHARE = 3
FEWER = """[training]
every = "28d"
cutoffs = 3
folds = 1
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Set the demo up, keep some of its households, and take fewer cutoffs."""
    config = set_up(tmp_path_factory.mktemp("checkout") / "demo")
    path = config.parent / "data" / "transactions.parquet"
    lines = pd.read_parquet(path)
    lines[lines["household_id"].astype(int) % SHARE == 0].to_parquet(path)
    text = config.read_text(encoding="utf-8")
    before, after = re.split(r"^\[training\]\n(?:\w.*\n)*", text, flags=re.MULTILINE)
    config.write_text(f"{before}{FEWER}{after}", encoding="utf-8")
    assert main(["train", "--config", str(config), "--as-of", str(AS_OF)]) == 0
    assert main(["score", "--config", str(config), "--as-of", str(AS_OF)]) == 0
    return config


@pytest.fixture(scope="module")
def listed(demo: Path) -> pd.DataFrame:
    out = demo.parent / "risk_list.csv"
    assert main(["risk-list", "-c", str(demo), "--top", "100", "--out", str(out)]) == 0
    return pd.read_csv(out, dtype={"customer_id": str})


def test_it_leaves_what_it_promises(demo: Path, listed: pd.DataFrame) -> None:
    scores = pd.read_parquet(demo.parent / "scores.parquet")
    assert tuple(scores.columns) == COLUMNS
    assert 750 < len(scores) < 850
    assert set(scores["as_of"]) == {AS_OF}
    assert (demo.parent.parent / "mlruns" / "mlflow.db").is_file()
    assert len(listed) == 100
    assert listed["value_at_risk"].is_monotonic_decreasing
    assert listed["reason_1"].notna().mean() > 0.9
    assert not listed["reason_1"].str.contains("_").any()


def test_what_came_of_it_is_looked_up(demo: Path, listed: pd.DataFrame) -> None:
    after = aftermath(Project.at(demo), AS_OF, 28)
    assert len(after) == len(pd.read_parquet(demo.parent / "scores.parquet"))
    found = calls(after, listed["customer_id"])
    assert 0 < found.left <= 100
    assert found.spend_lost > 0


def test_it_has_no_complaints_and_says_so(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", str(demo)]) == 0
    out = capsys.readouterr().out
    assert "tables that are not given" in out
    assert "complaints (complaints)" in out
