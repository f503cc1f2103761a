"""Which cutoff plays which role, so that no fit sees a label from its own future."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from features.asof import grid

Forward = tuple[list[date], date]
"""Training cutoffs, and the cutoff that they predict."""


@dataclass(frozen=True)
class Roles:
    """The cutoffs of a training run.

    Parameters
    ----------
    as_of : date
        The first moment that is not known.
    reach : int
        Days from a cutoff until its last label window has ended.
    serving : list of date
        What the registered models learn from, newest first; the first is t0, the newest
        complete cutoff.
    evaluation : list of date
        What the evaluation fit learns from, newest first: labels that end by t0. Empty when the
        history is too short for a held-out measure.
    forward : list of (list of date, date)
        Rolling-origin folds inside the evaluation fit, newest first: training cutoffs whose labels
        end by the cutoff that they predict.
    """

    as_of: date
    reach: int
    serving: list[date]
    evaluation: list[date]
    forward: list[Forward]

    @property
    def newest(self) -> date:
        """t0: the cutoff that is held out from the evaluation fit."""
        return self.serving[0]

    @property
    def cutoffs(self) -> list[date]:
        """All cutoffs that any role needs, oldest first."""
        folded = [c for train, held_out in self.forward for c in (*train, held_out)]
        return sorted({*self.serving, *self.evaluation, *folded})

    def without(self, unusable: Sequence[date]) -> Roles:
        """Leave out cutoffs that turned out to have nobody to learn from."""
        gone = set(unusable)
        folds = [([c for c in t if c not in gone], v) for t, v in self.forward if v not in gone]
        return Roles(
            self.as_of,
            self.reach,
            [c for c in self.serving if c not in gone],
            [c for c in self.evaluation if c not in gone],
            [(train, held_out) for train, held_out in folds if train],
        )


def roles(
    first: date,
    as_of: date,
    reach: int,
    *,
    cutoffs: int,
    every: int,
    min_history: int,
    folds: int,
) -> Roles | None:
    """Give each cutoff its roles.

    All cutoffs lie on one grid, backwards from t0. Every fit takes the newest ``cutoffs`` of the
    grid whose labels have ended by the moment the fit is made for: as-of for the serving fit, t0
    for the evaluation fit, the predicted cutoff for a fold. So each is fitted in the same way on
    as much history, only earlier.

    Parameters
    ----------
    first : date
        Day of the first transaction.
    as_of : date
    reach : int
        Days; see :class:`Roles`.
    cutoffs : int
        The most that one fit learns from.
    every : int
        Days between cutoffs.
    min_history : int
        Days of history that the oldest cutoff needs behind it.
    folds : int
        Rolling-origin folds at most.

    Returns
    -------
    Roles or None
        None when the history holds no complete cutoff.
    """
    newest = as_of - timedelta(days=reach)
    possible = grid(newest, first + timedelta(days=min_history), every)

    def known_by(moment: date) -> list[date]:
        return [c for c in possible if c + timedelta(days=reach) <= moment][:cutoffs]

    if not possible:
        return None
    window = timedelta(days=reach)
    judged = [c for c in possible if possible[-1] + window <= c <= newest - window]
    forward = [(known_by(c), c) for c in _spread(judged, reach, folds)]
    return Roles(as_of, reach, known_by(as_of), known_by(newest), forward)


def _spread(newest_first: Sequence[date], reach: int, count: int) -> list[date]:
    """Take cutoffs whose label windows do not overlap, and others where there are too few.

    Overlapping windows share their outcomes: three of them say hardly more than one of how the
    years differ.
    """
    apart: list[date] = []
    for cutoff in newest_first:
        if not apart or cutoff + timedelta(days=reach) <= apart[-1]:
            apart.append(cutoff)
    taken = set(apart)
    rest = [c for c in newest_first if c not in taken]
    return sorted([*apart, *rest][:count], reverse=True)
