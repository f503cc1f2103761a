"""The customer's share of wallet at the last two times that the wallet was observed."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import ir

from features.asof import KEYS, Spine, known
from features.windows import ratio


def wallet_periods(
    tables: Mapping[str, ir.Table], spine: Spine, days: ir.Table | None
) -> ir.Table | None:
    """Set what was spent here against the wallet, over the days that it covers.

    A wallet covers the ``period_days`` days before the day on which it was observed.

    Parameters
    ----------
    tables : mapping of str to ibis Table
    spine : Spine
    days : ibis Table or None
        The customers' days with a transaction, known at the cutoffs.

    Returns
    -------
    ibis Table or None
        At most two rows a snapshot: ``rank`` (0: the last observed) and ``share``, from 0 to 1.
        None without wallets or transactions.
    """
    if days is None or "wallets" not in tables:
        return None
    spent = days.select(*KEYS, day_age=days["age"], day_spend=days["spend"])
    joined = _last_two(tables["wallets"], spine).left_join(spent, list(KEYS))
    age, seen = joined["day_age"], joined["age"]
    covered = (age > seen) & (age <= seen + joined["period_days"])
    rows = joined.group_by(*KEYS, "rank").aggregate(
        spend=joined["day_spend"].sum(where=covered).coalesce(0), wallet=joined["amount"].max()
    )
    return rows.select(
        *KEYS, "rank", share=ratio(rows["spend"], ibis.greatest(rows["spend"], rows["wallet"]))
    )


def _last_two(wallets: ir.Table, spine: Spine) -> ir.Table:
    rows = known(wallets, spine, at="observed_at")
    newest = [rows[c].desc() for c in ("observed_at", "period_days", "amount")]
    order = ibis.window(group_by=list(KEYS), order_by=newest)
    ranked = rows.mutate(rank=ibis.row_number().over(order))
    return ranked.filter(ranked["rank"] <= 1)
