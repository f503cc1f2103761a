"""The churn model: boosted trees, the logistic baseline or their average, and its calibration.

Kinds: ``"lightgbm"`` are small trees, ``"extra_trees"`` larger ones whose thresholds are drawn at
random (Geurts, Ernst & Wehenkel 2006), ``"average"`` is both, and ``"blend"`` logistic RFM besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from models import booster
from models.average import Average, Member, contributions
from models.baselines import LogisticRFM
from models.calibration import Calibration
from models.logistic import Logistic
from models.matrix import Encoder, Floats, every
from models.recipe import Recipe
from models.space import Trial, trees
from models.stored import Frame

OBJECTIVE = {"objective": "binary"}

MEMBERS: Mapping[str, tuple[str, ...]] = {
    "lightgbm": ("lightgbm",),
    "extra_trees": ("extra_trees",),
    "average": ("lightgbm", "extra_trees"),
    "blend": ("lightgbm", "extra_trees", "logistic_rfm"),
    "logistic_rfm": ("logistic_rfm",),
}
"""What each kind averages."""

RISING = ("complaints_open", "complaints_open_share")
"""More of these never lowers the risk, other things equal: a complaint that nobody has answered
binds nobody, and few customers have enough of them for the trees to find that out."""

_LARGER = 2
_FEWER = 0.6


@dataclass(frozen=True)
class ChurnModel:
    """Probability to leave within the horizon.

    Parameters
    ----------
    estimator : lightgbm.Booster, LogisticRFM, Average or Logistic
    calibration : Calibration
        Fitted on held-out predictions of the same recipe.
    """

    estimator: Member | Average | Logistic
    calibration: Calibration = Calibration()

    @property
    def reads_columns(self) -> bool:
        """Whether it reads named columns beside the matrix."""
        if isinstance(self.estimator, Average):
            return self.estimator.reads_columns
        return isinstance(self.estimator, LogisticRFM)

    def raw(self, frame: pd.DataFrame, matrix: Floats, threads: int = 0) -> Floats:
        """Give uncalibrated probabilities, shape (rows,).

        Parameters
        ----------
        frame : DataFrame
            Snapshots with their features.
        matrix : ndarray of shape (rows, features)
            The same snapshots, encoded.
        threads : int
            0: as many as there are.
        """
        if isinstance(self.estimator, LogisticRFM):
            return self.estimator.predict(frame)
        if isinstance(self.estimator, Logistic):
            return self.estimator.predict(matrix)
        if isinstance(self.estimator, Average):
            return self.estimator.predict(frame, matrix, threads)
        return np.asarray(self.estimator.predict(matrix, num_threads=threads))

    def predict(self, frame: pd.DataFrame, matrix: Floats, threads: int = 0) -> Floats:
        """Give calibrated probabilities, shape (rows,), strictly between 0 and 1."""
        return self.calibration.apply(self.raw(frame, matrix, threads))

    def contributions(
        self, frame: pd.DataFrame, matrix: Floats, threads: int = 0
    ) -> tuple[list[str], Floats]:
        """Give what each feature adds to the log odds: names, and shape (rows, features)."""
        if isinstance(self.estimator, Logistic):
            return self.estimator.contributions(matrix)
        if isinstance(self.estimator, Average):
            return self.estimator.contributions(frame, matrix, threads)
        names, shares = contributions(self.estimator, frame, matrix, threads)
        return list(names), shares

    def calibrated(self, calibration: Calibration) -> ChurnModel:
        """Give the same model with another calibration."""
        return ChurnModel(self.estimator, calibration)

    def to_files(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Give JSON types, and texts by file name."""
        fields: dict[str, Any] = {"calibration": self.calibration.to_dict()}
        if isinstance(self.estimator, Logistic):
            return {**fields, "logistic": self.estimator.to_dict()}, {}
        own = self.estimator
        members = own.members if isinstance(own, Average) else (own,)
        boosters = [m for m in members if isinstance(m, lgb.Booster)]
        texts = {f"churn_{n}.txt": booster.to_text(b) for n, b in enumerate(boosters, 1)}
        plain = [m.to_dict() for m in members if isinstance(m, LogisticRFM)]
        return {**fields, "boosters": list(texts), "logistic_rfm": plain}, texts

    @classmethod
    def from_files(cls, fields: Mapping[str, Any], texts: Mapping[str, str]) -> ChurnModel:
        """Read what :meth:`to_files` gave."""
        calibration = Calibration.from_dict(fields["calibration"])
        if "logistic" in fields:
            return cls(Logistic.from_dict(fields["logistic"]), calibration)
        boosters = [booster.from_text(texts[file]) for file in fields["boosters"]]
        plain = [LogisticRFM.from_dict(one) for one in fields["logistic_rfm"]]
        return cls(_together([*boosters, *plain]), calibration)


