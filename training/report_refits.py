"""What a model loses with age, and without each family of features: refits, all judged on t0."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from features.catalogue import FeatureSet
from models.derived import FAMILY, of_tables, with_derived
from models.matrix import Floats
from models.recipe import Recipe
from training.bootstrap import Interval, paired
from training.evaluate import resamples
from training.fit import learn
from training.history import History
from training.measures import log_loss, normalised_gini, roc_auc
from training.report import WORSE, Row, Section, Table, change, figure, percent, plain_rows, verdict

MOST_ROWS = 100_000
"""Snapshots that a refit learns from at most, the newest cutoffs first."""

_SCORES = ["churn_probability", "expected_value"]
_WORDS = {
    "log_loss": "log loss",
    "roc_auc": "ROC AUC",
    "normalised_gini": "norm. Gini",
}


@dataclass(frozen=True)
class Aged:
    """The recipe fitted as of an earlier day.

    Parameters
    ----------
    known : date
        As of when: the cutoff that it predicted at the time.
    days : int
        From then to t0.
    then : mapping of str to float
        Measures on its own cutoff, ``observed`` and ``expected`` churn.
    change : mapping of str to Interval
        Measures on t0 less those of the recipe fitted as of t0; empty for that itself.
    """

    known: date
    days: int
    then: Mapping[str, float]
    change: Mapping[str, Interval]


@dataclass(frozen=True)
class Ablated:
    """The recipe without a family: measures on t0 less those with all families."""

    family: str
    features: int
    change: Mapping[str, Interval]


@dataclass(frozen=True)
class Refits:
    """Refits of a recipe, uncalibrated, on a capped history.

    Parameters
    ----------
    snapshots : int
        That the one as of t0 learnt from.
    capped : bool
        Whether older cutoffs were left out for the cost.
    aged : tuple of Aged
        The one as of t0 first.
    ablated : tuple of Ablated
        The family that is missed most first.
    """

    snapshots: int
    capped: bool
    aged: tuple[Aged, ...]
    ablated: tuple[Ablated, ...]


def refits(
    past: History,
    features: FeatureSet,
    recipe: Recipe,
    start: Callable[[str, int], None],
    step: Callable[[], None],
) -> Refits:
    """Fit a complete recipe as of earlier cutoffs, and without each family of features.

    Parameters
    ----------
    past : History
        With an evaluation fit.
    features : FeatureSet
    recipe : Recipe
        Complete.
    start, step : callable
        Told of each stage and refit, for progress.
    """
    families = families_of(features)
    start("Refits", 1 + len(past.roles.forward) + len(families))
    newest, cutoffs = past.newest(), _capped(past, past.roles.evaluation)
    frame = past.panel.read(cutoffs)
    fresh = _scores(frame, features, recipe, newest)
    step()
    aged = [Aged(past.roles.newest, 0, _measures(newest, fresh), {})]
    for train, held_out in past.roles.forward:
        old = past.panel.read(_capped(past, train))
        aged.append(_aged(past, learn_scores(old, features, recipe), held_out, fresh, recipe.seed))
        step()
    ablated = []
    for family in families:
        rest = without(features, family)
        less = _scores(frame, rest, recipe, newest)
        found = changes(newest, less, fresh, recipe.seed)
        ablated.append(Ablated(family, len(features) - len(rest), found))
        step()
    missed = sorted(ablated, key=lambda a: -a.change["log_loss"].estimate)
    capped = len(cutoffs) < len(past.roles.evaluation)
    return Refits(len(frame), capped, tuple(aged), tuple(missed))


Scorer = Callable[[pd.DataFrame], pd.DataFrame]


def learn_scores(frame: pd.DataFrame, features: FeatureSet, recipe: Recipe) -> Scorer:
    """Fit a recipe, uncalibrated, and give what scores snapshots with it."""
    release = learn(frame, features, recipe)
    return lambda held_out: release.score(held_out)[_SCORES]


def families_of(features: FeatureSet) -> list[str]:
    """Name the families, in the order of the features; none where there is only one."""
    found = list(dict.fromkeys(f.family for f in features))
    return found if len(found) > 1 else []


def without(features: FeatureSet, family: str) -> FeatureSet:
    """Leave out a family, and what can then no longer be derived."""
    rest = of_tables(features).without([family])
    derivable = rest if family == FAMILY else with_derived(rest)
    known = set(features.names)
    return FeatureSet(tuple(f for f in derivable if f.name in known))


def changes(
    held_out: pd.DataFrame, a: pd.DataFrame, b: pd.DataFrame, seed: int
) -> dict[str, Interval]:
    """Give log loss, ROC AUC and normalised Gini of scores a less those of b, paired, 90 %.

    Parameters
    ----------
    held_out : DataFrame
        Labelled snapshots.
    a, b : DataFrame
        Their ``churn_probability`` and ``expected_value``.
    seed : int
    """
    outcome = held_out[["churned", "value"]].to_numpy(np.float64)
    first, second = (scores[_SCORES].to_numpy(np.float64) for scores in (a, b))
    return paired(_core, outcome, first, second, n=resamples(len(held_out)), seed=seed)


def ages_section(found: Refits) -> Section:
    """Say how the measures change with the age of a fit."""
    words = [
        "The same recipe, fitted as of earlier days and judged on the same newest customers: what "
        "a model loses that is not trained again. Refits are uncalibrated"
        + (f" and learn from {MOST_ROWS:,} snapshots at most" if found.capped else "")
        + ", so that they compare with each other.",
    ]
    old = [a for a in found.aged if a.change]
    if not old:
        words = ["The history is too short for a fit as of an earlier day to compare with."]
    columns = ("fitted as of", "days before", *_WORDS.values())
    rows = tuple(
        Row((str(a.known), f"{a.days:,}", *_cells(a.change)), _worse(a.change)) for a in old
    )
    lost = Table("Measured on the newest customers, less the newest fit", columns, rows)
    tables = ((lost,) if old else ()) + (_then(found.aged),)
    return Section("age", "By snapshot age", tuple(words), tables)


def ablation_section(found: Refits) -> Section:
    """Say what each family of features adds."""
    newest = ", the newest ones" if found.capped else ""
    words = (
        (
            "The recipe, refitted without one family at a time, less the recipe with all of them: "
            "a positive log loss is what the family saves. One whose loss is beyond chance is "
            "marked. Families share what they know: one that is not missed may still be used. A "
            "part of the recipe that reads its own columns (logistic regression, scaled past "
            "spend) is not touched by this."
        ),
        f"Each refit learnt from {found.snapshots:,} snapshots{newest}.",
    )
    columns = ("without", "features", *_WORDS.values())
    rows = tuple(
        Row((a.family.replace("_", " "), str(a.features), *_cells(a.change)), _worse(a.change))
        for a in found.ablated
    )
    if not rows:
        return Section("ablation", "What each family adds", ("There is one family only.",))
    return Section("ablation", "What each family adds", words, (Table("Families", columns, rows),))


def _then(aged: Sequence[Aged]) -> Table:
    rows = [
        (
            str(a.known),
            figure(a.then["roc_auc"]),
            figure(a.then["log_loss"]),
            figure(a.then["normalised_gini"]),
            percent(a.then["observed"]),
            percent(a.then["expected"]),
        )
        for a in sorted(aged, key=lambda a: a.known)
    ]
    columns = ("cutoff", "ROC AUC", "log loss", "norm. Gini", "left", "expected")
    return Table("Each fit on the first cutoff it had not seen", columns, plain_rows(rows))


def _cells(found: Mapping[str, Interval]) -> list[str]:
    return [change(found[name]) for name in _WORDS]


def _worse(found: Mapping[str, Interval]) -> bool:
    said = [verdict(found[name], lower=name == "log_loss") for name in _WORDS]
    return WORSE in said


def _aged(past: History, score: Scorer, known: date, fresh: pd.DataFrame, seed: int) -> Aged:
    then, newest = past.panel.read([known]), past.newest()
    days = (past.roles.newest - known).days
    lost = changes(newest, score(newest), fresh, seed)
    return Aged(known, days, _measures(then, score(then)), lost)


def _scores(
    frame: pd.DataFrame, features: FeatureSet, recipe: Recipe, held_out: pd.DataFrame
) -> pd.DataFrame:
    return learn_scores(frame, features, recipe)(held_out)


def _measures(held_out: pd.DataFrame, scores: pd.DataFrame) -> dict[str, float]:
    outcome = held_out[["churned", "value"]].to_numpy(np.float64)
    shares = {"observed": float(outcome[:, 0].mean())}
    shares["expected"] = float(scores["churn_probability"].mean())
    return {**_core(outcome, scores[_SCORES].to_numpy(np.float64)), **shares}


def _core(outcome: Floats, scores: Floats) -> dict[str, float]:
    return {
        "log_loss": log_loss(outcome[:, 0], scores[:, 0]),
        "roc_auc": roc_auc(outcome[:, 0], scores[:, 0]),
        "normalised_gini": normalised_gini(outcome[:, 1], scores[:, 1]),
    }


def _capped(past: History, newest_first: Sequence[date]) -> list[date]:
    """Take the newest cutoffs that together hold few enough snapshots; one at least."""
    taken: list[date] = []
    rows = 0
    for cutoff in newest_first:
        rows += past.panel.outcomes([cutoff]).snapshots
        if taken and rows > MOST_ROWS:
            break
        taken.append(cutoff)
    return taken
