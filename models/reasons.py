"""Reasons in words: why a customer's risk is high, with the customer's own figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
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
    """A reason in words and the cause, from the literature, that it points to."""

    text: str
    cause: str


_ONLY = "only "


class _Figure(float):
    """A number that formats itself for people; the format says what it counts.

    ``money``, ``percent``, ``number``, ``times`` (once, twice), ``every`` (every 9),
    ``interval`` (every 9 days), or the plural of what is counted. ``only`` in front is said of
    what there is, and left out where there is nothing.
    """

    currency = ""

    def __format__(self, spec: str) -> str:
        if spec.startswith(_ONLY):
            said = format(self, spec.removeprefix(_ONLY))
            return said if said.startswith("no") else _ONLY + said
        if spec == "money":
            return _money(float(self), self.currency)
        if spec == "percent":
            return _percent(float(self))
        if spec in ("", "number"):
            return _number(float(self))
        if spec in ("every", "interval"):
            return _interval(float(self), "" if spec == "every" else " days")
        if spec == "times":
            return {1: "once", 2: "twice"}.get(round(self), f"{round(self):,} times")
        return _count(round(self), spec)


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


def reasons(release: Release, frame: pd.DataFrame, currency: str) -> list[list[Said]]:
    """Give each snapshot's reasons, strongest first.

    A reason comes from a feature that raises this customer's risk, whose value lies on the risky
    side of the population's median, and whose family has not spoken yet.

    Parameters
    ----------
    release : Release
    frame : DataFrame
        Snapshots with the encoder's features.
    currency : str

    Returns
    -------
    list of list of Said
        At most :data:`MOST` a snapshot, fewer where there are fewer.
    """
    names, shares = release.churn.contributions(frame, release.encoder.matrix(frame))
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
        if reason is None or feature.family in spoken or not _risky(feature, figures, medians):
            continue
        if text := say(reason, figures, currency):
            spoken.add(feature.family)
            yield Said(text, reason.cause)


def _risky(feature: Feature, figures: Mapping[str, Any], medians: Mapping[str, float]) -> bool:
    value = figures[feature.name]
    if not _known(value) or feature.reason is None:
        return False
    if feature.dtype == "category" or feature.name not in medians:
        return True
    middle = medians[feature.name]
    return bool(value > middle) if feature.reason.risk == "high" else bool(value < middle)


def _true(reason: Reason, figures: Mapping[str, Any]) -> bool:
    if reason.gauge is None:
        return True
    value = figures.get(reason.gauge)
    if not _known(value):
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
    figure.currency = currency
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


def _interval(value: float, unit: str) -> str:
    # "every 0 days" helps nobody.
    days = max(1, round(value))
    return "every day" if days == 1 else f"every {days:,}{unit}"


def _count(count: int, plural: str) -> str:
    singular = f"{plural[:-3]}y" if plural.endswith("ies") else plural.removesuffix("s")
    if count == 0 and plural != "days":
        return f"no {singular}"
    return f"{count:,} {singular if count == 1 else plural}"
