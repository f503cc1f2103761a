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
    terms : tuple of (float, lightgbm.Booster)
        Added to it: each booster's prediction times its weight. None where the effect is taken
        to be the same for all.
    """

    constant: float
    terms: tuple[tuple[float, lgb.Booster], ...] = ()

    def predict(self, matrix: Floats, threads: int = 0) -> Floats:
        """Give the effect on each customer, shape (rows,)."""
        parts = [w * np.asarray(b.predict(matrix, num_threads=threads)) for w, b in self.terms]
        return np.asarray(sum(parts, np.full(len(matrix), self.constant)))

    def to_files(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Give JSON types, and texts by file name."""
        files = [f"{name}_{number}.txt" for number in range(1, len(self.terms) + 1)]
        fields = {
            "constant": self.constant,
            "terms": [[weight, file] for (weight, _), file in zip(self.terms, files, strict=True)],
        }
        texts = zip(files, (booster.to_text(b) for _, b in self.terms), strict=True)
        return fields, dict(texts)

    @classmethod
    def from_files(cls, fields: Mapping[str, Any], texts: Mapping[str, str]) -> Estimate:
        """Read what :meth:`to_files` gave."""
        terms = tuple((w, booster.from_text(texts[file])) for w, file in fields["terms"])
        return cls(fields["constant"], terms)


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

    def effect(self, matrix: Floats) -> Effect:
        """Give the effect on each customer."""
        return Effect(
            np.clip(self.stays.predict(matrix), -1.0, 1.0),
            None if self.value is None else self.value.predict(matrix),
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

    def effects(self, frame: pd.DataFrame, matrix: Floats) -> dict[str, Effect]:  # noqa: ARG002 - as all models are given
        """Estimate what each action would do to each customer.

        Parameters
        ----------
        frame : DataFrame
            One row a snapshot, of any content: no model reads a column by its name.
        matrix : ndarray of shape (rows, features)
            The same snapshots, as the release's encoder gives them.
        """
        return {action: self.by_action[action].effect(matrix) for action in self.actions}

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
