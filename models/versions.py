"""What a registry says of versions, whichever registry it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Version:
    """A registered version."""

    number: int
    source: str
    run_id: str


@dataclass(frozen=True)
class Promotion:
    """When a version became champion, and why; the next promotion ended its time."""

    version: int
    at: str
    reason: str
