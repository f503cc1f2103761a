"""What ``keepwell monitor`` found last, as it is told to Prometheus: written there, read here."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

FILE = "monitor.json"
"""Its name, beside the configuration."""

Action = Literal["needed", "none"]


class Monitored(BaseModel):
    """The figures of one monitoring.

    Attributes
    ----------
    model, version
        The champion.
    as_of
        The day it was looked at; None of a file without time.
    monitored_at
        When, in UTC.
    feature_psi_max
        The largest population stability index among the features; None where drift could not be
        seen.
    features_moved
        How many features have moved.
    score_psi
        The index of each score.
    realised_over_promised
        By measure, of the champion's newest scores that have come true.
    alarms
        How many need action, and how many do not.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str
    version: int
    as_of: date | None
    monitored_at: datetime
    feature_psi_max: FiniteFloat | None
    features_moved: int
    score_psi: dict[str, FiniteFloat]
    realised_over_promised: dict[str, FiniteFloat]
    alarms: dict[Action, int]


def read(path: Path) -> Monitored | None:
    """Read what was found last; None before the first time, or where it cannot be read."""
    try:
        return Monitored.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
