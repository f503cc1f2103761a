from __future__ import annotations

import json
from datetime import date

from features.settings import ChurnSettings
from training.repeat import differing, from_dict, to_dict
from training.settings import TrainingSettings
from training.task import Task
from training.tuned import Found, Tuned

TUNED = Tuned(
    "run", {"kind": "inactivity"}, "hash", {"churn": Found({"num_leaves": 5}, "l", 2, 1, 3)}
)
TASK = Task(
    name="shop",
    churn=ChurnSettings(horizon=30),
    value_horizon=None,
    active_within=365,
    currency="EUR",
    timezone="UTC",
    training=TrainingSettings(cutoffs=4),
    seed=7,
    as_of=None,
    today=date(2024, 7, 1),
    tuned=TUNED,
    champion=3,
)


def test_a_task_comes_back_from_json() -> None:
    assert from_dict(json.loads(json.dumps(to_dict(TASK)))) == TASK


def test_every_difference_has_its_place() -> None:
    old = {"a": {"b": 1, "c": [1, 2]}, "gone": "x" * 100, "same": 0}
    new = {"a": {"b": 2, "c": [1, 2]}, "new": None, "same": 0}
    assert list(differing(old, new)) == [
        "a.b: 1 → 2",
        f"gone: {'x' * 60}… → nothing",
        "new: nothing → None",
    ]
    assert list(differing(old, old)) == []
