"""Where a model is worse: its measures by level of an attribute and by quartile of a feature."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import Feature, FeatureSet
from models.baselines import PAST_SPEND
from models.matrix import Floats
from training.bootstrap import Interval, intervals
from training.evaluate import resamples
from training.measures import brier, roc_auc
from training.report import Row, Section, Table, percent, with_interval

MAIN = (
    ("days_since_purchase", "days_since_activity", "subscription_age_days"),
    ("tenure_days", "subscription_tenure_days"),
    ("spend_sum_365d", *PAST_SPEND),
)
"""Recency, tenure and spend: the first of each that there is."""

FEWEST = 30
"""Customers below which a group has no interval worth a mark."""

TOO_FEW, TOO_MANY = "expects too few", "expects too many"
"""Leavers, that is."""

_MOST_LEVELS = 12
_UNKNOWN, _OTHER = "unknown", "others"
_NOTHING = Interval(float("nan"), float("nan"), float("nan"))
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEVEL = 0.9


@dataclass(frozen=True)
class Group:
    """Some of the customers, and how good the probabilities are among them.

    Parameters
    ----------
    of, level : str
        The attribute or feature, and its value.
    customers : int
    observed, expected : float
        Share who left, and mean probability.
    area, error, surplus : Interval
        ROC AUC, Brier score, observed less expected; NaN where there are too few customers.
    worse : tuple of str
        In what the group is worse than all customers together, beyond its interval.
    """

    of: str
    level: str
    customers: int
    observed: float
    expected: float
    area: Interval
    error: Interval
    surplus: Interval
    worse: tuple[str, ...]


def groups(
    frame: pd.DataFrame, wanted: Sequence[Feature], churned: Floats, said: Floats, seed: int
) -> list[Group]:
    """Measure probabilities by group.

    Parameters
    ----------
    frame : DataFrame
        Snapshots with the wanted features.
    wanted : sequence of Feature
        A category is split by level, a number by quartile; what is the same for everybody is left
        out.
    churned, said : ndarray of shape (rows,)
        Outcomes and probabilities.
    seed : int
        Of the bootstrap.
    """
    overall = _measures(churned, said)
    found = []
    for feature in wanted:
        names, place = split(frame[feature.name], feature)
        if np.ptp(place) == 0:
            continue
        for number, level in enumerate(names):
            rows = place == number
            if rows.any():
                found.append(_group(feature, level, churned[rows], said[rows], overall, seed))
    return found


def split(column: pd.Series[Any], feature: Feature) -> tuple[list[str], NDArray[np.intp]]:
    """Give the names of a column's groups, in order, and the place of each row's among them.

    Groups are the levels of a category, the rare ones together, or the quarters of the known
    numbers; what is missing is a group of its own.
    """
    if feature.dtype == "category":
        return _by_level(column)
    return _by_quarter(column.to_numpy(np.float64, na_value=np.nan))


def main_features(features: FeatureSet) -> list[Feature]:
    """Give what customers are grouped by: every category, then recency, tenure and spend."""
    names = set(features.names)
    chosen = [next((n for n in some if n in names), None) for some in MAIN]
    categories = [f for f in features if f.dtype == "category"]
    return [*categories, *(features[n] for n in dict.fromkeys(chosen) if n)]


def groups_section(found: Sequence[Group]) -> Section:
    """Say where the model is worse, and give the measures of every group."""
    judged = [g for g in found if g.customers >= FEWEST]
    worse = [g for g in judged if g.worse]
    off = sum(bool({TOO_FEW, TOO_MANY} & set(g.worse)) for g in judged)
    words = (
        (
            f"Each group of {FEWEST} customers or more is compared with all customers; what is "
            "worse beyond its 90 % interval is marked."
        ),
        (
            f"In {off} of {len(judged)} groups more or fewer customers left than were expected; "
            f"about {len(judged) * (1 - _LEVEL):.0f} would be by chance. Such a group has its "
            "probabilities wrong, and wants a look."
        ),
        (
            "Ranking worse, or a higher Brier score, is often no fault: customers of one quartile "
            "of recency are alike in what tells most, so that their order is harder to tell, and "
            "where about half of them leave the Brier score is high by nature."
        ),
    )
    named = dict.fromkeys(g.of for g in found)
    tables = [_table(of, [g for g in found if g.of == of]) for of in named]
    summary = [_worse(worse)] if worse else []
    return Section("groups", "By segment and attribute", words, (*summary, *tables))


def _measures(churned: Floats, said: Floats) -> dict[str, float]:
    surplus = float(churned.mean() - said.mean())
    return {"area": roc_auc(churned, said), "error": brier(churned, said), "surplus": surplus}


def _group(
    feature: Feature,
    level: str,
    churned: Floats,
    said: Floats,
    overall: dict[str, float],
    seed: int,
) -> Group:
    found = dict.fromkeys(overall, _NOTHING)
    if len(churned) >= FEWEST:
        n = resamples(len(churned))
        found = intervals(_measures, (churned, said), n=n, seed=seed, level=_LEVEL)
    observed, expected = float(churned.mean()), float(said.mean())
    worse = tuple(_faults(found, overall))
    name = feature.name.removeprefix("attribute_").replace("_", " ")
    return Group(name, level, len(churned), observed, expected, **found, worse=worse)


def _faults(found: dict[str, Interval], overall: dict[str, float]) -> Iterator[str]:
    if found["area"].high < overall["area"]:
        yield "ranks worse"
    if found["error"].low > overall["error"]:
        yield "higher Brier"
    if found["surplus"].low > 0:
        yield TOO_FEW
    if found["surplus"].high < 0:
        yield TOO_MANY


def _by_level(column: pd.Series[Any]) -> tuple[list[str], NDArray[np.intp]]:
    words = column.astype(object).where(column.notna(), _UNKNOWN).astype(str)
    known = words[words != _UNKNOWN]
    common = sorted(known.value_counts().index[:_MOST_LEVELS])
    words = words.where(words.isin([*common, _UNKNOWN]), _OTHER)
    names = [*common, _OTHER, _UNKNOWN]
    return names, np.asarray(pd.Categorical(words, categories=names).codes, dtype=np.intp)


def _by_quarter(numbers: Floats) -> tuple[list[str], NDArray[np.intp]]:
    known = np.isfinite(numbers)
    if not known.any():
        return [_UNKNOWN], np.zeros(len(numbers), dtype=np.intp)
    edges = np.unique(np.quantile(numbers[known], _QUARTERS))
    names = [*_quarters(edges), _UNKNOWN]
    place = np.searchsorted(edges[1:-1], numbers, side="left")
    return names, np.where(known, place, len(names) - 1)


def _quarters(edges: Floats) -> list[str]:
    if len(edges) < 3:  # noqa: PLR2004 - a lowest and a highest alone are one group
        return ["all"]
    inner = [f"{edge:,.4g}" for edge in edges[1:-1]]
    between = [f"above {a} to {b}" for a, b in pairwise(inner)]
    return [f"up to {inner[0]}", *between, f"above {inner[-1]}"]


def _worse(found: Sequence[Group]) -> Table:
    rows = tuple(
        Row((g.of, g.level, f"{g.customers:,}", ", ".join(g.worse)), marked=True) for g in found
    )
    return Table("Where it is worse", ("group", "level", "customers", "in what"), rows, words=True)


def _table(of: str, found: Sequence[Group]) -> Table:
    rows = tuple(
        Row(
            (
                g.level,
                f"{g.customers:,}",
                with_interval(g.area),
                with_interval(g.error),
                percent(g.observed),
                percent(g.expected),
                ", ".join(g.worse),
            ),
            bool(g.worse),
        )
        for g in found
    )
    columns = ("level", "customers", "ROC AUC", "Brier", "left", "expected", "worse")
    return Table(of, columns, rows, detail=True)