def space(trial: Trial) -> dict[str, Any]:
    """Propose LightGBM parameters of the churn model, to be put over the default ones."""
    return {**trees(trial), "path_smooth": trial.suggest_float("path_smooth", 0.0, 50.0)}


def fit(
    frame: Frame,
    encoder: Encoder,
    recipe: Recipe,
    held_out: Frame | None = None,
) -> ChurnModel:
    """Fit, uncalibrated, on snapshots with a ``churned`` column of 0 and 1.

    Parameters
    ----------
    frame : DataFrame or Stored
    encoder : Encoder
    recipe : Recipe
    held_out : DataFrame or Stored, optional
        Snapshots that tell when to stop; without them the recipe's tree counts hold.
    """
    outcome = frame["churned"].to_numpy(np.float64)
    if recipe.churn == "logistic_rfm":
        return ChurnModel(LogisticRFM.fit(frame, outcome))
    weight = booster.recency_weights(frame, recipe.half_life)
    design = booster.Design(encoder.encode(frame), outcome, weight)
    if recipe.churn == "logistic":
        return ChurnModel(Logistic.fit(encoder, every(design.matrix, 0, 1), outcome))
    watched = None if held_out is None else _design(held_out, encoder)
    members: list[Member] = []
    for kind in MEMBERS[recipe.churn]:
        if kind == "logistic_rfm":
            members.append(LogisticRFM.fit(frame, outcome))
        else:
            members += _boosters(kind, design, watched, encoder, recipe)
    return ChurnModel(_together(members))


def averaged(models: Sequence[ChurnModel]) -> ChurnModel:
    """Average uncalibrated models; a single one stays as it is."""
    first, *rest = models
    if not rest:
        return first
    single = [m.estimator for m in models if isinstance(m.estimator, lgb.Booster | LogisticRFM)]
    return ChurnModel(_together(single))


def rounds_of(model: ChurnModel) -> int:
    """Count the trees of a model that is one booster; 0 where it is anything else."""
    single = isinstance(model.estimator, lgb.Booster)
    return model.estimator.current_iteration() if single else 0  # type: ignore[union-attr]


def _boosters(
    kind: str,
    design: booster.Design,
    watched: booster.Design | None,
    encoder: Encoder,
    recipe: Recipe,
) -> list[lgb.Booster]:
    """Fit a kind of booster, as often as the recipe has seeds."""
    settings = _parameters(kind, encoder, recipe)
    rounds = recipe.churn_rounds if kind == "lightgbm" else recipe.extra_rounds
    seeds = range(recipe.seed, recipe.seed + recipe.seeds)
    if watched is None:
        return [booster.train(design, encoder, settings, rounds, seed) for seed in seeds]
    return [booster.train_until(design, watched, encoder, settings, rounds, seed) for seed in seeds]


def _parameters(kind: str, encoder: Encoder, recipe: Recipe) -> dict[str, Any]:
    found = {**recipe.churn_parameters, **OBJECTIVE}
    rising = [int(f.name in RISING) for f in encoder.features]
    if any(rising):
        found["monotone_constraints"] = rising
    if kind == "extra_trees":
        # A random threshold fits less, so that a tree may be larger, and sees fewer features.
        found["extra_trees"] = True
        found["num_leaves"] = _LARGER * int(found.get("num_leaves", 31)) + 1
        found["feature_fraction"] = _FEWER * float(found.get("feature_fraction", 1.0))
    return found


def _together(members: list[Member]) -> Member | Average:
    return members[0] if len(members) == 1 else Average(tuple(members))


def _design(frame: Frame, encoder: Encoder) -> booster.Design:
    return booster.Design(encoder.encode(frame), frame["churned"].to_numpy(np.float64))
