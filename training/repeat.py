"""Training once more exactly as before: what decided a training, and where two releases differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from features.families import FAMILIES
from features.own import load
from features.settings import ChurnSettings
from models.bundle import Definition
from training.labelled import LabelledTask
from training.settings import SegmentSettings, TrainingSettings
from training.task import Task
from training.tuned import Tuned

ARTIFACT = "task"
"""The JSON file of a run that says what decided it, the data apart."""

_DAYS = ("as_of", "today")
_SHORT = 60
_NOTHING = "nothing"


def to_dict(task: Task) -> dict[str, Any]:
    """Give a task in JSON types; own families as the source that they come from."""
    plain = {field.name: getattr(task, field.name) for field in fields(Task)}
    return {
        **plain,
        **{name: plain[name].isoformat() if plain[name] else None for name in _DAYS},
        "churn": task.churn.model_dump(mode="json"),
        "training": task.training.model_dump(mode="json"),
        "segments": task.segments.model_dump(mode="json"),
        "own": dict(task.own.sources),
        "tuned": task.tuned.to_dict() if task.tuned else None,
    }


def from_dict(said: Mapping[str, Any]) -> Task:
    """Read what :func:`to_dict` gave."""
    days = {name: date.fromisoformat(said[name]) if said[name] else None for name in _DAYS}
    found = {
        **said,
        **days,
        "churn": ChurnSettings.model_validate(said["churn"]),
        "training": TrainingSettings.model_validate(said["training"]),
        # Runs that are older say nothing of segments.
        "segments": SegmentSettings.model_validate(said.get("segments", {})),
        "own": load(said["own"], FAMILIES),
        "tuned": Tuned.from_dict(said["tuned"]) if said["tuned"] else None,
    }
    return Task(**found)


def flat_to_dict(task: LabelledTask) -> dict[str, Any]:
    """Give the task of a flat file in JSON types."""
    return {
        **vars(task),
        "definition": asdict(task.definition),
        "training": task.training.model_dump(mode="json"),
        "segments": task.segments.model_dump(mode="json"),
        "today": task.today.isoformat(),
    }


def flat_from_dict(said: Mapping[str, Any]) -> LabelledTask:
    """Read what :func:`flat_to_dict` gave."""
    found = {
        **said,
        "definition": Definition(**said["definition"]),
        "training": TrainingSettings.model_validate(said["training"]),
        "segments": SegmentSettings.model_validate(said.get("segments", {})),
        "today": date.fromisoformat(said["today"]),
    }
    return LabelledTask(**found)


def is_flat(said: Mapping[str, Any]) -> bool:
    """Tell whether a task that a run has noted is that of a flat file."""
    return "definition" in said


def differing(old: Any, new: Any, place: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON
    """Say where two contents in JSON types differ, a line each.

    Parameters
    ----------
    old, new : JSON types
    place : str
        Where they stand, for the lines.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            inner = f"{place}.{key}" if place else key
            yield from differing(old.get(key, _NOTHING), new.get(key, _NOTHING), inner)
    elif old != new:
        yield f"{place}: {_short(old)} → {_short(new)}"


def _short(content: object) -> str:
    said = str(content)
    return said if len(said) <= _SHORT else f"{said[:_SHORT]}…"
