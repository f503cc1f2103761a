"""The next purchase: whether it falls into the next 30 days, and when it is to be expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np

from models import booster, calibration
from models.calibration import Calibration
from models.churn import OBJECTIVE
from models.matrix import Encoder, Floats
from models.recipe import Recipe
from models.stored import Frame

LABEL = "bought_30d"
DAYS = 30
"""Days from the cutoff on that the label looks ahead."""

LONGEST = 730
"""Days beyond which no purchase is expected at any date."""

_ROUNDS = 150
_FEWEST = 100
"""Snapshots of each outcome that a model needs."""

_FILE = "next_purchase.txt"

PACE = "purchase_gap_mean"
"""The feature that tells a customer's own pace."""

_NO_PACE = 1e6
"""Days between purchases of whom no pace is known: any of the next days is as good."""


@dataclass(frozen=True)
class PurchaseModel:
    """Probability of a purchase in the 30 days from the cutoff on.

    Parameters
    ----------
    estimator : lightgbm.Booster or None
        None where a purchase in these days is what staying means: the probability then is that of
        staying.
    within : bool
        Whether nobody who left bought in these days, so that a purchase is never more likely than
        staying.
    calibration : Calibration
        Fitted on held-out predictions.
    """

    estimator: lgb.Booster | None
    within: bool
    calibration: Calibration = Calibration()

    def raw(self, matrix: Floats, p: Floats, threads: int = 0) -> Floats:
        """Give uncalibrated probabilities.

        Parameters
        ----------
        matrix : ndarray of shape (rows, features)
        p : ndarray of shape (rows,)
            Churn probabilities.
        threads : int
            0: as many as there are.
        """
        if self.estimator is None:
            return 1 - p
        return np.asarray(self.estimator.predict(matrix, num_threads=threads))

    def predict(self, matrix: Floats, p: Floats, threads: int = 0) -> Floats:
        """Give probabilities, shape (rows,), strictly between 0 and 1."""
        found = self.calibration.apply(self.raw(matrix, p, threads))
        return np.minimum(found, 1 - p) if self.within else found

    def calibrated(self, outcome: Floats, probability: Floats) -> PurchaseModel:
        """Calibrate on held-out predictions; what is not known is NaN."""
        # A fold with too few purchases has no prediction of them.
        known = ~np.isnan(outcome) & ~np.isnan(probability)
        if self.estimator is None or not known.any():
            return self
        fitted = calibration.fit("sigmoid", outcome[known], probability[known])
        return replace(self, calibration=fitted)

    def to_files(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Give JSON types, and texts by file name."""
        fields = {"within": self.within, "calibration": self.calibration.to_dict()}
        if self.estimator is None:
            return fields, {}
        return {**fields, "booster": _FILE}, {_FILE: booster.to_text(self.estimator)}

    @classmethod
    def from_files(cls, fields: Mapping[str, Any], texts: Mapping[str, str]) -> PurchaseModel:
        """Read what :meth:`to_files` gave."""
        estimator = booster.from_text(texts[fields["booster"]]) if "booster" in fields else None
        return cls(estimator, fields["within"], Calibration.from_dict(fields["calibration"]))


def fit(frame: Frame, encoder: Encoder, recipe: Recipe) -> PurchaseModel | None:
    """Fit, uncalibrated, on the snapshots whose 30 days have ended.

    Parameters
    ----------
    frame : DataFrame or Stored
        Snapshots with ``churned`` and, where anything is bought, ``bought_30d``: 1, 0 or, where it
        is not known yet, NaN.
    encoder : Encoder
    recipe : Recipe
        Whose parameters of the churn model hold here, too.

    Returns
    -------
    PurchaseModel or None
        None where nothing is bought, or too few snapshots tell.
    """
    if LABEL not in frame or not recipe.churn_parameters:
        return None
    known = frame[frame[LABEL].notna()]
    if len(known) == 0:
        return None
    bought, churned = (known[c].to_numpy(np.float64) for c in (LABEL, "churned"))
    if np.array_equal(bought, 1 - churned):
        return PurchaseModel(None, within=True)
    if min(bought.sum(), len(bought) - bought.sum()) < _FEWEST:
        return None
    design = booster.Design(encoder.encode(known), bought)
    parameters = {**recipe.churn_parameters, **OBJECTIVE}
    fitted = booster.train(design, encoder, parameters, _ROUNDS, recipe.seed)
    return PurchaseModel(fitted, within=not np.any(bought * churned))


def expected_days(probability: Floats, gap: Floats) -> Floats:
    """Give the days within which a purchase is as likely as not.

    Parameters
    ----------
    probability : ndarray of shape (rows,)
        Of a purchase in the next 30 days, given what is known today: above all that there was none
        since the last one.
    gap : ndarray of shape (rows,)
        Usual days between the customer's purchases; NaN where there was one only.

    Returns
    -------
    ndarray of shape (rows,)
        They fall as the probability rises: up to 30 days at the customer's own pace, beyond them
        at the rate of these 30. NaN beyond :data:`LONGEST`.
    """
    p = calibration.clip(probability)
    # Purchases are days: none is less than one after another.
    pace = np.maximum(np.nan_to_num(gap, nan=_NO_PACE), 1.0)
    likely = np.maximum(p, 0.5)
    soon = -pace * np.log1p(np.expm1(-DAYS / pace) * 0.5 / likely)
    days = np.where(p > 0.5, soon, -DAYS * np.log(2) / np.log1p(-p))  # noqa: PLR2004 - half
    return np.where(days <= LONGEST, days, np.nan)
