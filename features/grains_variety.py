"""The rows of what a customer buys: products, categories and channels, each folded to one row."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import ir

from features.asof import Spine, known, lately, undated
from features.windows import YEAR, just_before

Tables = Mapping[str, ir.Table]


def products(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give each product that the customer ever bought.

    Returns
    -------
    ibis Table or None
        ``last_age`` and ``first_age``, the days since it was last and first bought, and
        ``earlier_180d``, whether it was bought in the 180 days before the last 180 days.
    """
    return _ever(tables, spine, "product_id")


def categories(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give each category that the customer ever bought, as :func:`products` does."""
    return _ever(tables, spine, "category")


def category_mix(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give each category that the customer bought in the last 365 days.

    Returns
    -------
    ibis Table or None
        ``days_365d``, the days with a purchase of it, and ``rank`` by them, 0 for the most; ties
        by name.
    """
    return _mix(tables, spine, "category")


def channel_mix(tables: Tables, spine: Spine) -> ir.Table | None:
    """Give each channel of the last 365 days' purchases, as :func:`category_mix` does."""
    return _mix(tables, spine, "channel")


def _bought(tables: Tables, column: str) -> ir.Table | None:
    lines = tables.get("transactions")
    if lines is None or column not in lines.columns:
        return None
    return lines.filter(lines["amount"] > 0, lines[column].notnull())


def _ever(tables: Tables, spine: Spine, column: str) -> ir.Table | None:
    bought = _bought(tables, column)
    if bought is None:
        return None
    lines = known(bought, spine)
    # There may be as many products of a customer as lines: their rows are kept narrow.
    lines = lines.mutate(age=lines["age"].cast("int32"))
    rows = lines.group_by(*spine.keys, column).aggregate(
        last_age=lines["age"].min(),
        first_age=lines["age"].max(),
        earlier_180d=just_before(lines, 180).any(),
    )
    return rows if spine.cutoff is None else undated(rows, spine)


def _mix(tables: Tables, spine: Spine, column: str) -> ir.Table | None:
    bought = _bought(tables, column)
    if bought is None:
        return None
    lines = lately(bought, spine, YEAR)
    rows = lines.group_by(*spine.keys, column).aggregate(days_365d=lines["age"].nunique())
    # Ties by name, so that the rank does not depend on the order of the rows.
    by = [rows["days_365d"].desc(), rows[column].asc()]
    order = ibis.window(group_by=list(spine.keys), order_by=by)
    rows = rows.mutate(rank=ibis.row_number().over(order))
    return rows if spine.cutoff is None else undated(rows, spine)
