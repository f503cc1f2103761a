"""A churn horizon proposed from the data, for users who name none."""

from __future__ import annotations

import math

from ibis import ir

from features.grains import fold_days, with_gaps

DEFAULT = 90
"""Days, where nobody has bought twice."""

SHARE = 0.8
"""Share of the customers who usually buy again within the proposed horizon."""

_WEEK = 7


def propose(transactions: ir.Table, history: int) -> int:
    """Propose a horizon in which a customer who has not left would have bought again.

    The time within which four in five returning customers buy again on average (the 80th
    percentile over customers of their mean days between purchases), in whole weeks, and at most
    a quarter of the history, so that there is something left to learn from.

    Parameters
    ----------
    transactions : ibis Table
        Canonical, limited to what is known.
    history : int
        Days from the first transaction to as-of.

    Returns
    -------
    int
        Days, at least 7.
    """
    days = with_gaps(fold_days(transactions))
    usual = days.group_by("customer_id").aggregate(gap=days["gap"].mean())
    middle = usual["gap"].quantile(SHARE).to_pyarrow().as_py()
    wanted = DEFAULT if middle is None or math.isnan(middle) else middle
    weeks = max(1, min(math.ceil(wanted / _WEEK), history // 4 // _WEEK))
    return weeks * _WEEK
