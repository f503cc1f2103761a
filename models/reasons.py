"""Reasons in words: why a customer's risk is high, with the customer's own figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import Feature, Reason
from models.matrix import Floats
from models.release import Release

MOST = 3
"""Reasons a customer is given at most."""


@dataclass(frozen=True)
class Said:
    """A reason in words and the cause, from the literature, that it points to, if to any."""

    text: str
    cause: str | None


_ONLY = "only "
_MEAN = "mean "
NO_CURRENCY = "XXX"


class _Figure(float):
    """A number that formats itself for people; the format says what it counts.

    ``money``, ``percent``, ``number``, ``times`` (once, twice), ``every`` (every 9),
    ``interval`` (every 9 days), or the plural of what is counted, with ``mean`` in front where
    it is an average. ``only`` in front is said of what there is, and left out of nothing.
    """

    currency = ""

    def __format__(self, spec: str) -> str:
        if spec.startswith(_ONLY):
            said = format(self, spec.removeprefix(_ONLY))
            return _ONLY + said if self > 0 and not said.startswith("no") else said
        if spec.startswith(_MEAN):
            number, plural = _number(float(self)), spec.removeprefix(_MEAN)
            return f"{number} {_singular(plural) if number == '1' else plural}"
        if spec == "money":
            return _money(float(self), self.currency)
        words = _FORMATS.get(spec)
        return words(float(self)) if words else _count(round(self), spec)


def say(reason: Reason, figures: Mapping[str, Any], currency: str) -> str | None:
    """Fill a reason's sentence with a customer's figures.

    Parameters
    ----------
    reason : Reason
    figures : mapping of str to number or str
        The customer's features; a missing one is None or NaN.
    currency : str
        Written after amounts.

    Returns
    -------
    str or None
        None where the sentence is not true of the customer, or needs figures that are unknown,
        and so does its fallback.
    """
    for template in (reason.template if _true(reason, figures) else None, reason.fallback):
        if template and all(_known(figures.get(name)) for name in _fields(template)):
            named = {name: _figure(figures[name], currency) for name in _fields(template)}
            return template.format(**named)
    return None


def reasons(
    release: Release, frame: pd.DataFrame, currency: str, threads: int = 0
) -> list[list[Said]]:
    """Give each snapshot's reasons, strongest first.

    A reason comes from a feature that raises this customer's risk, whose value lies on the risky
    side of the population's median, and whose family has not spoken yet.

    Parameters
    ----------
    release : Release
    frame : DataFrame
        Snapshots with ``customer_id`` and the features of the tables.
    currency : str
    threads : int
        0: as many as there are.

    Returns
    -------
    list of list of Said
        At most :data:`MOST` a snapshot, fewer where there are fewer.
    """
    frame = release.completed(frame)
    names, shares = release.churn.contributions(frame, release.encoder.matrix(frame), threads)
    speaking = [release.encoder.features[n] for n in names]
    rows: list[dict[str, Any]] = frame[release.encoder.features.names].to_dict("records")  # type: ignore[assignment]
    return [
        list(_strongest(speaking, share, row, release.medians, currency))
        for share, row in zip(shares, rows, strict=True)
    ]


def _strongest(
    features: list[Feature],
    shares: Floats,
    figures: Mapping[str, Any],
    medians: Mapping[str, float],
    currency: str,
) -> Iterator[Said]:
    spoken: set[str] = set()
    for position in np.argsort(-shares, kind="stable"):
        feature = features[position]
        if shares[position] <= 0 or len(spoken) == MOST:
            return
        reason = feature.reason
        if reason is None or _voice(feature) in spoken or not _risky(feature, figures, medians):
            continue
        if not _silent(reason, figures) and (text := say(reason, figures, currency)):
            spoken.add(_voice(feature))
            yield Said(text, reason.cause)


def _voice(feature: Feature) -> str:
    """Tell who speaks: the family, or the feature alone where columns only share a file."""
    return feature.name if feature.family == "labelled" else feature.family


def _risky(feature: Feature, figures: Mapping[str, Any], medians: Mapping[str, float]) -> bool:
    value = figures[feature.name]
    if not _known(value) or feature.reason is None:
        return False
    if feature.dtype == "category" or feature.name not in medians:
        return True
    middle = medians[feature.name]
    return bool(value > middle) if feature.reason.risk == "high" else bool(value < middle)


def _silent(reason: Reason, figures: Mapping[str, Any]) -> bool:
    """Tell whether a sentence would only say that there was nothing, in a window or at all.

    Silence has one voice, recency, which says how long it has lasted. A zero whose meaning nobody
    has told may be anything.
    """
    return (
        reason.cause is not None
        and reason.risk == "low"
        and any(figures.get(n) == 0 for n in _fields(reason.template))
    )


def _true(reason: Reason, figures: Mapping[str, Any]) -> bool:
    if reason.gauge is None:
        return True
    value = figures.get(reason.gauge)
    if value is None or not _known(value):
        return False
    return bool(value > reason.beyond if reason.risk == "high" else value < reason.beyond)


def _fields(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


def _known(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _figure(value: object, currency: str) -> object:
    if isinstance(value, str):
        return value
    figure = _Figure(value)  # type: ignore[arg-type]
    figure.currency = "" if currency == NO_CURRENCY else currency
    return figure


def _money(value: float, currency: str) -> str:
    text = f"{value:,.2f}"
    return "nothing" if text in ("0.00", "-0.00") else f"{text} {currency}".rstrip()


def _percent(value: float) -> str:
    percent = round(100 * value)
    return "under 1 %" if value > 0 and percent == 0 else f"{percent:,} %"


def _number(value: float) -> str:
    tenths = round(value, 1)
    if value > 0 and tenths == 0:
        return "under 0.1"
    return f"{tenths:,.0f}" if tenths == round(tenths) or tenths >= 10 else f"{tenths:.1f}"  # noqa: PLR2004


def _every(value: float) -> str:
    # "every 0" helps nobody.
    days = max(1, round(value))
    return "every day" if days == 1 else f"every {days:,}"


def _interval(value: float) -> str:
    said = _every(value)
    return said if said == "every day" else f"{said} days"


def _times(value: float) -> str:
    return {1: "once", 2: "twice"}.get(round(value), f"{round(value):,} times")


def _count(count: int, plural: str) -> str:
    if count == 0 and plural != "days":
        return f"no {_singular(plural)}"
    return f"{count:,} {_singular(plural) if count == 1 else plural}"


def _singular(plural: str) -> str:
    return f"{plural[:-3]}y" if plural.endswith("ies") else plural.removesuffix("s")


_FORMATS: Mapping[str, Callable[[float], str]] = {
    "": _number,
    "number": _number,
    "percent": _percent,
    "every": _every,
    "interval": _interval,
    "times": _times,
}
