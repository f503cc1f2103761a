"""The import rules hold, and the contracts that state them notice each way of breaking them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINTER = Path(sys.executable).with_name("lint-imports")
PACKAGES = ("features", "models", "training", "serving", "keepwell")
MODULES = (
    "features/catalogue.py",
    "features/sources.py",
    "features/panel.py",
    "keepwell/cluster.py",
    "models/pyfunc.py",
    "models/registry.py",
    "training/tracking.py",
)


def lint(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the packages of a folder, with this project's contracts."""
    return subprocess.run(
        [LINTER, "--config", ROOT / "pyproject.toml", "--no-cache", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Lay out the five packages in a new folder, their modules empty."""
    for name in (*(f"{package}/__init__.py" for package in PACKAGES), *MODULES):
        module = tmp_path / name
        module.parent.mkdir(exist_ok=True)
        module.touch()
    return tmp_path


def test_every_contract_holds() -> None:
    report = lint(ROOT)
    assert report.returncode == 0, report.stdout


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("models/churn.py", "features.catalogue"),
        ("models/pyfunc.py", "mlflow"),
        ("models/registry.py", "mlflow"),
        ("training/tracking.py", "mlflow"),
        ("features/sources.py", "duckdb"),
        ("keepwell/cluster.py", "distributed"),
        ("training/fit.py", "models.registry"),
        ("serving/scorer.py", "features.panel"),
        ("keepwell/cli.py", "training.tracking"),
    ],
)
def test_an_allowed_import_passes(house: Path, module: str, imported: str) -> None:
    (house / module).write_text(f"import {imported}\n")
    report = lint(house)
    assert report.returncode == 0, report.stdout


@pytest.mark.parametrize(
    ("contract", "module", "imported"),
    [
        ("layers", "features/recency.py", "models"),
        ("layers", "features/recency.py", "keepwell"),
        ("layers", "models/churn.py", "training"),
        ("layers", "training/fit.py", "serving"),
        ("layers", "serving/scorer.py", "training"),
        ("layers", "training/fit.py", "keepwell"),
        ("catalogue", "models/churn.py", "features.panel"),
        ("catalogue", "models/__init__.py", "features.sources"),
        ("tracker", "training/fit.py", "mlflow.tracking"),
        ("tracker", "models/bundle.py", "mlflow"),
        ("tracker", "serving/scorer.py", "mlflow"),
        ("tracker", "keepwell/cli.py", "mlflow"),
        ("engine", "features/panel.py", "duckdb"),
        ("engine", "keepwell/demo.py", "duckdb"),
        ("cluster", "training/fit.py", "dask"),
        ("cluster", "keepwell/training.py", "distributed"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(
    house: Path, contract: str, module: str, imported: str
) -> None:
    (house / module).write_text(f"def late() -> None:\n    import {imported}\n")
    report = lint(house, "--contract", contract)
    assert report.returncode == 1, report.stdout
    assert "BROKEN" in report.stdout
