"""The risk list: whom to call first, and why."""

from __future__ import annotations

import pandas as pd

from serving.scorer import CAUSE_COLUMNS, COLUMNS, REASON_COLUMNS


def risk_list(
    scores: pd.DataFrame,
    reasons: pd.DataFrame,
    top: int | None = None,
    min_value: float | None = None,
) -> pd.DataFrame:
    """Rank customers by value at risk.

    Parameters
    ----------
    scores : DataFrame
        The columns of :data:`serving.scorer.COLUMNS`.
    reasons : DataFrame
        ``customer_id``, ``days_since_purchase``, reasons and causes.
    top : int, optional
        Customers at most; all by default.
    min_value : float, optional
        Leaves out customers whose expected value is below it, in the currency.

    Returns
    -------
    DataFrame
        ``rank`` from 1, the scores, ``days_since_purchase``, ``reason_1`` to ``reason_3`` and
        their ``cause_1`` to ``cause_3``. Equal values at risk rank by customer id.
    """
    kept = scores if min_value is None else scores[scores["expected_value"] >= min_value]
    ranked = kept.sort_values(
        ["value_at_risk", "customer_id"], ascending=[False, True], kind="stable"
    ).head(top if top is not None else len(kept))
    ranked = ranked.assign(rank=range(1, len(ranked) + 1)).merge(
        reasons, on="customer_id", how="left"
    )
    extra = ["backtest"] if "backtest" in scores.columns else []
    words = [*REASON_COLUMNS, *CAUSE_COLUMNS]
    return ranked[["rank", *COLUMNS, *extra, "days_since_purchase", *words]]
