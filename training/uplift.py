"""Choosing how an action's effect is estimated: by a learner, or by its mean, or not at all.

Everything is judged out of fold by customer. A learner is used only where it surely ranks better
than chance; else the effect is taken to be the mean of all; and where that cannot be told from
none, it is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from models.matrix import Encoder, Floats
from models.uplift import Estimate
from models.uplift_learners import LEARNERS, Experiment, fit, fits
from training.bootstrap import standard_errors
from training.measures_uplift import Estimated, mean_effect, ranking_measures

FOLDS = 5

ERROR = 0.05
"""Chance to find an effect of any of the actions where none has one."""

_RESAMPLES = 100

_STEEPEST = 3.0
"""A slope beyond this is luck, not the shyness of small trees."""

Verdict = Literal["target", "treat", "harms", "none"]


@dataclass(frozen=True)
class Judged:
    """What an experiment shows, out of fold.

    Parameters
    ----------
    mean : Estimated
        The mean effect, in the unit of the outcome, with what other actions' experiments tell of it
        where there are such.
    own : Estimated
        The mean effect by this experiment alone.
    said : mapping of str to ndarray of shape (rows,)
        Each learner's estimate of each row by a fit that has not seen its customer.
    scores : mapping of str to mapping of str to float
        How well each learner ranks; see :func:`training.measures_uplift.ranking_measures`.
    chosen : str
        The learner that ranks best.
    ranking : mapping of str to Estimated
        How well that one does.
    slope : float
        By how much the observed effect rises with the chosen learner's: small trees say too little.
    actions : int
        How many are judged together.
    """

    mean: Estimated
    own: Estimated
    said: Mapping[str, Floats]
    scores: Mapping[str, Mapping[str, float]]
    chosen: str
    ranking: Mapping[str, Estimated]
    slope: float
    actions: int

    @property
    def width(self) -> float:
        """Standard errors on either side of the mean that make its interval.

        Of one alone, though several are judged: :func:`training.pooled.pooled` draws effects that
        luck has moved apart together again.
        """
        return width(1)

    @property
    def best_width(self) -> float:
        """The same for the best of the learners of an action, which luck had a hand in choosing."""
        return width(self.actions * len(self.scores))

    @property
    def calibrated(self) -> Floats:
        """The chosen learner's estimate of each row, on the scale of what was observed."""
        said = self.said[self.chosen]
        return np.asarray(self.mean.estimate + self.slope * (said - said.mean()))

    @property
    def main(self) -> Estimated:
        """The measure that decides: the Qini coefficient, or the gain."""
        return next(iter(self.ranking.values()))

    @property
    def verdict(self) -> Verdict:
        """What follows: target by score, treat all who pay off, leave alone, or no effect."""
        low, high = self.mean.interval(self.width)
        if self.main.interval(self.best_width)[0] > 0:
            return "target"
        if low > 0:
            return "treat"
        return "harms" if high < 0 else "none"


def width(judged: int) -> float:
    """Give the half-width of an interval, in standard errors.

    Parameters
    ----------
    judged : int
        How many are judged: the more, the likelier one of them shines by chance, and the wider
        each interval (Bonferroni).
    """
    return NormalDist().inv_cdf(1 - ERROR / (2 * judged))


def judge(given: Experiment, encoder: Encoder, seed: int, actions: int = 1) -> Judged:
    """Estimate out of fold with every learner, and see which ranks best and whether it is sure.

    Parameters
    ----------
    given : Experiment
    encoder : Encoder
        Names the columns of the matrix.
    seed : int
    actions : int
        How many are judged together.
    """
    said = out_of_fold(LEARNERS, given, encoder, seed)
    scores = {kind: ranking(given, estimate) for kind, estimate in said.items()}
    chosen = max(scores, key=lambda kind: next(iter(scores[kind].values())))
    mean = mean_effect(given.outcome, given.treated, given.propensity, given.customers)
    best = said[chosen]
    return Judged(
        mean, mean, said, scores, chosen, ranked(given, best, seed), slope(given, best), actions
    )


def out_of_fold(
    kinds: Iterable[str], given: Experiment, encoder: Encoder, seed: int
) -> dict[str, Floats]:
    """Estimate each row by fits to the other folds' customers: by learner, shape (rows,)."""
    fold = given.folds(FOLDS)
    found = {kind: np.empty(len(given)) for kind in kinds}
    for number in range(FOLDS):
        own = fold == number
        for kind, fitted in fits(found, given.part(~own), encoder, seed).items():
            found[kind][own] = fitted.predict(given.matrix[own])
    return found


def ranking(given: Experiment, estimate: Floats) -> dict[str, float]:
    """Measure how well an estimate ranks the customers of an experiment."""
    return ranking_measures(given.outcome, estimate, given.treated, evened(given))


def ranked(given: Experiment, estimate: Floats, seed: int) -> dict[str, Estimated]:
    """Measure how well an estimate ranks, with bootstrap standard errors."""
    columns = (given.outcome, estimate, given.treated, evened(given))
    errors = standard_errors(
        ranking_measures, columns, n=_RESAMPLES, seed=seed, customers=given.customers
    )
    return {name: Estimated(v, errors[name]) for name, v in ranking(given, estimate).items()}


def estimated(given: Experiment, judged: Judged, encoder: Encoder, seed: int) -> Estimate:
    """Fit what the verdict asks for on the whole experiment."""
    if judged.verdict == "target":
        raw = fit(judged.chosen, given, encoder, seed)
        level = judged.mean.estimate - judged.slope * float(raw.predict(given.matrix).mean())
        return Estimate(level, tuple((judged.slope * weight, b) for weight, b in raw.terms))
    return Estimate(0.0) if judged.verdict == "none" else _alike(given, judged.mean.estimate)


def _alike(given: Experiment, mean: float) -> Estimate:
    """Let a mean effect be in proportion to what is expected anyway: nobody keeps who has left."""
    if given.expected is None or not given.expected.mean() > 0:
        return Estimate(mean)
    return Estimate(0.0, share=mean / float(given.expected.mean()))


def slope(given: Experiment, estimate: Floats) -> float:
    """Regress the effect on an estimate of it that has not seen the rows; within [0, 3].

    Notes
    -----
    The best linear predictor of Chernozhukov, Demirer, Duflo & Fernández-Val (2018).
    """
    t, e, y = given.treated, given.propensity, given.outcome
    score = (t - e) / (e * (1 - e)) * (y - y.mean())
    centred = estimate - estimate.mean()
    spread = float(centred @ centred)
    return float(np.clip(score @ centred / spread, 0, _STEEPEST)) if spread else 1.0


def evened(given: Experiment) -> Floats:
    """Weight rows so that every campaign has treated the same share; mean 1 in each arm."""
    t, e = given.treated, given.propensity
    share = float(t.mean())
    return np.asarray(t * share / e + (1 - t) * (1 - share) / (1 - e))
