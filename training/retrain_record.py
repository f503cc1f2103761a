"""The record of a decision to train again, in Markdown, for people."""

from __future__ import annotations

from datetime import UTC, datetime

from training.publish import Published
from training.retrain import Decision, Facts


def record(name: str, facts: Facts, decision: Decision, made: Published | None) -> str:
    """Write what was decided, on what it rests, and what came of it.

    Parameters
    ----------
    name : str
        Of the registered model.
    facts : Facts
    decision : Decision
    made : Published or None
        None where nothing was trained.
    """
    champion = f"version {facts.champion}" if facts.champion else "none"
    sections = (
        f"# {name}: {'trained again' if decision.train else 'not trained again'}",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC. Champion before: {champion}.",
        _listed("Why", decision.reasons),
        _listed("What has changed and needs action", _words(facts, action=True)),
        _listed("What has changed and needs none", _words(facts, action=False)),
        _listed("What came of it", (_outcome(made),)),
    )
    return "\n\n".join(sections) + "\n"


def _words(facts: Facts, *, action: bool) -> tuple[str, ...]:
    return tuple(a.words for a in facts.alarms if a.action == action)


def _listed(title: str, lines: tuple[str, ...]) -> str:
    return "\n".join([f"## {title}", "", *(f"- {line}" for line in lines or ("nothing",))])


def _outcome(made: Published | None) -> str:
    if made is None:
        return "the champion stays"
    verb = "promoted" if made.decision.promote else "not promoted"
    return f"version {made.version.number} was {verb}: {made.decision.reason}"
