"""The rows of observed wallets: what customers were seen to spend in the category."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import ir

from features.asof import KEYS, Spine, known

EARLIER = 180
"""Days before the cutoff at which the wallet is looked at once more, for its share's trend."""

_YEAR = 365


def wallets(tables: Mapping[str, ir.Table], spine: Spine) -> ir.Table | None:
    """Give the wallets observed before each cutoff.

    Returns
    -------
    ibis Table or None
        ``annual``, the amount scaled to 365 days; ``is_newest``, no later observation is known;
        ``was_newest``, none was later among those made :data:`EARLIER` days before the cutoff.
        None without the table.
    """
    if "wallets" not in tables:
        return None
    rows = known(tables["wallets"], spine, at="observed_at")
    observed = rows["observed_at"]
    before = ibis.ifelse(rows["age"] > EARLIER, observed, ibis.null(observed.type()))
    by = list(KEYS)
    return rows.mutate(
        annual=rows["amount"].cast("float64") * _YEAR / rows["period_days"],
        is_newest=observed == observed.max().over(group_by=by),
        was_newest=(before == before.max().over(group_by=by)).coalesce(ibis.literal(value=False)),
    )
