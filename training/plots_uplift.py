"""Figures of uplift: what rankings gain, and estimated beside observed effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from training.measures_uplift import UpliftCurve
from training.plots import ACTUAL, DASHES, DOTS_PER_INCH, GUIDE, MODEL, OTHERS, SIZE_INCHES


def qini_plot(curves: Mapping[str, UpliftCurve]) -> Figure:
    """Plot Qini curves.

    Parameters
    ----------
    curves : mapping of str to UpliftCurve
        By ranking, the learner's first; at least one.
    """
    figure = _figure()
    axes = figure.subplots()
    for number, (name, curve) in enumerate(curves.items()):
        axes.plot(
            100 * curve.reached / curve.reached[-1],
            curve.gained,
            color=MODEL if number == 0 else OTHERS[(number - 1) % len(OTHERS)],
            linestyle="-" if number == 0 else DASHES[(number - 1) % len(DASHES)],
            label=name,
        )
    end = next(iter(curves.values())).gained[-1]
    axes.plot([0, 100], [0, end], color=GUIDE, linewidth=1, label="at random")
    axes.set_xlabel("Contacts treated, % by rank")
    axes.set_ylabel("Customers kept among the treated")
    axes.legend()
    return figure


def calibration_plot(deciles: Sequence[Mapping[str, float]]) -> Figure:
    """Plot observed against estimated effects.

    Parameters
    ----------
    deciles : sequence of mapping
        See :func:`training.measures_uplift.deciles`.
    """
    figure = _figure()
    axes = figure.subplots()
    said, seen, error = (
        100 * np.array([d[name] for d in deciles]) for name in ("predicted", "observed", "error")
    )
    axes.errorbar(
        said,
        seen,
        yerr=1.645 * error,
        color=ACTUAL,
        marker="o",
        linestyle="none",
        capsize=2,
        label="decile (90 % interval)",
    )
    ends = [float(said.min()), float(said.max())]
    axes.plot(ends, ends, color=GUIDE, linewidth=1, linestyle="--", label="as estimated")
    axes.set_xlabel("Estimated effect on staying, points")
    axes.set_ylabel("Observed effect, points")
    axes.legend()
    return figure


def _figure() -> Figure:
    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
