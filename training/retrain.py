"""Whether to train again: a pure decision over what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.alarms import Alarm

WEEK = 7
"""Days of new outcomes without which the same model would come out again."""

FRESH = 0.1
"""Share of the rows of a flat file that must be new to learn from it again."""


@dataclass(frozen=True)
class News:
    """What is there to learn that no version has learnt yet.

    Parameters
    ----------
    words : str
        What there is, in words.
    due : bool
        Enough to train for its own sake.
    enough : bool
        Enough to answer an alarm with.
    """

    words: str
    due: bool
    enough: bool


NOTHING_NEW = News("nothing is known of what is new", due=False, enough=False)
"""Where there is no champion to have learnt anything, or it is lost."""


@dataclass(frozen=True)
class Facts:
    """What a decision to train again rests on.

    Parameters
    ----------
    champion : int or None
        Its version.
    news : News
    redefined : str
        How the configuration means something else than the champion; empty where it does not.
    unusable : str
        Why the champion cannot score these tables; empty where it can.
    families : tuple of str
        Files of the company's own families that differ from those of the newest training.
    alarms : tuple of Alarm
    """

    champion: int | None
    news: News
    redefined: str = ""
    unusable: str = ""
    families: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()


@dataclass(frozen=True)
class Decision:
    """Whether to train, and why: a sentence each."""

    train: bool
    reasons: tuple[str, ...]


def matured(days: int, every: int, since: str) -> News:
    """Say what days of further data bring: as many days of outcomes have become known.

    Parameters
    ----------
    days : int
        Of data after the newest training.
    every : int
        Days between two cutoffs: with as many, a further cutoff has its label window behind it.
    since : str
        The first day that the newest training knew nothing of, in ISO format.
    """
    if days <= 0:
        words = f"there are no data after {since}, up to which was learnt"
        return News(words, due=False, enough=False)
    cutoffs = days // every
    further = f"{cutoffs} further cutoff{'s' * (cutoffs > 1)}" if cutoffs else "no further cutoff"
    words = (
        f"{days} days of outcomes have become known since the training as of {since}: {further} "
        f"({every} days apart)"
    )
    return News(words, due=cutoffs > 0, enough=days >= min(WEEK, every))


def fresh(new: int, rows: int, since: str) -> News:
    """Say what further rows of a flat file bring.

    Parameters
    ----------
    new : int
        Rows with an outcome that the newest training has not seen as they are.
    rows : int
        Rows with an outcome.
    since : str
        The day of that training, in ISO format.
    """
    words = f"{new:,} of {rows:,} labelled rows are new or have changed since {since}"
    return News(words, due=new >= FRESH * max(rows, 1), enough=new > 0)


def decide(facts: Facts) -> Decision:
    """Decide whether to train a challenger.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    Decision
        To train where there is no champion or it cannot be used, where a further cutoff has
        matured or the company's own features have changed, and where something needs action and
        there is a week of outcomes to answer it with. Never where the configuration means
        something else: that is for somebody to decide.
    """
    urgent = [alarm.words for alarm in facts.alarms if alarm.action]
    if facts.champion is None:
        return Decision(train=True, reasons=("there is no champion yet",))
    if facts.redefined:
        return Decision(train=False, reasons=(_redefined(facts), *urgent))
    if facts.unusable:
        return Decision(train=True, reasons=(f"the champion cannot go on: {facts.unusable}",))
    due = [facts.news.words] if facts.news.due else []
    if facts.families:
        due.append(f"families of the company's own have changed: {', '.join(facts.families)}")
    if due:
        return Decision(train=True, reasons=(*due, *urgent))
    if urgent and facts.news.enough:
        return Decision(train=True, reasons=(*urgent, facts.news.words))
    return Decision(train=False, reasons=_waiting(facts.news, urgent))


def _redefined(facts: Facts) -> str:
    return (
        f"the configuration means something else than version {facts.champion} "
        f"({facts.redefined}): run `keepwell train --replace`, or undo the change"
    )


def _waiting(news: News, urgent: Sequence[str]) -> tuple[str, ...]:
    if not urgent:
        return (news.words, "nothing that has changed needs action")
    return (f"{news.words}; that is too little to learn anything else from", *urgent)
