"""``keepwell plan``: whom to offer what within a budget."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features.errors import InputError
from keepwell.output import check_format, write_figure, write_frame
from keepwell.project import Project
from keepwell.show import print_facts
from keepwell.silence import silenced
from models.reasons import NO_CURRENCY
from serving.store import Run, Store
from serving.targeting.actions import changed
from serving.targeting.curve import Curve
from serving.targeting.facts import Facts
from serving.targeting.order import Order
from serving.targeting.plan import Plan
from serving.targeting.planning import curve_from, plan_from
from training.plots_plan import budget_plot


def run_plan(
    project: Project, out: Console, budget: float, control: float, target: Path | None
) -> Plan:
    """Choose an action or none for each scored customer, print what that brings, and write it.

    Parameters
    ----------
    project : Project
    out : Console
    budget : float
        What may be spent, in the currency.
    control : float
        Share of the chosen customers who are held out.
    target : Path or None
        The CSV file; the profit curve is drawn beside it, as PNG.

    Raises
    ------
    InputError
        Before ``keepwell score``, when the configuration has changed since, or when no plan can
        be made within these limits.
    """
    check_format(target, (".csv",))
    if not project.settings.actions:
        raise InputError(
            "there is nothing to plan with; describe what can be offered in [actions.NAME] "
            "sections (docs/actions.md has examples), and run `keepwell score`"
        )
    order = Order(budget, control, project.settings.seed)
    with project.store() as published:
        run = _newest(published)
        _check_actions(project, published, run)
        with silenced():
            _, plan = plan_from(published, order, run.id)
            curve = curve_from(published, order, run.id)
    _print_plan(plan, run, curve, out)
    if target is not None:
        _write(plan, curve, run, target, out)
    return plan


def _newest(published: Store) -> Run:
    newest = next(iter(published.runs(1)), None)
    if newest is None:
        raise InputError("there are no scores to plan with yet; run `keepwell score` first")
    return newest


def _check_actions(project: Project, published: Store, run: Run) -> None:
    _, offers = published.offers(run.id)
    if differs := changed(offers.actions, project.settings.actions):
        raise InputError(
            f"[actions] has changed since run {run.id} was scored: {'; '.join(differs)}. Run "
            "`keepwell score` again, which computes the offers anew"
        )


def _write(plan: Plan, curve: Curve, run: Run, target: Path, out: Console) -> None:
    picture = target.with_suffix(".png")
    facts = plan.facts
    chosen = (facts.budget, facts.expected_profit)
    write_frame(plan.rows, target)
    write_figure(budget_plot(curve.budget, curve.profit, chosen, currency=run.currency), picture)
    out.print(
        f"Wrote {len(plan.rows):,} customers to {target}, the profit curve to {picture}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _print_plan(plan: Plan, run: Run, curve: Curve, out: Console) -> None:
    facts = plan.facts
    unit = "" if run.currency == NO_CURRENCY else f" {run.currency}"
    day = f" as of {run.as_of}" if run.as_of else ""
    mark = ", a backtest" if run.backtest else ""
    out.print(_actions(facts, f"Plan{day}{mark}, run {run.id}: budget {facts.budget:,.2f}{unit}"))
    print_facts(out, "Expected", _facts(facts, unit))
    out.print(_curve_title(curve), highlight=False)
    out.print(_curve(curve, unit))
    for note in facts.notes:
        out.print(f"note: {escape(note)}", highlight=False, soft_wrap=True)


def _actions(facts: Facts, title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for name in ("action", "level", "effect"):
        table.add_column(name, no_wrap=True)
    for name in ("eligible", "paying", "treated", "control", "cost", "profit"):
        table.add_column(name, justify="right", no_wrap=True)
    for found in facts.actions:
        counts = (found.eligible, found.paying, found.treated, found.control)
        amounts = (found.cost, found.expected_profit)
        table.add_row(
            escape(found.action),
            found.level,
            found.basis or "unknown",
            *(f"{count:,}" for count in counts),
            *(f"{amount:,.2f}" for amount in amounts),
        )
    return table


def _facts(facts: Facts, unit: str) -> dict[str, str]:
    held_out = (
        f"{facts.control:,} customers, who would have brought {facts.forgone:,.2f}{unit}: the "
        "price of knowing what the others bring"
        if facts.control
        else "nobody; without one (--control 0.1) no one can tell what the plan has brought"
    )
    return {
        "profit": f"{facts.expected_profit:,.2f}{unit}; chance alone makes {facts.low:,.2f} to "
        f"{facts.high:,.2f} of it (90 %)",
        "cost": f"{facts.cost:,.2f}{unit}; {facts.worst_cost:,.2f} if every incentive is redeemed",
        "control group": held_out,
        "one more unit": f"of budget would bring {facts.marginal:,.2f}{unit}",
        "at most": f"{facts.bound:,.2f}{unit} by any plan within the limits, control included",
    }


def _curve(curve: Curve, unit: str) -> Table:
    table = Table()
    for name in ("budget", "profit"):
        table.add_column(f"{name}{unit}", justify="right")
    for budget, profit in zip(curve.budget[1:], curve.profit[1:], strict=True):
        table.add_row(f"{budget:,.2f}", f"{profit:,.2f}")
    return table


def _curve_title(curve: Curve) -> str:
    if curve.every == 1:
        return "Profit over budget; the last limits nothing"
    return f"Profit over budget, from one customer in {curve.every}; the last limits nothing"
