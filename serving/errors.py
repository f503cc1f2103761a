"""What can go wrong with published scores; the messages name the remedy."""

from __future__ import annotations


class StoreError(RuntimeError):
    """The score store cannot do what was asked."""


class StoreUnavailable(StoreError):  # noqa: N818 - named for what it says
    """The database does not answer, or not now: trying again later may help."""


class StoreFull(StoreError):  # noqa: N818 - likewise
    """No room is left where the store lies; the scores published before stay."""


class UnknownRun(StoreError):  # noqa: N818 - likewise
    """There is no such run, or its scores are no longer kept."""


class StaleCursor(StoreError):  # noqa: N818 - likewise
    """The run that a cursor pages through is no longer kept."""


class InvalidCursor(StoreError):  # noqa: N818 - likewise
    """A cursor was changed, comes from another store, or belongs to another query."""
