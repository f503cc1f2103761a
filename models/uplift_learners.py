"""Learners of effects that differ between customers, from an experiment.

``"t"``: a booster an arm, and their difference. ``"x"``: each arm's effects, imputed with the other
arm's booster, and boosters of those (Künzel, Sekhon, Bickel & Yu 2019). ``"dr"``: a booster of
doubly robust scores, whose nuisances have not seen the row (Kennedy 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models import booster
from models.matrix import Encoder, Floats
from models.uplift import Estimate

ROUNDS = 30
"""Few and small trees: an effect is small beside what the outcome varies by itself."""

_CROSSED = 2
"""Parts of the customers, each of which has the other's nuisances in the doubly robust scores."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Experiment:
    """Customers whose arm was drawn at random, and an outcome.

    Parameters
    ----------
    matrix : ndarray of shape (rows, features)
    outcome : ndarray of shape (rows,)
        More is better.
    treated : ndarray of shape (rows,)
        1 treated, 0 control.
    propensity : ndarray of shape (rows,)
        Probability to have been treated, within (0, 1).
    customers : ndarray of shape (rows,)
        Who each row is.
    expected : ndarray of shape (rows,) or None
        The outcome that was expected of each, left alone; None where nothing was.
    """

    matrix: Floats
    outcome: Floats
    treated: Floats
    propensity: Floats
    customers: NDArray[Any]
    expected: Floats | None = None

    def __len__(self) -> int:
        return len(self.outcome)

    def part(self, rows: Mask) -> Experiment:
        """Take some of the rows."""
        return Experiment(
            self.matrix[rows],
            self.outcome[rows],
            self.treated[rows],
            self.propensity[rows],
            self.customers[rows],
            None if self.expected is None else self.expected[rows],
        )

    def folds(self, count: int) -> NDArray[np.intp]:
        """Deal the customers out, each with all rows, whatever their order: the fold of each."""
        return np.unique(self.customers, return_inverse=True)[1] % count


def parameters(rows: int) -> dict[str, Any]:
    """Give LightGBM's parameters of all boosters here.

    Parameters
    ----------
    rows : int
        Of the experiment; a leaf holds 1 in 100 of them, 20 to 200.
    """
    return {
        "objective": "regression",
        "learning_rate": 0.05,
        "num_leaves": 4,
        "max_bin": 63,
        "min_data_in_leaf": min(200, max(20, rows // 100)),
        "feature_fraction": 0.7,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
    }


@dataclass(frozen=True)
class _Workbench:
    """Fits boosters on rows of an experiment."""

    given: Experiment
    encoder: Encoder
    seed: int

    @cached_property
    def design(self) -> booster.Design:
        return booster.Design(self.given.matrix, self.given.outcome)

    def fit(self, outcome: Floats, rows: Mask) -> lgb.Booster:
        design = self.design.part(rows, outcome[rows])
        settings = parameters(len(self.given))
        return booster.train(design, self.encoder, settings, ROUNDS, self.seed)

    @cached_property
    def arms(self) -> tuple[lgb.Booster, lgb.Booster]:
        """The two boosters of all rows, which several learners begin with."""
        return self.arms_of(_all(self.given))

    def arms_of(self, rows: Mask) -> tuple[lgb.Booster, lgb.Booster]:
        """Fit the outcome of the control group, and of the treated."""
        control, treated = self.given.treated == 0, self.given.treated == 1
        outcome = self.given.outcome
        return self.fit(outcome, rows & control), self.fit(outcome, rows & treated)


def _t(bench: _Workbench) -> Estimate:
    control, treated = bench.arms
    return Estimate(0.0, ((1.0, treated), (-1.0, control)))


def _x(bench: _Workbench) -> Estimate:
    given = bench.given
    alone, offered = (_said(arm, given.matrix) for arm in bench.arms)
    is_treated = given.treated == 1
    imputed = np.where(is_treated, given.outcome - alone, offered - given.outcome)
    share = float(given.propensity.mean())
    # The arm with more rows imputes better, so that the other arm's effects count for more.
    return Estimate(
        0.0,
        (
            (share, bench.fit(imputed, ~is_treated)),
            (1 - share, bench.fit(imputed, is_treated)),
        ),
    )


def _dr(bench: _Workbench) -> Estimate:
    return Estimate(0.0, ((1.0, bench.fit(_doubly_robust(bench), _all(bench.given))),))


def _doubly_robust(bench: _Workbench) -> Floats:
    """Give each row a score whose mean, over any customers, is their mean effect."""
    given = bench.given
    alone, offered = np.empty(len(given)), np.empty(len(given))
    fold = given.folds(_CROSSED)
    for number in range(_CROSSED):
        own = fold == number
        arms = bench.arms_of(~own)
        alone[own], offered[own] = (_said(arm, given.matrix[own]) for arm in arms)
    t, e, y = given.treated, given.propensity, given.outcome
    return offered - alone + t * (y - offered) / e - (1 - t) * (y - alone) / (1 - e)


LEARNERS: dict[str, Callable[[_Workbench], Estimate]] = {"t": _t, "x": _x, "dr": _dr}
"""By name."""


def fit(kind: str, given: Experiment, encoder: Encoder, seed: int) -> Estimate:
    """Fit a learner.

    Parameters
    ----------
    kind : {"t", "x", "dr"}
    given : Experiment
        With customers of both arms.
    encoder : Encoder
        Names the columns of the matrix.
    seed : int
    """
    return fits([kind], given, encoder, seed)[kind]


def fits(
    kinds: Iterable[str], given: Experiment, encoder: Encoder, seed: int
) -> dict[str, Estimate]:
    """Fit several learners, each as :func:`fit` does; what they have in common is fitted once."""
    bench = _Workbench(given, encoder, seed)
    return {kind: LEARNERS[kind](bench) for kind in kinds}


def _all(given: Experiment) -> Mask:
    return np.ones(len(given), dtype=np.bool_)


def _said(fitted: lgb.Booster, matrix: Floats) -> Floats:
    return np.asarray(fitted.predict(matrix))
