"""A promotion that is killed on its way: the alias tells the truth, and the record follows it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import pytest
from mlflow import MlflowClient

from models.registry import CHAMPION, Promotion, Registry

PROMOTE_FOR_EVER = """
import itertools, sys
from models.registry import Registry
registry = Registry(sys.argv[1], "shop")
versions = [registry.version(1), registry.version(2)]
print("promoting", flush=True)
for number in itertools.count():
    registry.promote(versions[number % 2], f"promotion {number}")
"""

REGISTER_FOR_EVER = """
import sys
from models.registry import Registry
registry = Registry(sys.argv[1], sys.argv[4])
print("registering", flush=True)
while True:
    registry.register(sys.argv[2], sys.argv[3])
"""


@pytest.fixture
def registry(tmp_path: Path, empty_store: Path) -> Registry:
    """Give a registry with two versions, the first of them champion."""
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    made = Registry(uri, "shop")
    client = MlflowClient(uri)
    run = client.create_run(client.create_experiment("shop")).info.run_id
    for _ in range(2):
        made.register(run, str(tmp_path))
    made.promote(made.version(1), "first")
    return made


def client_of(folder: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")


def intend(client: MlflowClient, promotion: Promotion) -> None:
    """Leave behind what a promotion writes first."""
    text = json.dumps({"promotion_000001": asdict(promotion)})
    client.set_registered_model_tag("shop", "promoting", text)


def test_killed_before_the_alias_moved_it_never_happened(
    tmp_path: Path, registry: Registry
) -> None:
    intend(client_of(tmp_path), Promotion(2, "2024-01-01", "interrupted"))
    assert [p.reason for p in registry.history()] == ["first"]
    registry.promote(registry.version(2), "again")
    assert [p.reason for p in registry.history()] == ["first", "again"]


def test_killed_after_the_alias_moved_it_is_told_at_once_and_recorded_later(
    tmp_path: Path, registry: Registry
) -> None:
    client = client_of(tmp_path)
    intend(client, Promotion(2, "2024-01-01", "interrupted"))
    client.set_registered_model_alias("shop", CHAMPION, "2")
    assert [p.reason for p in registry.history()] == ["first", "interrupted"]
    registry.promote(registry.version(1), "back", back=True)
    assert [p.reason for p in registry.history()] == ["first", "interrupted", "back"]
    assert client.get_model_version("shop", "2").tags == {"promoted": "interrupted"}


def test_killed_before_the_intention_was_forgotten_it_is_recorded_once(
    tmp_path: Path, registry: Registry
) -> None:
    registry.promote(registry.version(2), "second")
    intend(client_of(tmp_path), registry.history()[-1])
    assert [p.reason for p in registry.history()] == ["first", "second"]
    registry.promote(registry.version(1), "third")
    assert [p.reason for p in registry.history()] == ["first", "second", "third"]


@pytest.mark.parametrize("seconds", [0.0, 0.07, 0.16])
def test_killed_at_any_moment_champion_and_record_agree(
    tmp_path: Path, registry: Registry, seconds: float
) -> None:
    command = [sys.executable, "-c", PROMOTE_FOR_EVER, f"sqlite:///{tmp_path / 'mlflow.db'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "promoting\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    for reason in ("gone on", "and on"):
        champion, history = registry.champion(), registry.history()
        assert champion is not None
        assert champion.number == history[-1].version
        times = [datetime.fromisoformat(p.at) for p in history]
        assert times == sorted(times)
        registry.promote(registry.version(3 - champion.number), reason)
    told = [p.reason for p in registry.history()]
    assert told[0] == "first"
    assert told[-2:] == ["gone on", "and on"]
    assert told[1:-2] == [f"promotion {number}" for number in range(len(told) - 3)]


@pytest.mark.parametrize(
    ("name", "seconds"), [("another", 0.0), ("another", 0.02), ("shop", 0.07), ("shop", 0.16)]
)
def test_killed_while_it_registers_versions_are_whole_and_the_next_one_follows(
    tmp_path: Path, registry: Registry, name: str, seconds: float
) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    run, source = registry.version(1).run_id, str(tmp_path)
    command = [sys.executable, "-c", REGISTER_FOR_EVER, uri, run, source, name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "registering\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    found = Registry(uri, name)
    before = found.versions()
    assert [v.version.number for v in before] == list(range(1, len(before) + 1))
    assert {(v.version.run_id, v.version.source) for v in before} <= {(run, source)}
    next_one = found.register(run, source)
    assert next_one.number == len(before) + 1
    found.promote(next_one, "gone on")
    assert found.champion() == next_one
    assert found.history()[-1].reason == "gone on"
    assert registry.history()[0].reason == "first"
