"""Uplift models: what actions do to each customer, estimated from experiments.

An effect is a constant, or a weighted sum of boosters beside one: that is what every learner of
:mod:`models.uplift_learners` comes to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from models import booster
from models.effect import Effect
from models.matrix import Floats


@dataclass(frozen=True)
class Estimate:
    """The effect of an action on an outcome of which more is better.

    Parameters
    ----------
    constant : float
        In the unit of the outcome.
    share : float
        Added to it: so much of what is expected of the customer anyway.
    terms : tuple of (float, lightgbm.Booster)
        Added to it: each booster's prediction times its weight. None where the effect is taken
        to be the same for all.
    """

    constant: float
    terms: tuple[tuple[float, lgb.Booster], ...] = ()
    share: float = 0.0

    def predict(self, matrix: Floats, expected: Floats | float = 0.0, threads: int = 0) -> Floats:
        """Give the effect on each customer, shape (rows,).

        Parameters
        ----------
        matrix : ndarray of shape (rows, features)
        expected : ndarray of shape (rows,)
            The outcome that is expected of each customer who is left alone; looked at where
            :attr:`share` is not 0.
        threads : int
            0: as many as there are.
        """
        found = np.full(len(matrix), self.constant)
        found += self.share * np.asarray(expected, np.float64)
        for weight, fitted in self.terms:
            found += weight * np.asarray(fitted.predict(matrix, num_threads=threads))
        return found

    def to_files(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Give JSON types, and texts by file name."""
        files = [f"{name}_{number}.txt" for number in range(1, len(self.terms) + 1)]
        fields = {
            "constant": self.constant,
            "share": self.share,
            "terms": [[weight, file] for (weight, _), file in zip(self.terms, files, strict=True)],
        }
        texts = zip(files, (booster.to_text(b) for _, b in self.terms), strict=True)
        return fields, dict(texts)

    @classmethod
    def from_files(cls, fields: Mapping[str, Any], texts: Mapping[str, str]) -> Estimate:
        """Read what :meth:`to_files` gave."""
        terms = tuple((w, booster.from_text(texts[file])) for w, file in fields["terms"])
        return cls(fields["constant"], terms, fields.get("share", 0.0))


def expected_stay(scores: pd.DataFrame) -> Floats:
    """Give the probability that each customer stays anyway, shape (rows,)."""
    return 1.0 - scores["churn_probability"].to_numpy(np.float64)


def expected_value(scores: pd.DataFrame) -> Floats:
    """Give what each customer brings anyway, in the currency and 0 at least, shape (rows,)."""
    return np.asarray(np.maximum(scores["expected_value"], 0.0), dtype=np.float64)


@dataclass(frozen=True)
class ActionUplift:
    """What an experiment with an action has shown.

    Parameters
    ----------
    stays : Estimate
        Of P(stays): what the action takes from P(leaves), within the churn horizon.
    value : Estimate or None
        Of what the customer brings; None where no effect on it is sure.
    redemption : float
        Share of the treated who redeemed the incentive, in [0, 1].
    """

    stays: Estimate
    value: Estimate | None
    redemption: float

    def effect(self, scores: pd.DataFrame, matrix: Floats) -> Effect:
        """Give the effect on each customer; see :meth:`Uplift.effects`."""
        stays, value = expected_stay(scores), expected_value(scores)
        return Effect(
            np.clip(self.stays.predict(matrix, stays), -1.0, 1.0),
            None if self.value is None else self.value.predict(matrix, value),
            np.full(len(matrix), self.redemption),
        )


@dataclass(frozen=True)
class Uplift:
    """The estimated effects of the actions whose experiments suffice.

    Parameters
    ----------
    by_action : mapping of str to ActionUplift
    """

    by_action: Mapping[str, ActionUplift]

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions, by name."""
        return tuple(sorted(self.by_action))

    def effects(self, scores: pd.DataFrame, matrix: Floats) -> dict[str, Effect]:
        """Estimate what each action would do to each customer.

        Parameters
        ----------
        scores : DataFrame
            One row a snapshot, with its ``churn_probability`` and ``expected_value``.
        matrix : ndarray of shape (rows, features)
            The same snapshots, as the release's encoder gives them.
        """
        return {a: self.by_action[a].effect(scores, matrix) for a in self.actions}

    def to_files(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Give JSON types, and texts by file name."""
        fields: dict[str, Any] = {}
        texts: dict[str, str] = {}
        # A name may hold what no file's name does: files are numbered.
        for number, action in enumerate(self.actions, 1):
            one = self.by_action[action]
            fields[action] = {"redemption": one.redemption}
            for outcome, estimate in (("stays", one.stays), ("value", one.value)):
                if estimate is not None:
                    name = f"uplift_{number}_{outcome}"
                    fields[action][outcome], more = estimate.to_files(name)
                    texts |= more
        return fields, texts

    @classmethod
    def from_files(cls, fields: Mapping[str, Any], texts: Mapping[str, str]) -> Uplift:
        """Read what :meth:`to_files` gave."""
        return cls(
            {
                action: ActionUplift(
                    Estimate.from_files(one["stays"], texts),
                    Estimate.from_files(one["value"], texts) if "value" in one else None,
                    one["redemption"],
                )
                for action, one in fields.items()
            }
        )
