"""Which of a panel's features a model may learn from."""

from __future__ import annotations

from features.catalogue import FeatureSet
from models.recipe import Recipe
from models.stored import Frame
from training.explore import harm
from training.history import History

_FEWEST_LEVELS = 50
_MOST_UNIQUE = 0.5

_YEAR = 330
"""Days from the first cutoff to the last, a month apart, in which every season is seen once."""

_TWO_YEARS = 730
"""Days of cutoffs below which a date in the calendar stands for one of them alone."""

_SEASON = ("calendar",)


def usable(features: FeatureSet, frame: Frame) -> tuple[FeatureSet, tuple[str, ...]]:
    """Leave out what would be learnt by heart, and say which of the user's own columns it is.

    That is categories that name customers rather than group them, such as an e-mail, and the
    calendar while it tells of a part of the year alone.
    """
    if _span(frame) < _YEAR:
        features = features.without(_SEASON)
    customers = frame["customer_id"].nunique()
    limit = max(_FEWEST_LEVELS, _MOST_UNIQUE * customers)
    levels = {c: int(frame[c].nunique()) for c in features.categorical}
    gone = {c for c, count in levels.items() if count > limit}
    notes = tuple(
        f"{c.removeprefix('attribute_')} has {levels[c]:,} values for {customers:,} customers, "
        "like an identifier; it is left out"
        for c in sorted(gone)
    )
    return FeatureSet(tuple(f for f in features if f.name not in gone)), notes


def seasoned(past: History, features: FeatureSet, recipe: Recipe, frame: Frame) -> FeatureSet:
    """Leave out the calendar where each date is one cutoff's and forward predictions lose by it."""
    rest = features.without(_SEASON)
    if len(rest) == len(features) or _span(frame) >= _TWO_YEARS:
        return features
    if not past.roles.forward or harm(past.folds(), features, rest, recipe):
        return rest
    return features


def _span(frame: Frame) -> int:
    """Give the days from the first cutoff to the last."""
    cutoff = frame["cutoff"]
    return int((cutoff.max() - cutoff.min()).days)
