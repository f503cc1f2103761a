"""Who is scored: the active customers at a cutoff. The lapsed belong to win-back, not here."""

from __future__ import annotations

from datetime import date, timedelta

import ibis

from features.asof import Spine, before, midnight
from features.grains import Tables


def active(tables: Tables, cutoff: date, active_within: int) -> Spine:
    """Take the customers with a positive transaction in ``[cutoff - active_within, cutoff)``.

    Parameters
    ----------
    tables : mapping of str to ibis Table
    cutoff : date
        Midnight of this day is the first moment that is not known.
    active_within : int
        Days.

    Returns
    -------
    Spine
        One row a customer, at this cutoff.
    """
    lines = before(tables["transactions"], cutoff)
    opens = midnight(cutoff - timedelta(days=active_within))
    lines = lines.filter(lines["amount"] > 0, lines["occurred_at"] >= ibis.literal(opens))
    customers = lines.select("customer_id").distinct()
    at = ibis.literal(midnight(cutoff)).cast("timestamp(6)")
    return Spine(customers.mutate(cutoff=at), cutoff)
