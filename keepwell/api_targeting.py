"""The commands of targeting as methods, for notebooks."""

from __future__ import annotations

import pandas as pd

from keepwell.api_contacts import CampaignMethods
from keepwell.cross_selling import run_cross_selling
from keepwell.days import Day, day


class Targeting(CampaignMethods):
    """Methods of :class:`keepwell.api.Company` that say whom to offer what, and what it brought."""

    def cross_sell(self, as_of: Day | None = None, top: int | None = None) -> pd.DataFrame:
        """Score every category that is new to a customer.

        Parameters
        ----------
        as_of : date or str, optional
            First day that is not known; the day after the last transaction by default.
        top : int, optional
            Categories of a customer at most, the likeliest; all by default.

        Returns
        -------
        DataFrame
            ``customer_id``, ``category``, ``probability`` of a first purchase within the horizon,
            without any offer, and ``expected_amount`` of it. How good such scores are is in
            ``said``.
        """
        with self._opened() as (project, out):
            return run_cross_selling(project, out, None, day(as_of), top)
