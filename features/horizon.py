"""A churn horizon proposed from the data, for users who name none."""

from __future__ import annotations

import math

from ibis import ir

from features.grains import fold_days, with_gaps
from features.spans import PRICE_PERIOD

DEFAULT = 90
"""Days, where nobody has bought twice."""

SHARE = 0.8
"""Share of the customers who usually buy again within the proposed horizon."""

_WEEK = 7


def propose(transactions: ir.Table, history: int, norm_windows: int = 1) -> int:
    """Propose a horizon in which a customer who has not left would have bought again.

    The time within which four in five returning customers buy again on average (the 80th
    percentile over customers of their mean days between purchases), in whole weeks, and at most
    a quarter of the history, so that there is something left to learn from; less where the usual
    spend before a cutoff takes several windows of it.

    Parameters
    ----------
    transactions : ibis Table
        Canonical, limited to what is known.
    history : int
        Days from the first transaction to as-of.
    norm_windows : int
        Windows of this length that each cutoff needs before it.

    Returns
    -------
    int
        Days, at least 7.
    """
    days = with_gaps(fold_days(transactions))
    usual = days.group_by("customer_id").aggregate(gap=days["gap"].mean())
    middle = usual["gap"].quantile(SHARE).to_pyarrow().as_py()
    wanted = DEFAULT if middle is None or math.isnan(middle) else middle
    longest = history // (3 + norm_windows)
    weeks = max(1, min(math.ceil(wanted / _WEEK), longest // _WEEK))
    return weeks * _WEEK


def propose_period(subscriptions: ir.Table, history: int) -> int:
    """Propose the period that most subscriptions are priced for, within which each comes up once.

    At most a quarter of the history, so that there is something left to learn from.

    Parameters
    ----------
    subscriptions : ibis Table
        Canonical, limited to what is known.
    history : int
        Days from the first subscription to as-of.

    Returns
    -------
    int
        Days, at least 7; of the 30 that a price is for by default where no period is given.
    """
    period = PRICE_PERIOD
    if "price_period_days" in subscriptions.columns:
        given = subscriptions.filter(subscriptions["price_period_days"].notnull())
        counts = given.group_by("price_period_days").aggregate(n=given.count())
        ranked = counts.order_by(counts["n"].desc(), counts["price_period_days"]).limit(1)
        found = ranked["price_period_days"].to_pyarrow().to_pylist()
        period = round(found[0]) if found else period
    return max(_WEEK, min(period, history // 4))
