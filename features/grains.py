"""The rows that families aggregate: purchase days, products, categories, complaints.

A grain turns canonical tables and a spine into rows that were known at each cutoff. Families name
the grain they aggregate, so that all families of a grain share one pass over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ibis
from ibis import ir

from features import grains_subscriptions, grains_variety
from features.asof import KEYS, Spine, before, days_between, known, lately, undated, until
from features.event_rows import EVENT_GRAINS
from features.loyalty_rows import wallet_periods
from features.wallet_rows import wallets
from features.windows import YEAR

Tables = Mapping[str, ir.Table]
Grain = Callable[[Tables, Spine], ir.Table | None]

DAYS = "_days"
"""Name under which :func:`prepared` keeps the history folded to days."""

PERIOD = 30
"""Days of the periods in which repeat purchases are counted."""

_MONEY = ("net", "spend", "returned", "units", "discount", "full_spend", "margin")

RESERVED = ("customer_id", "joined_at", "valid_from", "recorded_at")
"""Columns of the customers table that are not attributes."""


def fold_days(lines: ir.Table) -> ir.Table:
    """Fold transaction lines to one row a customer and day.

    Returns
    -------
    ibis Table
        ``occurred_at`` (midnight of the day), ``net``, ``spend`` (positive lines), ``returned``
        (negative lines, as a positive amount), ``bought`` (has a positive line), ``lines``
        (positive ones) and, of these and where the columns exist, ``orders``, ``units``,
        ``discount``, ``full_spend`` (lines without a discount) and ``promoted`` (has a line with
        one). ``margin`` is that of all lines, returns included.
    """
    by = [k for k in KEYS if k in lines.columns]
    amount = lines["amount"]
    zero = ibis.literal(0).cast("decimal(18,4)")
    measures: dict[str, ir.Value] = {
        "net": amount.sum(),
        "spend": amount.sum(where=amount > 0).coalesce(zero),
        "lines": lines.count(where=amount > 0),
    }
    if "order_id" in lines.columns:
        # Lines without an order's number are one order together: the purchase of that day.
        measures["orders"] = lines["order_id"].coalesce("").nunique(where=amount > 0)
    if "quantity" in lines.columns:
        # Exact sums do not depend on the order of the rows; floating-point ones do.
        measures["units"] = lines["quantity"].try_cast("decimal(18,4)").sum(where=amount > 0)
    if "discount" in lines.columns:
        # A line that names no discount had none.
        promoted = lines["discount"].coalesce(zero) > 0
        measures["discount"] = lines["discount"].sum(where=amount > 0)
        measures["full_spend"] = amount.sum(where=(amount > 0) & ~promoted).coalesce(zero)
        measures["promoted"] = (lines["discount"].max(where=amount > 0) > 0).coalesce(False)
    if "margin" in lines.columns:
        measures["margin"] = lines["margin"].sum()
    folded = lines.group_by(
        *[lines[k] for k in by], occurred_at=lines["occurred_at"].truncate("D")
    ).aggregate(**measures)
    # What follows from sums is not aggregated: each aggregate is paid for line by line.
    folded = folded.mutate(returned=folded["spend"] - folded["net"], bought=folded["spend"] > 0)
    return folded.mutate(
        **{c: folded[c].cast("decimal(18,4)") for c in _MONEY if c in folded.columns}
    )


def prepared(tables: Tables, keep: Callable[[ir.Table, str], ir.Table]) -> Tables:
    """Fold the history to days once, for all cutoffs, where that is the same for every cutoff.

    Rows that were recorded late are known at one cutoff and not at another, so that a history
    with ``recorded_at`` is folded for each cutoff instead.

    Parameters
    ----------
    tables : mapping of str to ibis Table
    keep : callable
        Materialises a table under a name in the engine.
    """
    if "transactions" not in tables or "recorded_at" in tables["transactions"].columns:
        return tables
    return {**tables, DAYS: keep(with_gaps(fold_days(tables["transactions"])), DAYS)}


def days(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the customer's days with a transaction, and ``gap``: days since the purchase before."""
    if DAYS in tables:
        return known(tables[DAYS], spine)
    if "transactions" not in tables:
        return None
    if spine.cutoff is not None:
        lines = before(tables["transactions"], spine.cutoff)
        return known(with_gaps(fold_days(lines)), spine)
    folded = fold_days(known(tables["transactions"], spine))
    folded = folded.mutate(age=days_between(folded["occurred_at"], folded["cutoff"]))
    return with_gaps(folded)


