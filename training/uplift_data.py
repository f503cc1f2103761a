"""Experiments from contacts: which suffice, and how likely each customer was to be treated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.matrix import Floats
from models.release import Release
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
    """

    action: str
    frame: pd.DataFrame
    matrix: Floats

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
        return self._experiment(1 - self.frame["churned"].to_numpy(np.float64))

    def value(self) -> Experiment:
        """Give the experiment on value, in the currency."""
        return self._experiment(self.frame["value"].to_numpy(np.float64))

    def _experiment(self, outcome: Floats) -> Experiment:
        treated = self.frame["treated"].to_numpy(np.float64)
        customers = self.frame["customer_id"].to_numpy()
        return Experiment(self.matrix, outcome, treated, propensity(self.frame), customers)


def by_action(frame: pd.DataFrame, release: Release) -> list[Contacted]:
    """Take the contacts of each action, encoded as the release does it."""
    whole = release.completed(frame)
    groups = whole.groupby("action", sort=True)
    return [
        Contacted(str(action), rows.reset_index(drop=True), release.encoder.matrix(rows))
        for action, rows in groups
    ]


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
    def needed(self) -> int:
        """How many of each arm it takes to see an effect worth seeing."""
        share = (self.left + 0.5) / ((self.control or self.treated) + 1)
        return max(FEWEST, math.ceil(2 * _SEEN * (1 - share) / (share * EFFECT**2)))

    def lacking(self, least: int | None) -> str | None:
        """Say why they do not suffice; None where they do.

        Parameters
        ----------
        least : int or None
            Contacts of each arm that suffice; None: as many as :attr:`needed`.
        """
        fewest = least or self.needed
        if min(self.treated, self.control) >= fewest:
            return None
        return (
            f"{self.action}: not enough contacts: {self.treated:,} treated and {self.control:,} "
            f"controls with known outcome; at least {fewest:,} of each are needed"
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
