"""The commands of targeting as methods, for notebooks."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from keepwell.api_contacts import CampaignMethods
from keepwell.cross_selling import run_cross_selling
from keepwell.days import Day, day
from keepwell.planning import run_plan
from keepwell.uplift import Uplifted, run_uplift
from serving.targeting.plan import Plan
from training.report_page import page
from training.uplift import Judged


@dataclass(frozen=True)
class Effects:
    """What the actions do; a notebook shows it as the page that it is.

    Attributes
    ----------
    effects : DataFrame
        ``action``, ``outcome`` (stay or value), ``treated``, ``controls``, the mean ``effect`` with
        the ends of its interval, ``low`` and ``high``, the ``learner`` that ranks best with its
        ``measure`` (qini or gain), ``score`` and ``error``, and the ``verdict``: target, treat,
        harms or none.
    lacking : tuple of str
        Why the contacts of the other actions do not suffice.
    html : str
        The whole report as one page.
    """

    effects: pd.DataFrame
    lacking: tuple[str, ...]
    html: str

    def _repr_html_(self) -> str:
        return self.html


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

    def uplift(self, as_of: Day | None = None) -> Effects:
        """Say what each action does, on whom, and whether that is sure.

        Parameters
        ----------
        as_of : date or str, optional
            First day that is not known; the one that the champion was trained as of by default.
        """
        with self._opened() as (project, out):
            return _effects(run_uplift(project, out, day(as_of)))

    def plan(self, budget: float, control: float = 0.0) -> Plan:
        """Choose an action or none for each scored customer: the most profit within a budget.

        Parameters
        ----------
        budget : float
            What may be spent, in the currency.
        control : float
            Share of planned customers who are left alone, at random.

        Returns
        -------
        Plan
            ``rows``, as in the file of the command, and ``facts``: what it should bring and cost.
        """
        with self._opened() as (project, out):
            return run_plan(project, out, budget, control, None)


def _effects(made: Uplifted) -> Effects:
    rows = [
        {
            "action": one.contacted.action,
            "outcome": outcome,
            "treated": one.contacted.treated,
            "controls": one.contacted.control,
            **_row(judged),
        }
        for one in made.found
        for outcome, judged in (("stay", one.stays), ("value", one.value))
    ]
    return Effects(pd.DataFrame(rows), made.read.lacking, page(made.report))


def _row(judged: Judged) -> dict[str, object]:
    low, high = judged.mean.interval(judged.width)
    return {
        "effect": judged.mean.estimate,
        "own": judged.own.estimate,
        "low": low,
        "high": high,
        "learner": judged.chosen,
        "measure": next(iter(judged.ranking)),
        "score": judged.main.estimate,
        "error": judged.main.error,
        "verdict": judged.verdict,
    }
