"""The rows of contacts, activities, surveys and referrals that families aggregate.

As in :mod:`features.grains`: what was known at each cutoff, and None without the table.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import ir

from features.asof import KEYS, Spine, known, until
from features.windows import within

Tables = Mapping[str, ir.Table]

_YEAR = 365


def contacts(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the contacts that customers received, the control group's left out.

    Returns
    -------
    ibis Table or None
        ``responded_at`` and ``redeemed_cost`` are null until the response; without
        ``responded_at`` nothing dates what was redeemed, which is then left out. ``unanswered``:
        came after the customer's last response, or there was none.
    """
    if "contacts" not in tables:
        return None
    rows = known(tables["contacts"], spine, at="contacted_at")
    rows = rows.filter(rows["treated"])
    outcomes = [c for c in ("responded_at", "redeemed_cost") if c in rows.columns]
    if "responded_at" not in outcomes:
        return rows.drop(*outcomes)
    responded = rows["responded_at"]
    rows = rows.mutate(**{c: until(rows[c], rows["cutoff"], responded) for c in outcomes})
    last = rows["responded_at"].max().over(group_by=list(KEYS))
    after = (rows["contacted_at"] > last).coalesce(ibis.literal(value=True))
    return rows.mutate(unanswered=after)


def activities(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the days on which a customer was active, with ``amount``: how many activities."""
    rows = _activities(tables, spine)
    if rows is None:
        return None
    return rows.group_by(*KEYS, "age").aggregate(amount=rows["amount"].sum())


def activity_kinds(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give each kind of activity of a customer.

    Returns
    -------
    ibis Table or None
        ``last_age``, the days since the last of its kind; ``amount_365d``, how many in the last
        year; ``rank``, 0 for the kind with the most of them, ties by name.
    """
    rows = _activities(tables, spine)
    if rows is None:
        return None
    kinds = rows.group_by(*KEYS, "kind").aggregate(
        last_age=rows["age"].min(),
        amount_365d=rows["amount"].sum(where=within(rows, _YEAR)).coalesce(0),
    )
    order = ibis.window(
        group_by=list(KEYS), order_by=[kinds["amount_365d"].desc(), kinds["kind"].asc()]
    )
    return kinds.mutate(rank=ibis.row_number().over(order))


def points(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the balances of a customer's points.

    Returns
    -------
    ibis Table or None
        ``is_last`` and ``was_last_90d``: none is later at the cutoff, and none was 90 days before
        it. Several of one moment are all the last. None where balances are not mapped.
    """
    if "points_balance" not in (tables["activities"].columns if "activities" in tables else ()):
        return None
    rows = known(tables["activities"], spine)
    rows = rows.filter(rows["points_balance"].notnull())
    at = rows["occurred_at"]
    before = ibis.ifelse(within(rows, 90), ibis.null(at.type()), at)
    by = list(KEYS)
    return rows.mutate(
        is_last=at == at.max().over(group_by=by),
        was_last_90d=(before == before.max().over(group_by=by)).coalesce(ibis.literal(value=False)),
    )


def surveys(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the surveys that a customer answered.

    Returns
    -------
    ibis Table or None
        ``nps_rank`` and ``csat_rank``, of the moments at which the score was given: 0 for the
        last, 1 for the one before. Answers of one moment share a rank.
    """
    if "surveys" not in tables:
        return None
    rows = known(tables["surveys"], spine, at="answered_at")
    ranks = {}
    for score in ("nps", "csat"):
        if score in rows.columns:
            # Answers without the score come last, so that they separate none that have it.
            order = [rows[score].isnull(), rows["answered_at"].desc()]
            window = ibis.window(group_by=list(KEYS), order_by=order)
            ranks[f"{score}_rank"] = ibis.dense_rank().over(window)
    return rows.mutate(**ranks) if ranks else rows


def referrals(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the referrals that a customer made."""
    return known(tables["referrals"], spine) if "referrals" in tables else None


def referred(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the last year's transactions of those whom a customer referred, each of them once.

    Returns
    -------
    ibis Table or None
        ``customer_id`` is who referred them, ``amount`` what they brought. None without
        transactions.
    """
    made = referrals(tables, spine)
    if made is None or "transactions" not in tables:
        return None
    made = made.select(*KEYS, "referred_id").distinct()
    others = made.select(customer_id="referred_id", cutoff="cutoff").distinct()
    lines = known(tables["transactions"], Spine(others, spine.cutoff))
    lines = lines.filter(within(lines, _YEAR))
    lines = lines.select(buyer="customer_id", at="cutoff", amount="amount")
    brought = made.inner_join(
        lines, [made["referred_id"] == lines["buyer"], made["cutoff"] == lines["at"]]
    )
    return brought.select(*KEYS, "amount")


def referred_by(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the referrals that brought a customer: ``customer_id`` is who was referred."""
    if "referrals" not in tables:
        return None
    rows = tables["referrals"].drop("customer_id")
    return known(rows.rename(customer_id="referred_id"), spine)


def _activities(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give what was done before the cutoff, with ``amount``; a count of 0 is no activity."""
    if "activities" not in tables:
        return None
    rows = known(tables["activities"], spine)
    if "count" not in rows.columns:
        return rows.mutate(amount=ibis.literal(1))
    # A row without a count happened once. Exact sums do not depend on the order of the rows.
    rows = rows.mutate(amount=rows["count"].coalesce(1.0).try_cast("decimal(18,4)"))
    return rows.filter(rows["amount"] > 0)


EVENT_GRAINS = {
    "contacts": contacts,
    "activities": activities,
    "activity_kinds": activity_kinds,
    "points": points,
    "surveys": surveys,
    "referrals": referrals,
    "referred": referred,
    "referred_by": referred_by,
}
"""By the names that families aggregate them by."""
