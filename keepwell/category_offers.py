"""Offers of a category: what ``keepwell score`` learns of first purchases for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pandas as pd

from features.adoption import margin_share, sold
from features.errors import InputError, suggestion
from features.grains import Tables
from keepwell.cross_selling import order_of
from keepwell.project import Project
from keepwell.show import Bar
from models.bundle import Bundle, Definition
from training.category_panel import Order
from training.cross_sell import Crossed, cross_sell
from training.dates import known_by

_NAMED = 5
"""Categories that a message names beside the one that is not there."""


def first_purchases(
    project: Project, bundle: Bundle, tables: Tables, day: date, first: date, bar: Bar
) -> pd.DataFrame | None:
    """Learn who will buy first in the categories that actions offer, and for how much.

    Parameters
    ----------
    project : Project
    bundle : Bundle
        The champion: whom it scores, over which horizon, and what it calls value.
    tables : mapping of str to ibis Table
        Canonical, clean.
    day : date
        The first day that is not known.
    first : date
        The first day with a transaction.
    bar : Bar

    Returns
    -------
    DataFrame or None
        See :meth:`models.cross_sell.CrossSell.matrix`, with amounts in the measure of values; None
        where no action offers a category.

    Raises
    ------
    InputError
        Where nobody has bought in a category, or there is too little to learn from.
    """
    actions = project.settings.actions
    wanted = {name: a.category for name, a in actions.items() if a.category is not None}
    if not wanted:
        return None
    bar.start("Categories", 1)
    known = known_by(tables, day)
    _check(wanted, known, day)
    order = _order(project, bundle.definition, tuple(sorted(set(wanted.values()))))
    made = _learnt(known, day, first, order, min(wanted)).matrix(only=order.wanted)
    if bundle.definition.value_measure == "margin":
        shares = {category: margin_share(known, category) for category in order.wanted}
        kept = made["expected_amount"] * made["category"].map(shares)
        made = made.assign(expected_amount=kept)
    bar.step()
    return made


def _learnt(known: Tables, day: date, first: date, order: Order, action: str) -> Crossed:
    try:
        return cross_sell(known, day, first, order, judging=False)
    except InputError as error:
        raise InputError(f"{error}, or remove [actions.{action}]") from None


def _check(wanted: Mapping[str, str], known: Tables, day: date) -> None:
    there = sold(known)
    for name, category in sorted(wanted.items()):
        if category not in there:
            raise InputError(
                f'[actions.{name}] category: nobody has bought "{category}" before {day}.'
                f"{suggestion(category, there)} {_listed(there)}"
            )


def _listed(there: Sequence[str]) -> str:
    named = ", ".join(there[:_NAMED])
    more = len(there) - _NAMED
    rest = f" and {more:,} more, which `keepwell cross-sell --out next.csv` names"
    return f"There are {named}{rest if more > 0 else ''}"


def _order(project: Project, meant: Definition, wanted: tuple[str, ...]) -> Order:
    """Ask for the champion's customers, and, where no other is named, for its time of value."""
    order = order_of(project)
    return replace(
        order,
        kind=meant.churn_kind,
        active_within=meant.active_within,
        horizon=project.settings.cross_sell.horizon or meant.value_horizon or order.horizon,
        wanted=wanted,
    )
