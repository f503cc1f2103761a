"""Figures of a search: how the loss fell, what it turned on, and where the good values lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from training.plots import ACTUAL, GUIDE, MODEL, SIZE_INCHES, new_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from training.curves import FloatArray
    from training.tune_study import Tried

_COLUMNS = 4
_LOG_SPAN = 20.0
"""Greatest over smallest value from which on an axis is logarithmic."""


def history_plot(tried: Sequence[Tried], loss: str, title: str) -> Figure:
    """Plot each trial's loss in order, and the lowest so far.

    Parameters
    ----------
    tried : sequence of Tried
        At least one of them complete.
    loss : str
        Name of the measure.
    title : str
    """
    complete = _complete(tried)
    losses = _losses(complete)
    figure = new_figure(SIZE_INCHES)
    axes = figure.subplots()
    numbers = [t.number for t in complete]
    axes.scatter(numbers, losses, color=MODEL, s=18, label="Trial", zorder=3)
    axes.step(
        numbers, np.minimum.accumulate(losses), where="post", color=MODEL, label="Best so far"
    )
    for default in losses[[t.default for t in complete]]:
        axes.axhline(default, color=GUIDE, linestyle="--", label="Default parameters")
    pruned = [t.number for t in tried if t.loss is None]
    for place, number in enumerate(pruned):
        label = "Pruned" if place == 0 else None
        axes.axvline(number, ymax=0.03, color=ACTUAL, linewidth=1.5, label=label)
    axes.set(title=title, xlabel="Trial", ylabel=f"Mean {_words(loss)} of the folds")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="best", framealpha=0.9, edgecolor="none")
    return figure


def importance_plot(importances: Mapping[str, float], title: str) -> Figure:
    """Plot what the loss turned on: a bar for each parameter, the greatest above.

    Parameters
    ----------
    importances : mapping of str to float
        Parts of 1, by parameter.
    title : str
    """
    ordered = sorted(importances.items(), key=lambda item: item[1])
    figure = new_figure(SIZE_INCHES)
    axes = figure.subplots()
    axes.barh([name for name, _ in ordered], [part for _, part in ordered], color=MODEL)
    axes.set(title=title, xlabel="Part of what the loss turned on")
    return figure


def slice_plot(tried: Sequence[Tried], loss: str, title: str) -> Figure:
    """Plot the loss against each parameter of the complete trials, later trials darker.

    Parameters
    ----------
    tried : sequence of Tried
        At least one of them complete.
    loss : str
        Name of the measure.
    title : str
    """
    complete = _complete(tried)
    names = list(complete[0].parameters)
    rows = -(-len(names) // _COLUMNS)
    figure = new_figure((2.6 * _COLUMNS, 2.4 * rows + 0.6))
    grid = figure.subplots(rows, _COLUMNS, sharey=True, squeeze=False)
    for axes, name in zip(grid.flat, names, strict=False):
        _slice(axes, complete, name)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel(_words(loss))
    figure.suptitle(title)
    return figure


def _slice(axes: Axes, complete: Sequence[Tried], name: str) -> None:
    values = np.array([float(t.parameters[name]) for t in complete])
    losses = _losses(complete)
    axes.scatter(values, losses, c=np.arange(len(values)), cmap="Blues", s=16, edgecolor=GUIDE)
    standing = np.array([t.default for t in complete])
    axes.scatter(values[standing], losses[standing], color=ACTUAL, marker="D", s=22)
    if values.min() > 0 and values.max() / values.min() > _LOG_SPAN:
        axes.set_xscale("log")
    axes.set_title(name, fontsize="small")


def _complete(tried: Sequence[Tried]) -> list[Tried]:
    return [t for t in tried if t.loss is not None]


def _losses(complete: Sequence[Tried]) -> FloatArray:
    return np.array([t.loss for t in complete], dtype=np.float64)


def _words(name: str) -> str:
    return name.replace("_", " ")
