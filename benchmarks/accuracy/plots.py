"""Pictures of what the tables say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.accuracy.comparison import MEAN, Comparison
from benchmarks.accuracy.judging import KEEPWELL, MEASURES
from benchmarks.accuracy.running import Cut
from training.curves import equal_mass_bins
from training.measures_churn import CALIBRATION_BINS
from training.measures_value import DECILES

_COLOURS = {"better": "tab:green", "worse": "tab:red"}


def plot_one(path: Path, name: str, cuts: Sequence[Cut], found: Sequence[Comparison]) -> None:
    """Draw the calibration of Keepwell and its best peers: probabilities, and values by decile."""
    rows = pd.concat([cut.judged.outcome.join(cut.judged.predictions) for cut in cuts])
    peers = {c.measure.name: c.peer for c in found}
    valued = "value" in rows.columns
    figure = Figure(figsize=(12 if valued else 6, 5), layout="constrained")
    axes = figure.subplots(1, 2 if valued else 1, squeeze=False)[0]
    probabilities = {KEEPWELL, peers["Brier"], peers["ECE"]}
    _calibration(axes[0], rows, "probability", probabilities, CALIBRATION_BINS)
    axes[0].set(xlabel="predicted churn probability", ylabel="share that left", title=name)
    if valued:
        values = {KEEPWELL, peers["normalised Gini"], peers["|log bias|"]}
        _calibration(axes[1], rows, "value", values, DECILES)
        axes[1].set(xlabel="predicted value, mean of a decile", ylabel="actual", title=name)
        axes[1].set(xscale="symlog", yscale="symlog")
    _save(figure, path)


def _calibration(axes: Axes, rows: pd.DataFrame, part: str, methods: set[str], bins: int) -> None:
    actual = rows["value" if part == "value" else "churned"]
    ends: list[float] = []
    for method in sorted(methods, key=lambda m: m != KEEPWELL):
        found = equal_mass_bins(actual, rows[f"{method}/{part}"], bins)
        axes.plot(found.predicted, found.actual, marker="o", markersize=4, label=method)
        ends += [*found.predicted[[0, -1]], *found.actual[[0, -1]]]
    whole = [min(ends), max(ends)]
    axes.plot(whole, whole, color="grey", linestyle=":", label="perfect")
    axes.legend()


def plot_differences(path: Path, found: Mapping[str, Sequence[Comparison]]) -> None:
    """Draw Keepwell less the best peer and its interval, in percent; right of 0 is better."""
    figure = Figure(figsize=(3 * len(found) + 2, 0.5 * len(MEASURES)), layout="constrained")
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    names = [m.name for m in MEASURES]
    for axes, (name, comparisons) in zip(panels, found.items(), strict=True):
        for c in comparisons:
            change, scale = c.differences[MEAN], 100 / abs(c.theirs)
            sign = scale if c.measure.higher else -scale
            ends = sorted((sign * change.low, sign * change.high))
            height, colour = names.index(c.measure.name), _COLOURS.get(c.verdict, "tab:grey")
            axes.plot(ends, [height, height], color=colour)
            axes.plot(sign * change.estimate, height, "o", color=colour)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set(title=name, xscale="symlog", xlabel="% (right: Keepwell is better)")
    panels[0].set(yticks=range(len(names)), yticklabels=names)
    panels[0].invert_yaxis()
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    with mpl.rc_context({"savefig.dpi": 110}):
        figure.savefig(path)
