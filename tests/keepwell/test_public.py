"""What is public: the names of the package, and the methods that mirror the commands."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import keepwell
from keepwell import cli_models
from keepwell.api_models import Models
from keepwell.cli import app

PUBLIC = [
    "Assessment",
    "BusyError",
    "Checked",
    "Company",
    "InputError",
    "ModelError",
    "Retraining",
    "StoreError",
    "Training",
    "Watch",
    "init",
    "open",
    "simulated",
]
METHODS = {
    "campaign": ["name", "since", "until", "control"],
    "campaign_size": ["base_rate", "effect", "control", "customers", "power"],
    "champion": [],
    "check": [],
    "contacts": [],
    "cross_sell": ["as_of", "top"],
    "evaluate": ["as_of"],
    "features": ["as_of", "customers"],
    "models": [],
    "reproduce": ["run"],
    "retrain": ["as_of", "dry_run"],
    "monitor": ["as_of"],
    "risk_list": ["top", "min_value", "rest_days"],
    "plan": ["budget", "control"],
    "score": ["as_of", "backtest"],
    "tracking_uri": [],
    "train": ["as_of", "replace", "untuned"],
    "uplift": ["as_of"],
    "tune": ["as_of", "trials", "timeout", "jobs"],
}
FOR_SERVERS = {"build", "demo", "export", "keys", "serve"}
FUNCTIONS = {"init": "init", "simulate": "simulated"}
FILES = {"config", "out", "html"}
"""Options that name files: a method gives what is in them."""


def commands(group: typer.Typer = app) -> dict[str, set[str]]:
    """Give what every command takes."""
    found = typer.main.get_command(group)
    return {
        name: {parameter.opts[0].removeprefix("--").replace("-", "_") for parameter in made.params}
        for name, made in found.commands.items()  # type: ignore[attr-defined]
    }


def parameters(function: object) -> list[str]:
    assert callable(function)
    return [name for name in inspect.signature(function).parameters if name != "self"]


def test_the_public_names() -> None:
    assert keepwell.__all__ == PUBLIC
    for name in PUBLIC:
        assert inspect.getdoc(getattr(keepwell, name)), name
    assert set(PUBLIC) <= set(dir(keepwell))
    with pytest.raises(AttributeError, match="module 'keepwell' has no attribute 'opn'"):
        _ = keepwell.opn


def test_the_methods() -> None:
    every = {n: m for kind in keepwell.Company.__mro__ for n, m in vars(kind).items()}
    found = {n: m for n, m in every.items() if not n.startswith("_")}
    assert found.keys() == METHODS.keys()
    for name, method in found.items():
        assert inspect.getdoc(method), name
        if not isinstance(method, property):
            assert parameters(method) == METHODS[name]


def test_every_command_has_its_method_with_the_same_options() -> None:
    for name, options in commands().items():
        if name in {*FOR_SERVERS, "contacts", "models"}:
            continue
        if name in FUNCTIONS:
            assert FUNCTIONS[name] in keepwell.__all__
            continue
        method = getattr(keepwell.Company, name.replace("-", "_"))
        assert set(parameters(method)) == options - FILES, name


def test_importing_it_is_quick() -> None:
    code = "import sys, keepwell; print('pandas' in sys.modules, 'keepwell.api' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_day_is_a_day(tmp_path: Path) -> None:
    (tmp_path / "keepwell.toml").write_text('[tables.transactions]\nsource = "sales.csv"\n')
    company = keepwell.open(tmp_path / "keepwell.toml")
    with pytest.raises(keepwell.InputError, match=r'as_of = "today": write a day as "2024-12-31"'):
        company.score("today")


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(keepwell.InputError, match="there is no configuration"):
        keepwell.open(tmp_path / "keepwell.toml")
    path = keepwell.init(tmp_path)
    with pytest.raises(keepwell.InputError, match="exists already"):
        keepwell.init(tmp_path)
    assert path == tmp_path / "keepwell.toml"


def test_every_command_of_models_has_its_method_with_what_it_takes() -> None:
    for name, taken in commands(cli_models.app).items():
        assert set(parameters(getattr(Models, name))) == taken - FILES, name
