"""What can go wrong with published scores; the messages name the remedy."""

from __future__ import annotations

from collections.abc import Sequence

_NAMED = 3


class StoreError(RuntimeError):
    """The score store cannot do what was asked."""


class StoreUnavailable(StoreError):  # noqa: N818 - named for what it says
    """The database does not answer, or not now: trying again later may help."""


class StoreBusy(StoreUnavailable):
    """Another writer holds the store; readers go on."""


class StoreFull(StoreError):  # noqa: N818 - likewise
    """No room is left where the store lies; the scores published before stay."""


class UnknownRun(StoreError):  # noqa: N818 - likewise
    """There is no such run, or its scores are no longer kept."""


class UnknownPlan(StoreError):  # noqa: N818 - likewise
    """There is no such plan, or the run it rests on is no longer kept."""


class StaleCursor(StoreError):  # noqa: N818 - likewise
    """The run that a cursor pages through is no longer kept."""


class InvalidCursor(StoreError):  # noqa: N818 - likewise
    """A cursor was changed, comes from another store, or belongs to another query."""


class ContradictingContacts(StoreError):  # noqa: N818 - likewise
    """Contacts are told otherwise than they are known under the same key.

    Parameters
    ----------
    problems : sequence of (int, str)
        Each contact's place among those given, from 0, and its key with the difference.
    """

    def __init__(self, problems: Sequence[tuple[int, str]]) -> None:
        said = "\n".join(f"  {problem}" for _, problem in problems[:_NAMED])
        more = f"\n  and {len(problems) - _NAMED:,} more" if len(problems) > _NAMED else ""
        super().__init__(
            f"{len(problems):,} contacts contradict what is known under their keys; nothing is "
            f"recorded. Correct them, or give other contacts other keys:\n{said}{more}"
        )
        self.problems = tuple(problems)
