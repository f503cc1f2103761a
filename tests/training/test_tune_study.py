"""Trials are handed out once, whoever asks, and none is lost with the process that took it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from tests.searches import AIM, DEFAULT, opened, run, squared
from training.tune_aims import Report
from training.tune_study import Search
from training.tune_work import Order, search

ROOT = Path(__file__).resolve().parents[2]


def states(wanted: Search) -> list[TrialState]:
    return [t.state for t in wanted.study.get_trials(deepcopy=False)]


def test_the_first_trial_has_the_default_parameters(tmp_path: Path) -> None:
    first, *rest = run(tmp_path, 4).tried()
    assert first.number == 0
    assert first.default
    assert dict(first.parameters) == DEFAULT
    assert not any(t.default for t in rest)


def test_trials_are_counted_over_all_sessions(tmp_path: Path) -> None:
    assert len(run(tmp_path, 3).tried()) == 3
    assert len(run(tmp_path, 5).tried()) == 5
    assert len(run(tmp_path, 5).tried()) == 5


def test_a_search_in_parts_is_the_search_in_one(tmp_path: Path) -> None:
    for name in ("parts", "one"):
        (tmp_path / name).mkdir()
    run(tmp_path / "parts", 2)
    run(tmp_path / "parts", 6)
    parts, one = run(tmp_path / "parts", 13), run(tmp_path / "one", 13)
    assert [t.parameters for t in parts.tried()] == [t.parameters for t in one.tried()]
    assert [t.loss for t in parts.tried()] == [t.loss for t in one.tried()]


def test_bad_trials_are_pruned_and_the_default_never_is(tmp_path: Path) -> None:
    tried = run(tmp_path, 20).tried()
    pruned = [t for t in tried if t.loss is None]
    assert pruned
    assert all(len(t.folds) < 3 for t in pruned)
    assert tried[0].loss is not None
    best = min(t.loss for t in tried if t.loss is not None)
    assert best < tried[0].loss
    assert all((t.parameters["x"] - 3.0) ** 2 > best for t in pruned)


def test_what_the_loss_turned_on_is_told(tmp_path: Path) -> None:
    assert run(tmp_path, 12).importances() == {"x": 1.0}


def test_before_anything_differs_nothing_is_told(tmp_path: Path) -> None:
    assert run(tmp_path, 1).importances() == {}


def test_a_trial_that_breaks_has_failed_and_is_made_up_for(tmp_path: Path) -> None:
    def broken(_: Mapping[str, Any], __: Report) -> float:
        raise ValueError("no such booster")

    with pytest.raises(ValueError, match="no such booster"):
        run(tmp_path, 3, broken)
    again = run(tmp_path, 3)
    assert states(again) == [TrialState.FAIL, *[TrialState.COMPLETE] * 3]
    assert again.tried()[0].default


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.searches import opened
desk, wanted = opened(Path(sys.argv[1]))
with desk.at_work():
    for _ in range(int(sys.argv[2])):
        desk.work(*desk.take([wanted], 99), lambda: False)
    desk.take([wanted], 99)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(folder: Path, after: int) -> None:
    """Let a process finish some trials, take another one, and be killed."""
    command = [sys.executable, "-c", KILLED, str(folder), str(after)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize("after", [0, 3])
def test_after_a_kill_the_search_goes_on_as_if_there_had_been_none(
    tmp_path: Path, after: int
) -> None:
    for name in ("killed", "whole"):
        (tmp_path / name).mkdir()
    killed(tmp_path / "killed", after)
    found, whole = run(tmp_path / "killed", 12), run(tmp_path / "whole", 12)
    assert states(found)[after] == TrialState.FAIL
    assert [t.parameters for t in found.tried()] == [t.parameters for t in whole.tried()]
    assert found.tried()[0].default
    assert not list((tmp_path / "killed").glob(".tuning-*"))


def test_a_trial_of_a_process_that_lives_is_left_alone(tmp_path: Path) -> None:
    desk, wanted = opened(tmp_path)
    with desk.at_work():
        desk.take([wanted], 5)
        other = run(tmp_path, 5)
        assert states(other).count(TrialState.RUNNING) == 1
        assert states(other).count(TrialState.COMPLETE) == 4
    assert states(run(tmp_path, 5)).count(TrialState.FAIL) == 1


BESIDE = """
import sys
from pathlib import Path
from tests.searches import run
run(Path(sys.argv[1]), 20)
"""


def test_two_processes_share_the_trials_of_one_study(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BESIDE, str(tmp_path)]
    both = [
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    _, wanted = opened(tmp_path)
    assert len(wanted.tried()) == len(states(wanted)) == 20
    assert sum(t.default for t in wanted.tried()) == 1
    owners = {t.user_attrs["owner"] for t in wanted.study.get_trials(deepcopy=False)}
    assert len(owners) <= 2


def test_threads_share_the_trials_and_propose_different_ones(tmp_path: Path) -> None:
    desk, wanted = opened(tmp_path)
    search(desk, [wanted], Order(20, jobs=4), lambda: None)
    tried = wanted.tried()
    assert len(tried) == 20
    assert len({t.parameters["x"] for t in tried}) == 20


def test_a_thread_that_breaks_stops_the_others(tmp_path: Path) -> None:
    def broken(parameters: Mapping[str, Any], report: Report) -> float:
        if parameters != DEFAULT:
            raise ValueError("no such booster")
        return squared(parameters, report)

    desk, wanted = opened(tmp_path, broken)
    with pytest.raises(ValueError, match="no such booster"):
        search(desk, [wanted], Order(1_000, jobs=2), lambda: None)
    assert len(states(wanted)) < 1_000


def test_no_trial_begins_when_the_time_is_over(tmp_path: Path) -> None:
    desk, wanted = opened(tmp_path)
    search(desk, [wanted], Order(5, timeout=0.0), lambda: None)
    assert states(wanted) == [TrialState.WAITING]


def test_studies_are_taken_in_turn(tmp_path: Path) -> None:
    desk, first = opened(tmp_path)
    second = Search(AIM, squared, desk.study("b", DEFAULT))
    seen: list[tuple[int, int]] = []
    search(
        desk,
        [first, second],
        Order(3),
        lambda: seen.append((len(first.tried()), len(second.tried()))),
    )
    assert seen == [(1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3)]


def test_a_new_database_is_made_once_by_many(tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: opened(tmp_path), range(3)))
    assert {wanted.study.study_name for _, wanted in found} == {"a"}
    assert states(found[0][1]) == [TrialState.WAITING]
