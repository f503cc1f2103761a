"""The panel seen through the roles of its cutoffs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from features.errors import InputError
from features.panel import Panel
from models.stored import Frame, Stored
from training.fit import Fold, grouped_folds
from training.splits import Roles

IN_MEMORY = 100_000_000
"""Cells of snapshots, at 8 bytes each, that are read into memory whole.

Of more, both fits read all in pieces, and what is only chosen by is an even sample of so many.
"""


@dataclass(frozen=True)
class History:
    """What each fit may learn from.

    Parameters
    ----------
    panel : Panel
    roles : Roles
        Only cutoffs with somebody active, and folds with both outcomes.
    """

    panel: Panel
    roles: Roles

    def newest(self) -> pd.DataFrame:
        """Read the snapshots of t0."""
        return self.panel.read([self.roles.newest])

    def evaluation(self) -> Frame:
        """Give what the evaluation fit learns from."""
        return self._all(self.roles.evaluation)

    def serving(self) -> Frame:
        """Give what the serving fit learns from."""
        return self._all(self.roles.serving)

    def sample(self, cutoffs: Sequence[date]) -> pd.DataFrame:
        """Read snapshots, as many as memory holds: to choose by, not to serve from."""
        return self.panel.sample(cutoffs, max(1, IN_MEMORY // max(1, len(self.panel.features))))

    def folds(self) -> list[Callable[[], Fold]]:
        """Give rolling-origin folds; folds by customer where the history is too short for them.

        With a single usable cutoff there are none: nothing is calibrated.
        """
        if self.roles.forward:
            return [self._reader(train, held_out) for train, held_out in self.roles.forward]
        if self.roles.evaluation:
            return grouped_folds(self.sample(self.roles.evaluation))
        return self.others() if len(self.roles.serving) > 1 else []

    def others(self) -> list[Callable[[], Fold]]:
        """Give folds by customer of what the serving fit learns from."""
        return grouped_folds(self.sample(self.roles.serving))

    def _reader(self, train: list[date], held_out: date) -> Callable[[], Fold]:
        return lambda: (self.sample(train), self.sample([held_out]))

    def _all(self, cutoffs: list[date]) -> Frame:
        if self.panel.snapshots(cutoffs) * len(self.panel.features) <= IN_MEMORY:
            return self.panel.read(cutoffs)
        return Stored(self.panel.pieces(cutoffs))


def history(panel: Panel, found: Roles, fewest: int) -> History:
    """Drop the roles that the data cannot fill.

    Parameters
    ----------
    panel : Panel
    found : Roles
    fewest : int
        Snapshots of each outcome that a fit needs; a held-out cutoff needs both outcomes.

    Raises
    ------
    InputError
        When nobody was active at any cutoff.
    """
    empty = [c for c in panel.cutoffs if panel.outcomes([c]).snapshots == 0]
    kept = found.without(empty)
    if not kept.serving:
        raise InputError(
            "nobody was active at any cutoff; lengthen [population] active_within "
            "or bring newer data"
        )

    def learnable(cutoffs: list[date]) -> bool:
        return bool(cutoffs) and panel.outcomes(cutoffs).rarer >= fewest

    def telling(cutoff: date) -> bool:
        return panel.outcomes([cutoff]).rarer > 0

    held_out = kept.newest == found.newest and telling(kept.newest)
    evaluation = kept.evaluation if held_out and learnable(kept.evaluation) else []
    forward = [(t, v) for t, v in kept.forward if learnable(t) and telling(v)]
    return History(
        panel,
        Roles(kept.as_of, kept.reach, kept.serving, evaluation, forward if evaluation else []),
    )


def limits(past: History) -> tuple[str, ...]:
    """Say what a short history does not allow."""
    roles = past.roles
    if roles.forward:
        return ()
    if roles.evaluation:
        return ("too few cutoffs to predict forward: calibrated on folds by customer",)
    if len(roles.serving) == 1:
        return ("one usable cutoff: nothing is calibrated and no held-out measure can be claimed",)
    unmeasured = (
        "no cutoff a whole label window before the newest one has enough leavers and stayers: "
        "calibrated on folds by customer, and no held-out measure can be claimed"
    )
    return (unmeasured,)