def last_year(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the customer's days for what looks back 365 days at most: older ones may be left out.

    Those are folded apart where that is cheaper. Elsewhere they are :func:`days`, and aggregated
    together with them.
    """
    if DAYS in tables or "transactions" not in tables or spine.cutoff is None:
        return days(tables, spine)
    lines = lately(tables["transactions"], spine, YEAR).drop("cutoff", "age")
    return known(fold_days(lines), spine)


def complaints(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give complaints opened before the cutoff; what came of them only if it came before, too."""
    if "complaints" not in tables:
        return None
    rows = known(tables["complaints"], spine, at="opened_at")
    outcomes = [c for c in ("satisfaction", "compensation", "cost") if c in rows.columns]
    if "resolved_at" in rows.columns:
        resolved = rows["resolved_at"]
        rows = rows.mutate(
            **{c: until(rows[c], rows["cutoff"], resolved) for c in outcomes},
            resolved_at=until(resolved, rows["cutoff"], resolved),
        )
    else:
        # Nothing tells when they came to be known, so that they would leak into the past.
        rows = rows.drop(*outcomes)
    newest = rows["opened_at"].max().over(group_by=list(KEYS))
    return rows.mutate(is_last=rows["opened_at"] == newest)


def days_since_complaint(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the customer's days after the one on which the last complaint was opened."""
    opened, folded = complaints(tables, spine), days(tables, spine)
    if opened is None or folded is None:
        return None
    last = opened.group_by(*KEYS).aggregate(_complaint_age=opened["age"].min())
    rows = folded.inner_join(last, list(KEYS))
    return rows.filter(rows["age"] < rows["_complaint_age"])


def periods_of_wallets(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give the share of wallet at the last two observed wallets."""
    return wallet_periods(tables, spine, days(tables, spine))


def attribute_names(customers: ir.Table) -> list[str]:
    """List the attribute columns of a customers table."""
    return [c for c in customers.columns if c not in RESERVED]


def customers(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give each customer's attributes: those valid at the cutoff where ``valid_from`` tells.

    An attribute is called ``attribute_<name>``, because the user may have named it like a column
    of a snapshot (``age``, ``cutoff``).

    Without ``valid_from`` they are as extracted today, the commonest leak there is; the training
    measures a model without them beside the one with them.
    """
    if "customers" not in tables:
        return None
    rows = tables["customers"]
    rows = rows.rename({f"attribute_{c}": c for c in attribute_names(rows)})
    if "valid_from" in rows.columns:
        rows = known(rows, spine, at="valid_from")
        newest = rows["valid_from"].max().over(group_by=list(KEYS))
        rows = rows.mutate(_is_newest=rows["valid_from"] == newest)
        return rows.filter(rows["_is_newest"]).drop("_is_newest")
    return undated(rows, spine)


def with_gaps(folded: ir.Table) -> ir.Table:
    """Add what a purchase day is to the purchases before it.

    Returns
    -------
    ibis Table
        With ``gap``, the days since the purchase before; null for the first and on days without
        a purchase. With ``period_left``, from 1 to 30, where a day has the first repeat purchase
        of its period of 30 days since the first purchase, else null: the days from it to the end
        of that period.
    """
    # Partitioning by `bought` keeps days with returns alone from shortening the gaps.
    by = [*[k for k in KEYS if k in folded.columns], "bought"]
    window = ibis.window(group_by=by, order_by="occurred_at")
    day, bought = folded["occurred_at"], folded["bought"]
    everything = ibis.window(group_by=by)
    known = folded.mutate(
        gap=ibis.ifelse(bought, days_between(day.lag().over(window), day), ibis.null("int64")),
        since_first=days_between(day.min().over(everything), day),
    )
    return known.mutate(period_left=_period_left(known)).drop("since_first")


def _period_left(days: ir.Table) -> ir.Value:
    since, gap = days["since_first"], days["gap"]
    period = since // PERIOD
    # The purchase before was in another period, or was the first one, which repeats nothing.
    repeats = (period != (since - gap) // PERIOD) | (since == gap)
    return ibis.ifelse(repeats, (period + 1) * PERIOD - since, ibis.null("int64"))


GRAINS: Mapping[str, Grain] = {
    "days": days,
    "last_year": last_year,
    "products": grains_variety.products,
    "categories": grains_variety.categories,
    "category_mix": grains_variety.category_mix,
    "channel_mix": grains_variety.channel_mix,
    "complaints": complaints,
    "days_since_complaint": days_since_complaint,
    "wallet_periods": periods_of_wallets,
    "subscriptions": grains_subscriptions.subscriptions,
    "subscription_starts": grains_subscriptions.subscription_starts,
    "subscription_ends": grains_subscriptions.subscription_ends,
    "customers": customers,
    "wallets": wallets,
    **EVENT_GRAINS,
}
