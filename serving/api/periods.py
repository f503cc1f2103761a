"""When each champion was live, from the record of promotions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from models.versions import Promotion, reigns
from serving.api.schemas import Champion


def periods(history: Sequence[Promotion], live: int) -> list[Champion]:
    """Give the champions in order; the last is the live one.

    Parameters
    ----------
    history : sequence of Promotion
        Oldest first.
    live : int
        The version in use. A champion that was promoted since is not live yet, and is left out.
    """
    kept = list(history)
    while kept and kept[-1].version != live:
        kept.pop()
    return [
        Champion(
            version=str(reign.version),
            since=datetime.fromisoformat(reign.since),
            until=None if reign.until is None else datetime.fromisoformat(reign.until),
            reason=reign.reason,
        )
        for reign in reigns(kept)
    ]
