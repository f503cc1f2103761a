"""When each champion was live, from the record of promotions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from models.versions import Promotion
from serving.api.schemas import Champion


def periods(history: Sequence[Promotion], live: int) -> list[Champion]:
    """Give the champions in order; the last is the live one.

    Parameters
    ----------
    history : sequence of Promotion
        Oldest first.
    live : int
        The version that the alias names. A promotion is recorded before the alias moves, so a
        record after it may be of one that was killed in between, and is left out.
    """
    kept = list(history)
    while kept and kept[-1].version != live:
        kept.pop()
    ends = [after.at for _, after in pairwise(kept)]
    return [
        Champion(
            version=str(promotion.version),
            since=datetime.fromisoformat(promotion.at),
            until=None if end is None else datetime.fromisoformat(end),
            reason=promotion.reason,
        )
        for promotion, end in zip(kept, [*ends, None], strict=False)
    ]
