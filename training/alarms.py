"""Which of what has changed needs action, and which does not: in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from training.drift import Drift, Drifts
from training.realised import Kept

MOVES = 0.1
"""Log odds of leaving by which a feature must move the scores, on average, to call for action."""

SHIFTED = 0.2
"""The same of the scores as a whole; of values, the share by which their mean has changed."""

_TOLD = 0.1
"""Change of the share of missing values from which on it is told."""


@dataclass(frozen=True)
class Alarm:
    """Something that has changed.

    Parameters
    ----------
    subject : str
        A feature, a score or a measure.
    action : bool
        Whether it needs action.
    words : str
        What has changed, and what to do.
    """

    subject: str
    action: bool
    words: str


def drift_alarms(found: Drifts) -> tuple[Alarm, ...]:
    """Judge drift: it needs action where it moves the scores.

    Parameters
    ----------
    found : Drifts

    Returns
    -------
    tuple of Alarm
        Of everything that has moved, what needs action first.
    """
    features = [_feature(drift) for drift in found.features if drift.moved]
    scores = [_score(drift) for drift in found.scores if drift.moved]
    return tuple(sorted([*scores, *features], key=lambda alarm: not alarm.action))


def realised_alarms(when: str, kept: Sequence[Kept]) -> tuple[Alarm, ...]:
    """Judge what came true: it needs action where a promise is broken.

    Parameters
    ----------
    when : str
        Which scores these are, in words.
    kept : sequence of Kept
    """
    return tuple(
        Alarm(
            one.measure,
            action=True,
            words=f"{when} came out worse than promised: {one}; train again, and if that does not "
            "help look for what has changed",
        )
        for one in kept
        if one.broken
    )


def _feature(drift: Drift) -> Alarm:
    said = f"{drift.name} has moved (PSI {drift.psi:.2f}{_missing(drift)})"
    effect = f"the odds of leaving by {_odds(drift)}"
    if abs(drift.effect) < MOVES:
        return _calm(drift, f"{said}, but changes {effect} only")
    return _urgent(
        drift, f"{said} and changes {effect} on average: see whether its table is complete"
    )


def _score(drift: Drift) -> Alarm:
    said = f"{drift.name} has moved (PSI {drift.psi:.2f})"
    risen = _odds(drift) if drift.name == "churn_probability" else f"{drift.effect:+.0%}"
    of = "odds of leaving" if drift.name == "churn_probability" else "mean"
    if abs(drift.effect) < SHIFTED:
        return _calm(drift, f"{said}, but the {of} by {risen} only")
    return _urgent(
        drift, f"{said}, the {of} by {risen} on average: look at the features that have moved"
    )


def _calm(drift: Drift, said: str) -> Alarm:
    return Alarm(drift.name, action=False, words=f"{said}: nothing to do")


def _urgent(drift: Drift, said: str) -> Alarm:
    words = f"{said}; if the customers have changed, train again"
    return Alarm(drift.name, action=True, words=words)


def _odds(drift: Drift) -> str:
    return f"{math.expm1(drift.effect):+.0%}"


def _missing(drift: Drift) -> str:
    then, now = drift.missing
    return f"; {then:.0%} → {now:.0%} unknown" if abs(now - then) >= _TOLD else ""
