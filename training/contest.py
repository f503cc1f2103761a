"""Two versions beside each other: both recipes on the same snapshots, which neither has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.errors import InputError
from models.bundle import Bundle, check_features
from models.matrix import Floats
from models.release import Release
from training.assess import UNMEASURED
from training.bootstrap import Interval, intervals
from training.crossed import cross_fit, stratified
from training.evaluate import log_bias, resamples
from training.history import History
from training.measures import churn_measures, value_measures
from training.report import BETTER, CHANCE, WORSE, verdict
from training.report_measures import CHURN, VALUE
from training.train import refit

LOWER_IS_BETTER = {
    "roc_auc": False,
    "pr_auc": False,
    "brier": True,
    "log_loss": True,
    "ece": True,
    "top_decile_lift": False,
    "empc": False,
    "normalised_gini": False,
    "spearman": False,
    "decile_mape": True,
    "log_bias": True,
    "top_decile_capture": False,
}
"""The measures compared, those of churn first, and their direction."""

NAMES = {**CHURN, **VALUE, "log_bias": "|log bias|"}

_FIRST, _SECOND, _CHANGE = "first", "second", "change"


@dataclass(frozen=True)
class Contest:
    """Two recipes on the same snapshots, with 90 % intervals.

    Parameters
    ----------
    words : str
        On which snapshots.
    rows : int
        How many there are.
    first, second : mapping of str to Interval
        The measures of each.
    change : mapping of str to Interval
        Second less first, paired.
    """

    words: str
    rows: int
    first: Mapping[str, Interval]
    second: Mapping[str, Interval]
    change: Mapping[str, Interval]

    def verdicts(self) -> dict[str, str]:
        """Say of each measure what the second is beside the first."""
        return {m: verdict(c, lower=LOWER_IS_BETTER[m]) for m, c in self.change.items()}

    def summary(self, first: str, second: str) -> str:
        """Say in a sentence which of the two is better.

        Parameters
        ----------
        first, second : str
            What they are called.
        """
        said = self.verdicts()
        better = [NAMES[m] for m, word in said.items() if word == BETTER]
        worse = [NAMES[m] for m, word in said.items() if word == WORSE]
        if set(said.values()) == {CHANCE}:
            return f"{second} and {first} differ within chance only"
        parts = [f"better than {first} in {', '.join(better)}"] if better else []
        parts += [f"worse than {first} in {', '.join(worse)}"] if worse else []
        return f"{second} is {' and '.join(parts)}; the rest is within chance"


def contest(pasts: tuple[History, History], bundles: tuple[Bundle, Bundle], seed: int) -> Contest:
    """Fit both recipes on what was known at t0, and judge them on the customers of t0.

    Parameters
    ----------
    pasts : tuple of History
        Of the same tables, cutoffs and target; the features of each bundle.
    bundles : tuple of Bundle
        Of equal definitions.
    seed : int
        Of the bootstrap.

    Raises
    ------
    InputError
        When no cutoff can be held out.
    BundleError
        When the tables no longer give the features of one of them.
    """
    for past, bundle in zip(pasts, bundles, strict=True):
        check_features(bundle, past.panel.features)
    first = _refitted(pasts[0], bundles[0])
    second = first if _alike(*bundles) else _refitted(pasts[1], bundles[1])
    newest = [past.newest() for past in pasts]
    outcome = newest[0][["churned", "value"]].to_numpy(np.float64)
    scores = (_said(first.score(newest[0])), _said(second.score(newest[1])))
    return beside(f"customers of {pasts[0].roles.newest}", outcome, scores, seed)


def contest_flat(
    frames: tuple[pd.DataFrame, pd.DataFrame], bundles: tuple[Bundle, Bundle], seed: int
) -> Contest:
    """Judge both recipes out of fold, on the same folds of a flat file.

    Parameters
    ----------
    frames : tuple of DataFrame
        The same labelled rows, ordered by customer, with the features of each bundle.
    bundles : tuple of Bundle
        Of equal definitions.
    seed : int
        Of the folds and of the bootstrap.
    """
    churned = frames[0]["churned"].to_numpy(np.float64)
    fold = stratified(churned, seed)
    said = [
        cross_fit(frame.assign(value=0.0), fold, bundle.features, bundle.recipe)
        for frame, bundle in zip(frames, bundles, strict=True)
    ]
    scores = (said[0][:, None], said[1][:, None])
    return beside("labelled rows, out of fold", churned[:, None], scores, seed)


def beside(words: str, outcome: Floats, scores: tuple[Floats, Floats], seed: int) -> Contest:
    """Measure two methods' scores of the same snapshots, and the paired differences.

    Parameters
    ----------
    words : str
        On which snapshots.
    outcome : ndarray of shape (rows, 1) or (rows, 2)
        Who left and, where values are predicted, what each was worth.
    scores : tuple of ndarray of the same shape
        Churn probabilities and expected values of each.
    seed : int
        Of the bootstrap.
    """

    def judge(actual: Floats, a: Floats, b: Floats) -> dict[str, float]:
        ours, theirs = _measures(actual, a), _measures(actual, b)
        change = {m: theirs[m] - ours[m] for m in ours}
        parts = {_FIRST: ours, _SECOND: theirs, _CHANGE: change}
        return {f"{part} {m}": value for part, of in parts.items() for m, value in of.items()}

    rows = len(outcome)
    found = intervals(judge, (outcome, *scores), n=resamples(rows), seed=seed)
    first, second, change = (_part(found, part) for part in (_FIRST, _SECOND, _CHANGE))
    return Contest(words, rows, first, second, change)


def _part(found: Mapping[str, Interval], part: str) -> dict[str, Interval]:
    return {k.removeprefix(f"{part} "): v for k, v in found.items() if k.startswith(f"{part} ")}


def _measures(outcome: Floats, said: Floats) -> dict[str, float]:
    made = churn_measures(outcome[:, 0], said[:, 0])
    if outcome.shape[1] > 1:
        made |= value_measures(outcome[:, 1], said[:, 1])
        made["log_bias"] = log_bias(outcome[:, 1], said[:, 1])
    return {measure: made[measure] for measure in LOWER_IS_BETTER if measure in made}


def _said(scores: pd.DataFrame) -> Floats:
    return scores[["churn_probability", "expected_value"]].to_numpy(np.float64)


def _alike(a: Bundle, b: Bundle) -> bool:
    return a.recipe == b.recipe and a.features.hash == b.features.hash and a.families == b.families


def _refitted(past: History, bundle: Bundle) -> Release:
    made = refit(past, bundle.features, bundle.recipe)
    if made is None:
        raise InputError(UNMEASURED)
    return made
