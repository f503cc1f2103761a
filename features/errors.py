"""The one error that a user can mend."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


class InputError(ValueError):
    """Something in the configuration or the data that the user can put right.

    The message names the place (key, table, column), shows the difference and
    gives the remedy. The command line prints it and exits with status 2.
    """


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like `name`, whatever the case, or None.

    Parameters
    ----------
    name
        What the user wrote.
    known
        The names that would have been right.
    """
    by_folded = {candidate.casefold(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean ...?" for the nearest known name, or an empty text."""
    match = nearest(name, known)
    return f' Did you mean "{match}"?' if match else ""


def without_password(url: str) -> str:
    """Return a URL that can be shown."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)
