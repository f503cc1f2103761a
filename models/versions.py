"""What a registry says of versions, whichever registry it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Version:
    """A registered version."""

    number: int
    source: str
    run_id: str


@dataclass(frozen=True)
class Registered:
    """A version, and what was written down of it.

    Parameters
    ----------
    version : Version
    at : str
        When it was registered, ISO 8601 in UTC.
    data_cutoff : str or None
        The first day that it knows nothing of, in ISO format; None where its run does not tell.
    grade : str or None
        Likewise.
    declined : str or None
        Why it was not promoted, where that was decided.
    """

    version: Version
    at: str
    data_cutoff: str | None
    grade: str | None
    declined: str | None


@dataclass(frozen=True)
class Promotion:
    """When a version became champion, and why; the next promotion ended its time.

    Parameters
    ----------
    version : int
    at : str
        ISO 8601, in UTC.
    reason : str
    back : bool
        It was champion before, and came back because the one after it was taken back.
    """

    version: int
    at: str
    reason: str
    back: bool = False


@dataclass(frozen=True)
class Reign:
    """A time in which a version was champion; ``until`` is None while it is."""

    version: int
    since: str
    until: str | None
    reason: str


def reigns(history: Sequence[Promotion]) -> list[Reign]:
    """Give the times of all champions, oldest first.

    Parameters
    ----------
    history : sequence of Promotion
        Oldest first.
    """
    ends = [after.at for _, after in pairwise(history)]
    return [
        Reign(promotion.version, promotion.at, end, promotion.reason)
        for promotion, end in zip(history, [*ends, None], strict=False)
    ]


def champion_before(history: Sequence[Promotion]) -> int | None:
    """Give the version that a rollback returns to; None where there is none.

    Parameters
    ----------
    history : sequence of Promotion
        Oldest first.

    Notes
    -----
    Champions are a pile: a promotion puts a version on it, a rollback takes the one on top away.
    So what was taken back once is not returned to, and rollbacks one after the other go further
    and further back.
    """
    pile: list[int] = []
    for promotion in history:
        if promotion.back:
            while pile and pile[-1] != promotion.version:
                pile.pop()
        if not pile or pile[-1] != promotion.version:
            pile.append(promotion.version)
    return pile[-2] if len(pile) > 1 else None
