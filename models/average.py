"""An average of churn models on the scale of the log odds, where what features add, adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from models.baselines import LogisticRFM
from models.calibration import logit, sigmoid
from models.matrix import Floats

Member = lgb.Booster | LogisticRFM


@dataclass(frozen=True)
class Average:
    """Models that are unlike enough for their errors to cancel out in part.

    Parameters
    ----------
    members : tuple of lightgbm.Booster or LogisticRFM
        At least one booster; each counts the same.
    """

    members: tuple[Member, ...]

    @property
    def reads_columns(self) -> bool:
        """Whether a member reads named columns beside the matrix."""
        return any(isinstance(m, LogisticRFM) for m in self.members)

    def predict(self, frame: pd.DataFrame, matrix: Floats, threads: int = 0) -> Floats:
        """Give churn probabilities, shape (rows,)."""
        odds = [_log_odds(m, frame, matrix, threads) for m in self.members]
        return sigmoid(np.mean(odds, axis=0))

    def contributions(
        self, frame: pd.DataFrame, matrix: Floats, threads: int = 0
    ) -> tuple[list[str], Floats]:
        """Give what each feature adds to the log odds: names, and shape (rows, features)."""
        parts = [contributions(m, frame, matrix, threads) for m in self.members]
        names = list(dict.fromkeys(name for own, _ in parts for name in own))
        total = np.zeros((len(matrix), len(names)))
        for own, shares in parts:
            total[:, [names.index(name) for name in own]] += shares
        return names, total / len(parts)


def contributions(
    member: Member, frame: pd.DataFrame, matrix: Floats, threads: int
) -> tuple[Sequence[str], Floats]:
    """Give what each feature adds to a member's log odds: names, and shape (rows, features)."""
    if isinstance(member, LogisticRFM):
        return member.columns, member.contributions(frame)
    shares: Any = member.predict(matrix, pred_contrib=True, num_threads=threads)
    return member.feature_name(), np.asarray(shares)[:, :-1]


def _log_odds(member: Member, frame: pd.DataFrame, matrix: Floats, threads: int) -> Floats:
    if isinstance(member, LogisticRFM):
        return logit(member.predict(frame))
    return np.asarray(member.predict(matrix, raw_score=True, num_threads=threads))
