"""Categories that customers have bought, and those that they begin to buy."""

from __future__ import annotations

import math

from ibis import ir

from features.asof import Spine, following, known
from features.grains import Tables

_BY = ("customer_id", "category")


def sold_by_category(tables: Tables) -> bool:
    """Tell whether transactions say of which category they are."""
    lines = tables.get("transactions")
    return lines is not None and "category" in lines.columns


def sold(tables: Tables) -> list[str]:
    """Give the categories that anybody bought, those that most customers bought first."""
    lines = _bought(tables)
    counts = lines.group_by("category").aggregate(customers=lines["customer_id"].nunique())
    rows = counts.to_pyarrow().to_pylist()
    return [
        str(r["category"]) for r in sorted(rows, key=lambda r: (-r["customers"], r["category"]))
    ]


def margin_share(tables: Tables, category: str) -> float:
    """Give the margin over the net amount of all lines of a category that tell their margin.

    Returns
    -------
    float
        That of all sales where none of the category's lines does; NaN where none at all does.
    """
    lines = tables["transactions"]
    if "margin" not in lines.columns:
        return math.nan
    lines = lines.filter(lines["margin"].notnull())
    mine = lines["category"] == category
    sums = {
        f"{name}_{whose}": lines[name].sum(where=where)
        for name in ("margin", "amount")
        for whose, where in (("own", mine), ("all", None))
    }
    (row,) = lines.aggregate(**sums).to_pyarrow().to_pylist()
    whose = "own" if row["amount_own"] else "all"
    return float(row[f"margin_{whose}"] / row[f"amount_{whose}"]) if row["amount_all"] else math.nan


def baskets(tables: Tables, spine: Spine) -> ir.Table:
    """Give each category that a customer had bought by the cutoff.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        With transactions that have a category.
    spine : Spine
        Of one cutoff.

    Returns
    -------
    ibis Table
        ``customer_id``, ``category``, ``days`` with a purchase of it and ``first_age``, the days
        since the first, one row each.
    """
    lines = known(_bought(tables), spine)
    lines = lines.semi_join(spine.table, "customer_id")
    return lines.group_by(*_BY).aggregate(days=lines["age"].nunique(), first_age=lines["age"].max())


def purchases(tables: Tables, spine: Spine, start: int, length: int) -> ir.Table:
    """Give each category that a customer buys in ``[cutoff + start, cutoff + start + length)``.

    Parameters
    ----------
    tables, spine
        As in :func:`baskets`.
    start, length : int
        Days.

    Returns
    -------
    ibis Table
        ``customer_id``, ``category`` and the ``amount`` (float64, above 0) spent on it.
    """
    lines = following(_bought(tables), spine, start, length)
    lines = lines.semi_join(spine.table, "customer_id")
    return lines.group_by(*_BY).aggregate(amount=lines["amount"].sum().cast("float64"))


def _bought(tables: Tables) -> ir.Table:
    lines = tables["transactions"]
    return lines.filter(lines["amount"] > 0, lines["category"].notnull())
