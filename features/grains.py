"""The rows that families aggregate: purchase days, products, categories, complaints.

A grain turns canonical tables and a spine into rows that were known at each cutoff. Families name
the grain they aggregate, so that all families of a grain share one pass over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ibis
from ibis import ir

from features.asof import KEYS, Spine, days_between, known, undated, until

Tables = Mapping[str, ir.Table]
Grain = Callable[[Tables, Spine], ir.Table | None]

DAYS = "_days"
"""Name under which :func:`prepared` keeps the history folded to days."""

RESERVED = ("customer_id", "joined_at", "valid_from", "recorded_at")
"""Columns of the customers table that are not attributes."""


def fold_days(lines: ir.Table) -> ir.Table:
    """Fold transaction lines to one row a customer and day.

    Returns
    -------
    ibis Table
        ``occurred_at`` (midnight of the day), ``net``, ``spend`` (positive lines), ``returned``
        (negative lines, as a positive amount), ``bought`` (has a positive line), ``lines``
        (positive ones) and, of these and where the columns exist, ``orders``, ``units`` and
        ``discount``.
    """
    by = [k for k in KEYS if k in lines.columns]
    amount = lines["amount"]
    zero = ibis.literal(0).cast("decimal(18,4)")
    measures: dict[str, ir.Value] = {
        "net": amount.sum(),
        "spend": amount.sum(where=amount > 0).coalesce(zero),
        "returned": (-amount.sum(where=amount < 0)).coalesce(zero),
        "bought": (amount > 0).any(),
        "lines": (amount > 0).sum(),
    }
    if "order_id" in lines.columns:
        # Lines without an order's number are one order together: the purchase of that day.
        measures["orders"] = lines["order_id"].coalesce("").nunique(where=amount > 0)
    if "quantity" in lines.columns:
        # Exact sums do not depend on the order of the rows; floating-point ones do.
        measures["units"] = lines["quantity"].try_cast("decimal(18,4)").sum(where=amount > 0)
    if "discount" in lines.columns:
        measures["discount"] = lines["discount"].sum(where=amount > 0)
    folded = lines.group_by(
        *[lines[k] for k in by], occurred_at=lines["occurred_at"].truncate("D")
    ).aggregate(**measures)
    money = [c for c in ("net", "spend", "returned", "units", "discount") if c in folded.columns]
    return folded.mutate(**{c: folded[c].cast("decimal(18,4)") for c in money})


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
    if "recorded_at" in tables["transactions"].columns:
        return tables
    return {**tables, DAYS: keep(with_gaps(fold_days(tables["transactions"])), DAYS)}


def days(tables: Tables, spine: Spine) -> ir.Table:
    """Give the customer's days with a transaction, and ``gap``: days since the purchase before."""
    if DAYS in tables:
        return known(tables[DAYS], spine)
    folded = fold_days(known(tables["transactions"], spine))
    folded = folded.mutate(age=days_between(folded["occurred_at"], folded["cutoff"]))
    return with_gaps(folded)


def products(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give each product that the customer bought, with the days since its last and first time."""
    return _variety(tables, spine, "product_id")


def categories(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give each category that the customer bought, with the days since its last and first time."""
    return _variety(tables, spine, "category")


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
    opened = complaints(tables, spine)
    if opened is None:
        return None
    last = opened.group_by(*KEYS).aggregate(_complaint_age=opened["age"].min())
    rows = days(tables, spine).inner_join(last, list(KEYS))
    return rows.filter(rows["age"] < rows["_complaint_age"])


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
        return rows.filter(rows["valid_from"] == newest)
    return undated(rows, spine)


def with_gaps(folded: ir.Table) -> ir.Table:
    """Add ``gap``: the days from the purchase before to this one; null on other days."""
    """Add ``gap``: a purchase day's days since the purchase before; null for the first."""
    # Partitioning by `bought` keeps days with returns alone from shortening the gaps.
    window = ibis.window(
        group_by=[*[k for k in KEYS if k in folded.columns], "bought"], order_by="occurred_at"
    )
    previous = folded["occurred_at"].lag().over(window)
    gap = days_between(previous, folded["occurred_at"])
    return folded.mutate(gap=ibis.ifelse(folded["bought"], gap, ibis.null("int64")))


def _variety(tables: Tables, spine: Spine, column: str) -> ir.Table | None:
    lines = tables["transactions"]
    if column not in lines.columns:
        return None
    lines = known(lines.filter(lines["amount"] > 0, lines[column].notnull()), spine)
    return lines.group_by(*KEYS, column).aggregate(
        last_age=lines["age"].min(), first_age=lines["age"].max(), net=lines["amount"].sum()
    )


GRAINS: Mapping[str, Grain] = {
    "days": days,
    "products": products,
    "categories": categories,
    "complaints": complaints,
    "days_since_complaint": days_since_complaint,
    "customers": customers,
}
