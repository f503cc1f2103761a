"""The rules of the canonical tables for rows in JSON, as :mod:`features.tables` has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time
from typing import Any

from features.tables import RULES, Rule

Check = Callable[..., bool]
"""From the values of a rule's columns to whether they keep to it."""

PAST = "_in_the_past"
"""Ends the names of the rules about event times, which are checked against as-of, too."""


def check_of(rule: Rule) -> Check:
    """Give the check of a rule.

    Raises
    ------
    KeyError
        For a rule that has none.
    """
    return next(check for part, check in _CHECKS.items() if part in rule.name)


def broken(table: str, values: Mapping[str, list[Any]]) -> Iterator[tuple[int, Rule]]:
    """Give the rows of a table that break a rule.

    Parameters
    ----------
    table : str
    values : mapping of str to list
        Canonical values by column, None for null.
    """
    for rule in RULES[table]:
        if rule.name.endswith(PAST) or not values.keys() >= set(rule.columns):
            continue
        check = check_of(rule)
        rows = zip(*(values[c] for c in rule.columns), strict=True)
        yield from ((number, rule) for number, row in enumerate(rows) if not check(*row))


def _orderly(later: datetime | None, earlier: datetime) -> bool:
    if later is None:
        return True
    # A date without a time of day stands for the whole day.
    is_date = later.time() == time()
    return later >= (datetime.combine(earlier, time()) if is_date else earlier)


_CHECKS: Mapping[str, Check] = {
    "_not_before_": _orderly,
    "_not_negative": lambda value: value is None or value >= 0,
    "_above_zero": lambda value: value is None or value > 0,
    "_within_0_to_10": lambda value: value is None or 0 <= value <= 10,  # noqa: PLR2004 - its name
    "_of_another": lambda one, other: one != other,
}
