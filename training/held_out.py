"""Predictions of snapshots that a model has not learnt from, beside what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models import purchase
from models.matrix import Floats
from models.release import Release, mixture
from models.value import ratio
from models.wallet import hashes

_BIT = 8
"""Of a customer's number, which tells their half: another one than tells their fold elsewhere."""


@dataclass(frozen=True)
class HeldOut:
    """Uncalibrated predictions of snapshots that the model was not fitted on.

    Parameters
    ----------
    churned, probability, value, retained, lost : ndarray of shape (rows,)
        Outcome and prediction of both targets; ``retained`` predicts E[value | retained], ``lost``
        E[value | churned].
    bought, buying : ndarray of shape (rows,)
        Whether something was bought in the next 30 days, NaN where that is not known, and its
        probability, NaN where it is not predicted.
    half : ndarray of shape (rows,)
        True or false at random, the same in all snapshots of a customer.
    cutoff : ndarray of shape (rows,)
        In days; NaT of what has no time.
    """

    churned: Floats
    probability: Floats
    value: Floats
    retained: Floats
    lost: Floats
    bought: Floats
    buying: Floats
    half: NDArray[np.bool_]
    cutoff: NDArray[np.datetime64]

    @property
    def expected(self) -> Floats:
        """The mixture of both values."""
        return mixture(self.probability, self.retained, self.lost)

    @property
    def factor(self) -> float:
        """The actual total of those who stayed over the predicted one."""
        stayed = self.churned == 0
        return ratio(self.value[stayed], self.retained[stayed])


def together(parts: Sequence[HeldOut]) -> HeldOut:
    """Put held-out predictions one after the other."""
    names = [field.name for field in fields(HeldOut)]
    return HeldOut(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def predict(release: Release, frame: pd.DataFrame) -> HeldOut:
    """Predict snapshots without calibration, beside their outcomes."""
    frame = release.completed(frame)
    matrix = release.encoder.matrix(frame)
    probability, unknown = release.churn.raw(frame, matrix), np.full(len(frame), np.nan)
    return HeldOut(
        frame["churned"].to_numpy(np.float64),
        probability,
        frame["value"].to_numpy(np.float64),
        release.retained.predict(frame, matrix),
        release.churned.predict(frame, matrix),
        frame[purchase.LABEL].to_numpy(np.float64) if purchase.LABEL in frame else unknown,
        release.purchase.raw(matrix, probability) if release.purchase else unknown,
        (hashes(frame["customer_id"]) >> _BIT) % 2 == 1,
        _days(frame),
    )


def _days(frame: pd.DataFrame) -> NDArray[np.datetime64]:
    if "cutoff" not in frame:
        return np.full(len(frame), np.datetime64("NaT"), dtype="datetime64[D]")
    return frame["cutoff"].to_numpy().astype("datetime64[D]")
