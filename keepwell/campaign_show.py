"""What is printed of a campaign."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from keepwell.campaign_facts import Campaign
from keepwell.show import cell


def print_campaign(out: Console, made: Campaign) -> None:
    """Print who was assigned, the measures with their intervals, and what is missing."""
    for line in _lines(made):
        out.print(escape(line), highlight=False)
    out.print(_shown(made))
    for line in _verdicts(made):
        out.print(escape(line), highlight=False)


def _lines(made: Campaign) -> Iterator[str]:
    yield (
        f'Campaign "{made.action}", contacts of {made.first} to {made.last}: {made.treated:,} '
        f"treated and {made.control:,} control customers, by the arm assigned."
    )
    if made.repeated:
        yield f"{made.repeated:,} further contacts of the same customers: the first one decides."
    if made.waiting:
        yield (
            f"{made.waiting:,} customers are left out: their time is not over; that of the last "
            f"will be on {made.complete_at}."
        )
    judged = made.judged_treated + made.judged_control
    if gone := made.treated + made.control - made.waiting - judged:
        yield f"{gone:,} customers are left out: they had no subscription on the day."
    if made.planned_control is not None:
        share = made.control / (made.treated + made.control)
        said = f"Control share {share:.1%}, planned {made.planned_control:.1%}"
        if made.suspect:
            yield (
                f"{said}: chance hardly ever does that (p = {made.mismatch:.1g}). Something "
                "assigns or records the arms wrongly; find it before you believe what follows"
            )
        else:
            yield f"{said}: within chance."


def _shown(made: Campaign) -> Table:
    shown = Table(
        title=f"A customer, retention within {made.retention_horizon} days, money within "
        f"{made.value_horizon} days of the contact",
        title_justify="left",
    )
    names = ("measure", "treated", "control", "difference", "90 % interval", "of all treated", "")
    for name in names:
        shown.add_column(name, justify="right" if name not in {"measure", ""} else "left")
    for one in made.measures:
        best = one.best
        figures = ("-", "-", "-")
        if best is not None:
            figures = (
                f"{best.difference:+,.4g}",
                f"{best.low:+,.4g} to {best.high:+,.4g}",
                f"{best.difference * made.judged_treated:+,.0f}",
            )
        shown.add_row(one.measure, cell(one.treated), cell(one.control), *figures, one.verdict)
    return shown


def _verdicts(made: Campaign) -> Iterator[str]:
    for one in made.measures:
        if one.missing:
            yield f"{one.measure}: not enough data: {one.missing}"
        elif one.verdict == "not enough data":
            more = f"; to tell the estimate from nothing takes about {one.needed:,.0f} customers"
            yield (
                f"{one.measure}: not enough data to tell it from nothing: {one.customers:,} "
                f"customers show an effect of {one.detectable:,.4g} in four of five cases"
                f"{'' if math.isnan(one.needed) else more}"
            )
    if made.covariates:
        yield f"Intervals are narrowed by what was known before: {', '.join(made.covariates)}"
