"""Complaints move the hazard of leaving as told: by their sign, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from keepwell.simulate import rivals, service
from keepwell.simulate.block import Life

LANDMARK = 5
"""Days after opening: by then a complaint has been resolved fast, or it drags on."""


def test_a_slow_solution_drives_customers_away_and_a_fast_one_binds(lives: list[Life]) -> None:
    """Leavers in the 90 days after a complaint, over those expected of the hazard without any."""
    gone, expected = np.zeros(2), np.zeros(2)
    for life in lives:
        made, left = life.complaints, np.minimum(life.fate.left, life.story.days)
        begin = made.day + 1
        seen = begin < left[made.customer]
        begin, rows, fast = begin[seen], made.customer[seen], made.is_fast[seen].astype(int)
        until = np.minimum(begin + service.DAYS, left[rows])
        leaves = (life.fate.left[rows] <= begin + service.DAYS - 1) & (until == left[rows])
        gone += np.bincount(fast, leaves, minlength=2)
        expected += np.bincount(fast, life.people.hazard[rows] * (until - begin), minlength=2)
    slow, fast = gone / expected
    chances, sizes = service.kinds()
    told = 1 + float(chances[1:] @ sizes[1:]) / (1 - service.FAST)
    assert gone.min() > 50
    assert slow == pytest.approx(told, rel=0.25)
    assert fast == pytest.approx(1 + service.RECOVERED, rel=0.3)
    assert fast < 1 < slow


@dataclass(frozen=True)
class Hazards:
    """Leavers a day after complaints that dragged on and that were resolved fast."""

    slow: float
    fast: float
    fewest: int


def hazards(records: dict[str, pd.DataFrame], end: pd.Timestamp, worst: range) -> Hazards:
    """Count leavers and days from the landmark to the end of a complaint's effect."""
    made = records["complaints"].merge(records["truth"], on="customer_id")
    made = made[made["severity"].isin(worst)]
    opened = made["opened_at"].dt.floor("D")
    since = opened + pd.Timedelta(days=LANDMARK)
    until = (opened + pd.Timedelta(days=1 + service.DAYS)).clip(upper=end)
    left = made["left_at"].where(made["left_at"] < until)
    there = (made["left_at"] > since) & (since < end)
    leaves, days = left.notna() & there, (left.fillna(until) - since).dt.days
    fast = made["resolved_at"] < since

    def rate(group: pd.Series[bool]) -> float:
        return float(leaves[group].sum() / days[group & there].sum())

    return Hazards(rate(~fast), rate(fast), int(min(leaves[fast].sum(), leaves[~fast].sum())))


@pytest.mark.parametrize("worst", [range(1, 3), range(3, 6)])
def test_the_tables_tell_how_much_more_a_slow_solution_costs(
    lives: list[Life], records: dict[str, pd.DataFrame], worst: range
) -> None:
    """The log of the ratio of hazards, beside the story's coefficients; its error is .16 to .19."""
    found = hazards(records, pd.Timestamp(lives[0].story.as_of), worst)
    levels = np.array(worst)
    weights = service.SEVERITY[levels - 1]
    slow = service.BY_SEVERITY * float(np.average(levels, weights=weights))
    others = 1 + rivals.EXCESS * np.mean([life.offers.chance.mean() for life in lives])
    told = np.log((others + slow) / (others + service.RECOVERED))
    assert found.fewest > 30
    assert np.log(found.slow / found.fast) == pytest.approx(told, abs=0.4)


def test_worse_complaints_cost_more(lives: list[Life], records: dict[str, pd.DataFrame]) -> None:
    end = pd.Timestamp(lives[0].story.as_of)
    mild, bad = (hazards(records, end, worst) for worst in (range(1, 3), range(3, 6)))
    assert bad.slow > 1.2 * mild.slow
