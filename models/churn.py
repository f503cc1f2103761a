"""The churn model: a booster or the logistic baseline, and its calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from models import booster
from models.baselines import LogisticRFM
from models.calibration import Calibration
from models.logistic import Logistic
from models.matrix import Encoder, Floats
from models.recipe import Recipe

OBJECTIVE = {"objective": "binary"}


@dataclass(frozen=True)
class ChurnModel:
    """Probability to leave within the horizon.

    Parameters
    ----------
    estimator : lightgbm.Booster, LogisticRFM or Logistic
    calibration : Calibration
        Fitted on held-out predictions of the same recipe.
    """

    estimator: lgb.Booster | LogisticRFM | Logistic
    calibration: Calibration = Calibration()

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
        return np.asarray(self.estimator.predict(matrix, num_threads=threads))

    def predict(self, frame: pd.DataFrame, matrix: Floats, threads: int = 0) -> Floats:
        """Give calibrated probabilities, shape (rows,), strictly between 0 and 1."""
        return self.calibration.apply(self.raw(frame, matrix, threads))

    def contributions(
        self, frame: pd.DataFrame, matrix: Floats, threads: int = 0
    ) -> tuple[list[str], Floats]:
        """Give what each feature adds to the log odds: names, and shape (rows, features)."""
        if isinstance(self.estimator, LogisticRFM):
            return list(self.estimator.columns), self.estimator.contributions(frame)
        if isinstance(self.estimator, Logistic):
            return self.estimator.contributions(matrix)
        shares = np.asarray(self.estimator.predict(matrix, pred_contrib=True, num_threads=threads))
        return self.estimator.feature_name(), shares[:, :-1]

    def calibrated(self, calibration: Calibration) -> ChurnModel:
        """Give the same model with another calibration."""
        return ChurnModel(self.estimator, calibration)

    def to_files(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Give JSON types, and texts by file name."""
        fields: dict[str, Any] = {"calibration": self.calibration.to_dict()}
        if isinstance(self.estimator, LogisticRFM):
            return {**fields, "logistic_rfm": self.estimator.to_dict()}, {}
        if isinstance(self.estimator, Logistic):
            return {**fields, "logistic": self.estimator.to_dict()}, {}
        return {**fields, "booster": "churn.txt"}, {"churn.txt": booster.to_text(self.estimator)}

    @classmethod
    def from_files(cls, fields: Mapping[str, Any], texts: Mapping[str, str]) -> ChurnModel:
        """Read what :meth:`to_files` gave."""
        calibration = Calibration.from_dict(fields["calibration"])
        if "logistic_rfm" in fields:
            return cls(LogisticRFM.from_dict(fields["logistic_rfm"]), calibration)
        if "logistic" in fields:
            return cls(Logistic.from_dict(fields["logistic"]), calibration)
        return cls(booster.from_text(texts[fields["booster"]]), calibration)


def fit(
    frame: pd.DataFrame,
    encoder: Encoder,
    recipe: Recipe,
    held_out: pd.DataFrame | None = None,
) -> ChurnModel:
    """Fit, uncalibrated, on snapshots with a ``churned`` column of 0 and 1.

    Parameters
    ----------
    frame : DataFrame
    encoder : Encoder
    recipe : Recipe
    held_out : DataFrame, optional
        Snapshots that tell when to stop; without them the recipe's tree count holds.
    """
    if recipe.churn == "logistic_rfm":
        return ChurnModel(LogisticRFM.fit(frame, frame["churned"].to_numpy(np.float64)))
    design = _design(frame, encoder)
    if recipe.churn == "logistic":
        return ChurnModel(Logistic.fit(encoder, design.matrix, design.outcome))
    parameters = {**recipe.churn_parameters, **OBJECTIVE}
    if held_out is None:
        fitted = booster.train(design, encoder, parameters, recipe.churn_rounds, recipe.seed)
    else:
        watched = _design(held_out, encoder)
        fitted = booster.train_until(
            design, watched, encoder, parameters, recipe.churn_rounds, recipe.seed
        )
    return ChurnModel(fitted)


def _design(frame: pd.DataFrame, encoder: Encoder) -> booster.Design:
    return booster.Design(encoder.matrix(frame), frame["churned"].to_numpy(np.float64))
