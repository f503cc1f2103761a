"""Experiments from contacts: which suffice, and how likely each customer was to be treated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.matrix import Floats
from models.release import DUE, SCORES, Release
from models.uplift import expected_stay, expected_value
from models.uplift_learners import Experiment

EFFECT = 0.2
"""An effect worth seeing keeps so many of those who would leave."""

FEWEST = 100
"""Contacts of an arm that are always needed."""

_SEEN = (1.96 + 0.84) ** 2
"""So that an effect is told from none at the 5 % level with a power of 80 %."""

_OWN = 20
"""Contacts of each arm with which a campaign has a propensity of its own."""


@dataclass(frozen=True)
class Contacted:
    """The contacts of one action.

    Parameters
    ----------
    action : str
    frame : DataFrame
        As :func:`features.contacted.write_contacted` writes it, with the derived features.
    matrix : ndarray of shape (rows, features)
    scores : DataFrame
        Of the same rows; see :meth:`models.release.Release.score`.
    """

    action: str
    frame: pd.DataFrame
    matrix: Floats
    scores: pd.DataFrame

    @property
    def treated(self) -> int:
        """How many were to be treated."""
        return int(self.frame["treated"].sum())

    @property
    def control(self) -> int:
        """How many were to be left alone."""
        return len(self.frame) - self.treated

    @property
    def redemption(self) -> float:
        """Share of the treated who redeemed; 1 where redemptions are not recorded."""
        if "redeemed" not in self.frame:
            return 1.0
        return float(self.frame.loc[self.frame["treated"].to_numpy(bool), "redeemed"].mean())

    def stays(self) -> Experiment:
        """Give the experiment on staying: 1 stayed, 0 left."""
        stayed = 1 - self.frame["churned"].to_numpy(np.float64)
        return self._experiment(stayed, expected_stay(self.scores))

    def value(self) -> Experiment:
        """Give the experiment on value, in the currency."""
        worth = self.frame["value"].to_numpy(np.float64)
        return self._experiment(worth, expected_value(self.scores))

    def _experiment(self, outcome: Floats, expected: Floats) -> Experiment:
        treated = self.frame["treated"].to_numpy(np.float64)
        customers = self.frame["customer_id"].to_numpy()
        share = propensity(self.frame)
        return Experiment(self.matrix, outcome, treated, share, customers, expected)


def by_action(frame: pd.DataFrame, release: Release) -> list[Contacted]:
    """Take the contacts of each action, encoded as the release does it."""
    groups = release.completed(frame).groupby("action", sort=True)
    return [_encoded(str(a), rows.reset_index(drop=True), release) for a, rows in groups]


def _encoded(action: str, rows: pd.DataFrame, release: Release) -> Contacted:
    matrix = release.encoder.matrix(rows)
    scores = pd.DataFrame(release.score_matrix(rows, matrix), columns=[*SCORES, DUE])
    return Contacted(action, rows, matrix, scores)


def propensity(frame: pd.DataFrame) -> Floats:
    """Estimate the probability to have been treated: the share of the campaign.

    A campaign is a day on which an action was offered. Days with too few of either arm are one
    campaign together, and have the share of the whole action where they are still too few.
    """
    treated = frame["treated"].astype(float)
    day = frame["contacted_at"].dt.normalize()
    campaign = day.where(_tells(treated, day))
    shares = treated.groupby(campaign, dropna=False).transform("mean")
    return shares.where(_tells(treated, campaign), treated.mean()).to_numpy()


def _tells(treated: pd.Series[float], campaign: pd.Series[Any]) -> NDArray[np.bool_]:
    """Tell for each row whether its campaign has enough of either arm."""
    groups = treated.groupby(campaign, dropna=False)
    count, offered = groups.transform("size"), groups.transform("sum")
    return np.asarray(np.minimum(offered, count - offered) >= _OWN)


@dataclass(frozen=True)
class Counted:
    """The contacts of an action whose outcome is known.

    Parameters
    ----------
    action : str
    treated, control : int
        Contacts by the arm assigned.
    left : float
        How many of the control group left; of the treated where there is no control group.
    """

    action: str
    treated: int
    control: int
    left: float

    @property
    def pairs(self) -> int:
        """How many there are of the smaller arm."""
        return min(self.treated, self.control)

    @property
    def left_alone(self) -> int:
        """Of how many it is counted who left."""
        return self.control or self.treated


def needed(counts: Sequence[Counted]) -> int:
    """Tell how many of each arm, over all actions, it takes to see an effect worth seeing."""
    share = (sum(c.left for c in counts) + 0.5) / (sum(c.left_alone for c in counts) + 1)
    return max(FEWEST, math.ceil(2 * _SEEN * (1 - share) / (share * EFFECT**2)))


def lacking(counts: Sequence[Counted], least: int | None) -> dict[str, str]:
    """Say of the actions whose contacts do not suffice why.

    Parameters
    ----------
    counts : sequence of Counted
        Of all actions.
    least : int or None
        Contacts of each arm that suffice; None: :data:`FEWEST` of an action, and :func:`needed` of
        all such actions together, since they tell of each other.

    Returns
    -------
    dict of str to str
        By action.
    """
    fewest = least or FEWEST
    large = [one for one in counts if one.pairs >= fewest]
    together = needed(large or counts)
    if least or sum(one.pairs for one in large) >= together:
        words = f"at least {fewest:,} of each are needed"
        return {c.action: _too_few(c, words) for c in counts if c.pairs < fewest}
    words = (
        f"at least {fewest:,} of each are needed, and {together:,} of each over all such actions"
    )
    return {one.action: _too_few(one, words) for one in counts}


def _too_few(one: Counted, words: str) -> str:
    alone = "" if one.control else ", the controls drawn at random (`keepwell plan --control`)"
    return (
        f"{one.action}: not enough contacts: {one.treated:,} treated and {one.control:,} controls "
        f"with known outcome; {words}{alone}"
    )


def counted(rows: pd.DataFrame) -> list[Counted]:
    """Count the contacts of each action.

    Parameters
    ----------
    rows : DataFrame
        ``action``, ``treated`` and ``churned``, a row a contact.
    """
    found = []
    for action, own in rows.groupby("action", sort=True):
        treated = own["treated"].to_numpy(bool)
        base = own["churned"].to_numpy(np.float64)[~treated if (~treated).any() else treated]
        counts = int(treated.sum()), int((~treated).sum())
        found.append(Counted(str(action), *counts, float(base.sum())))
    return found
