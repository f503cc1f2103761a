"""What is simulated: how many customers, how long, and where its randomness comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from features.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

HORIZON = 90
"""Days in which somebody leaves or buys nothing: the configured target."""

YEAR = 365
BLOCK = 2_000
"""Customers drawn together: what is drawn depends on their block, never on what is written."""

MONTHS = (6, 120)
LAST_DAY = date(2024, 12, 31)

_PARTS = (
    "customers",
    "rivals",
    "purchases",
    "complaints",
    "effects",
    "leaving",
    "lines",
    "returns",
    "records",
    "handling",
    "contacts",
    "surveys",
    "subscriptions",
    "activities",
    "referrers",
    "sources",
    "wallets",
    "realised",
)


@dataclass(frozen=True)
class Story:
    """The frame of a simulation.

    Attributes
    ----------
    customers
        Customers ever, departed ones included; at least 1.
    months
        Length of the records; a month has 365/12 days.
    seed
        Of everything random.
    end
        The last day with records; as-of is the midnight after it.
    """

    customers: int = 3_000
    months: int = 24
    seed: int = 7
    end: date = LAST_DAY

    @property
    def days(self) -> int:
        """Days with records; day 0 is the first."""
        return round(self.months * YEAR / 12)

    @property
    def as_of(self) -> date:
        """The first day that is not known."""
        return self.end + timedelta(days=1)

    @property
    def start(self) -> date:
        """The first day with records."""
        return self.as_of - timedelta(days=self.days)

    @property
    def year(self) -> int:
        """Days that wallets and shares are realised over: 365, or all where there are fewer."""
        return min(YEAR, self.days)

    def blocks(self) -> Iterator[tuple[int, Ints]]:
        """Give each block's number and the numbers of its customers."""
        for block, first in enumerate(range(0, self.customers, BLOCK)):
            yield block, np.arange(first, min(first + BLOCK, self.customers))


def checked(story: Story, today: date) -> Story:
    """Give the story back if it can be told.

    Parameters
    ----------
    story : Story
    today : date
        The records must have ended before.

    Raises
    ------
    InputError
        Where an option is out of its range.
    """
    shortest, longest = MONTHS
    if story.customers < 1:
        raise InputError(f"--customers {story.customers}: give at least 1")
    if not shortest <= story.months <= longest:
        raise InputError(f"--months {story.months}: give {shortest} to {longest}")
    if story.seed < 0:
        raise InputError(f"--seed {story.seed}: give 0 or more")
    if story.end >= today:
        latest = today - timedelta(days=1)
        raise InputError(f"--end {story.end} is not past; records end on {latest} at the latest")
    return story


def stream(story: Story, block: int, part: str) -> np.random.Generator:
    """Give the random numbers of one part of a block: a change of one part leaves the others."""
    key = (block, _PARTS.index(part))
    return np.random.default_rng(np.random.SeedSequence(story.seed, spawn_key=key))


def microseconds(day: date) -> int:
    """Give the time of a midnight, microseconds since 1970."""
    return int(np.datetime64(day, "us").astype(np.int64))
