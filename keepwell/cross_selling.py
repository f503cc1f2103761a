"""``keepwell cross-sell``: which customer buys which category next, as a table."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from features.errors import InputError
from features.grains import Tables
from keepwell.labelled import is_labelled
from keepwell.output import check_format, write_frame
from keepwell.project import Project, make
from keepwell.show import cell, print_rejected, progress_bar
from training.category_panel import Order
from training.category_ranks import LATELY, MODEL, POPULAR
from training.cross_sell import Crossed, cross_sell
from training.dates import dates, known_by

_HORIZON = 90
_MEASURES = {"hit_rate": "hit rate at 3", "ndcg": "NDCG at 3"}


def order_of(project: Project) -> Order:
    """Give what a project's configuration asks to be learnt of cross-selling."""
    settings = project.settings
    wanted, value, churn = settings.cross_sell, settings.value.horizon, settings.churn.horizon
    return Order(
        kind=settings.churn.kind,
        active_within=settings.population.active_within,
        horizon=wanted.horizon or value or churn or _HORIZON,
        windows=wanted.windows,
        categories=wanted.categories,
        seed=settings.seed,
        own=project.own(),
    )


def crossed(project: Project, tables: Tables, as_of: date, first: date) -> Crossed:
    """Learn cross-selling as of a day.

    Parameters
    ----------
    project : Project
    tables : mapping of str to ibis Table
        Canonical, clean.
    as_of : date
        The first day that is not known.
    first : date
        The first day with a transaction.
    """
    return cross_sell(known_by(tables, as_of), as_of, first, order_of(project))


def run_cross_selling(
    project: Project,
    out: Console,
    target: Path | None = None,
    as_of: date | None = None,
    top: int | None = None,
) -> pd.DataFrame:
    """Score every category that is new to a customer, and say how good such scores are.

    Parameters
    ----------
    project : Project
    out : Console
    target : Path, optional
        A .parquet or .csv file.
    as_of : date, optional
        The first day that is not known; the day after the last transaction by default.
    top : int, optional
        Categories at most of a customer, the likeliest; all by default.

    Returns
    -------
    DataFrame
        See :meth:`models.cross_sell.CrossSell.matrix`.

    Raises
    ------
    InputError
        For a flat file, without categories, or where there is too little to learn from.
    """
    check_format(target)
    if is_labelled(project):
        raise InputError("a flat file ([tables.labelled]) has no transactions to cross-sell from")
    make(project.folder)
    with project.scratch(), progress_bar(out) as bar:
        bar.start("Tables", 1)
        loaded = project.load()
        bar.step()
        if "transactions" not in loaded.tables:
            raise InputError("there is no [tables.transactions]: nothing tells what customers buy")
        when = dates(loaded.tables, as_of, project.today())
        day = as_of or when.as_of
        bar.start("Categories", 1)
        made = crossed(project, loaded.tables, day, when.first)
        matrix = made.matrix(top)
        bar.step()
    if target is not None:
        write_frame(matrix, target)
    print_rejected(loaded, out)
    _tell(made, matrix, day, order_of(project), target, out)
    return matrix


def _tell(
    made: Crossed,
    matrix: pd.DataFrame,
    day: date,
    order: Order,
    target: Path | None,
    out: Console,
) -> None:
    where = f" Wrote {target}" if target else ""
    out.print(
        f"{len(matrix):,} pairs of {len(made.customers.context):,} customers with the "
        f"{len(made.categories):,} most bought categories, those new to each, as of {day}: "
        f"a first purchase within {order.horizon} days, without any offer.{where}",
        highlight=False,
        markup=False,
    )
    if made.judged is None:
        said = "the history is too short to hold a window out: how good these are is not known"
        out.print(f"note: {said}", highlight=False)
        return
    out.print(_measured(made, order.horizon))
    alike = [name for name in (POPULAR, LATELY) if not _surely_better(made, name)]
    if alike:
        said = (
            f"not surely better than {' or '.join(alike)}: a customer's own past tells little here"
        )
        out.print(f"note: {said}", highlight=False)


def _surely_better(made: Crossed, name: str) -> bool:
    return any(gain.low > 0 for gain in made.gains[name].values())


def _measured(made: Crossed, horizon: int) -> Table:
    assert made.judged is not None  # noqa: S101 - asked before
    title = f"Who began a category in the {horizon} days from {made.held_out}, held out"
    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for words in _MEASURES.values():
        table.add_column(words, justify="right", no_wrap=True)
        table.add_column(f"{MODEL} better by (90 %)", justify="right", no_wrap=True)
    for method, measures in made.judged.items():
        cells = []
        for name in _MEASURES:
            cells.append(cell(measures[name].estimate))
            gain = made.gains[method][name] if method in made.gains else None
            cells.append(f"{cell(gain.low)} to {cell(gain.high)}" if gain else "")
        table.add_row(method, *cells)
    return table
