"""The figure of what other budgets would bring."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from models.reasons import NO_CURRENCY
from training.plots import ACTUAL, GUIDE, MODEL, SIZE_INCHES, new_figure


def budget_plot(
    budget: ArrayLike, profit: ArrayLike, chosen: tuple[float, float], *, currency: str
) -> Figure:
    """Plot the expected profit of plans against their budgets.

    Parameters
    ----------
    budget, profit : array_like, shape (n,)
        In the currency, budgets ascending; the last limits nothing.
    chosen : (float, float)
        Budget and expected profit of the plan that was asked for.
    currency : str
        ISO 4217.
    """
    figure = new_figure(SIZE_INCHES)
    axes = figure.subplots()
    axes.plot(budget, profit, color=MODEL, linewidth=2.2, label="best plan for each budget")
    axes.plot(*chosen, "o", color=ACTUAL, label="this plan", zorder=4)
    axes.axhline(0, color=GUIDE, linewidth=0.8)
    unit = f", {currency}" if currency != NO_CURRENCY else ""
    axes.set(xlabel=f"Budget{unit}", ylabel=f"Expected profit{unit}", title="Profit over budget")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,.10g}"))
    axes.grid(visible=True, color="#e5e5e5", linewidth=0.6)
    axes.legend(loc="lower right", framealpha=0.9, edgecolor="none")
    return figure
