"""The figure of what came true beside what was promised, by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from training.bootstrap import Interval
from training.plots import ACTUAL, DOTS_PER_INCH, GUIDE, MODEL

_WIDTH, _PANEL, _ASIDE = 7.0, 1.7, 1.1
_ASIDE_OF_POINT = 0.12
_LABELS = 8
"""Months that are named along the axis, at most."""


@dataclass(frozen=True)
class Point:
    """A measure of one publication.

    Parameters
    ----------
    label : str
        Of the publication, along the axis.
    promised, realised : Interval or None
    """

    label: str
    promised: Interval | None
    realised: Interval | None


def promises_plot(panels: Mapping[str, Sequence[Point]], perfect: Mapping[str, float]) -> Figure:
    """Plot measures that came true beside those that were promised.

    Parameters
    ----------
    panels : mapping of str to sequence of Point
        By measure, oldest first, the same publications in each; at least one.
    perfect : mapping of str to float
        What a measure of a perfect model is, where a line should mark it.

    Returns
    -------
    Figure
        A panel for each measure, with 90 % intervals.
    """
    size = (_WIDTH, _PANEL * len(panels) + _ASIDE)
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    column = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, (name, points) in zip(column, panels.items(), strict=True):
        _draw(axes, points)
        if name in perfect:
            axes.axhline(perfect[name], color=GUIDE, linewidth=1, linestyle="--")
        axes.set_title(name, fontsize="medium", loc="left")
    labels = [point.label for point in next(iter(panels.values()))]
    step = -(-len(labels) // _LABELS)
    column[-1].set_xticks(range(0, len(labels), step), labels[::step], rotation=30, ha="right")
    column[-1].set_xlim(-0.6, len(labels) - 0.4)
    column[-1].set_xlabel("Scores as of")
    figure.legend(*column[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def _draw(axes: Axes, points: Sequence[Point]) -> None:
    said = [(n, p.promised) for n, p in enumerate(points) if p.promised is not None]
    came = [(n, p.realised) for n, p in enumerate(points) if p.realised is not None]
    _bars(axes, said, -_ASIDE_OF_POINT, MODEL, "s", "Promised")
    _bars(axes, came, _ASIDE_OF_POINT, ACTUAL, "o", "Came true (90 % interval)")
    axes.grid(visible=True, axis="y", color="#e5e5e5", linewidth=0.6)


def _bars(
    axes: Axes,
    found: Sequence[tuple[int, Interval]],
    aside: float,
    color: str,
    marker: str,
    label: str,
) -> None:
    known = [(n, i) for n, i in found if np.isfinite([i.estimate, i.low, i.high]).all()]
    middle = [i.estimate for _, i in known]
    below = [max(i.estimate - i.low, 0.0) for _, i in known]
    above = [max(i.high - i.estimate, 0.0) for _, i in known]
    axes.errorbar(
        [n + aside for n, _ in known],
        middle,
        yerr=[below, above],
        color=color,
        marker=marker,
        markersize=5,
        linestyle="none",
        capsize=2,
        label=label,
    )
