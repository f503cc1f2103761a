"""Days as they are given in notebooks."""

from __future__ import annotations

from datetime import date, datetime

from features.errors import InputError

Day = date | str
"""A day, also in the form "2024-12-31"."""


def day(given: Day | None) -> date | None:
    """Read a day.

    Raises
    ------
    InputError
        When a text is no day.
    """
    if not isinstance(given, str):
        return given.date() if isinstance(given, datetime) else given
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise InputError(f'as_of = "{given}": write a day as "2024-12-31"') from None
