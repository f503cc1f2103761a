"""Figures of a release: calibration, gains, value by decile and profit.

Each function takes plain columns and returns a `matplotlib.figure.Figure` of its own: no global
state, no window system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from models.reasons import NO_CURRENCY
from training.curves import (
    Curve,
    FloatArray,
    equal_mass_bins,
    outcome_and_probability,
    outcome_and_score,
    ranked_curve,
)
from training.measures_churn import CALIBRATION_BINS, expected_calibration_error
from training.measures_value import DECILES, bias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

# Okabe & Ito (2008): told apart under every common colour blindness. Blue is always the model.
MODEL, ACTUAL = "#0072B2", "#D55E00"
OTHERS = ("#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
DASHES: tuple[str | tuple[int, Sequence[float]], ...] = (
    "--",
    "-.",
    (0, (6, 2, 1, 2, 1, 2)),
    (0, (4, 4)),
    (0, (8, 2)),
)
GUIDE = "#767676"
SIZE_INCHES = (7.0, 5.0)
DOTS_PER_INCH = 150


def reliability_plot(
    churned: ArrayLike, probability: ArrayLike, *, title: str = "Calibration of the churn model"
) -> Figure:
    """Plot the observed churn share against the predicted one, and the predictions' spread.

    Parameters
    ----------
    churned : array_like, shape (n,)
        Outcome, 1 left or 0 stayed.
    probability : array_like, shape (n,)
        Predicted churn probability, 0 to 1.
    title : str
        Title of the figure.

    Returns
    -------
    Figure
        Above, a point for each of 15 bins of equal size with the 90 % interval of its share;
        below, how many customers have which probability.

    Raises
    ------
    ValueError
        If the columns differ in length, are empty or hold values out of range.

    Notes
    -----
    Bröcker & Smith (2007), Weather and Forecasting 22(3); intervals after Wilson (1927).
    """
    outcome, predicted = outcome_and_probability(churned, probability)
    bins = equal_mass_bins(outcome, predicted, CALIBRATION_BINS)
    figure = new_figure((SIZE_INCHES[0], SIZE_INCHES[1] * 1.3))
    upper, lower = figure.subplots(2, sharex=True, height_ratios=[4, 1])
    error = expected_calibration_error(outcome, predicted)
    _draw_reliability(upper, bins.predicted, bins.actual, len(outcome) / CALIBRATION_BINS)
    upper.set_title(f"{title}\n{len(outcome):,} customers, calibration error {error:.3f}")
    lower.hist(predicted, bins=np.linspace(0, 1, 41).tolist(), color=MODEL)
    lower.set(xlabel="Predicted churn probability", ylabel="Customers", xlim=(0, 1))
    lower.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    lower.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    lower.yaxis.set_major_formatter(_thousands())
    return figure


def gains_curve(
    churned: ArrayLike,
    predictions: Mapping[str, ArrayLike],
    *,
    title: str = "Churners found by contacting the riskiest first",
) -> Figure:
    """Plot the share of churners found against the share of customers contacted.

    Parameters
    ----------
    churned : array_like, shape (n,)
        Outcome, 1 left or 0 stayed; at least one of 1.
    predictions : mapping of str to array_like, shape (n,)
        Scores by name, higher riskier, the model first and then each baseline; any scale.
    title : str
        Title of the figure.

    Returns
    -------
    Figure
        A line for each prediction beside random order and perfect foresight.

    Raises
    ------
    ValueError
        If there is no prediction or no churner, or the columns cannot be used together.
    """
    if not predictions:
        raise ValueError("predictions is empty: give the scores of at least one model")
    curves = {name: _gains(churned, score) for name, score in predictions.items()}
    figure = new_figure(SIZE_INCHES)
    axes = figure.subplots()
    perfect = _gains(churned, churned)
    axes.plot(*_shares(perfect), color=GUIDE, linewidth=1, label="Perfect foresight")
    for place, (name, curve) in enumerate(curves.items()):
        _draw_gains(axes, name, curve, place)
    axes.plot([0, 1], [0, 1], color=GUIDE, linewidth=1, linestyle=(0, (1, 3)), label="Random order")
    _percent_axes(axes)
    axes.set(xlabel="Customers contacted, riskiest first", ylabel="Churners found", title=title)
    _legend(axes, "lower right")
    return figure


def decile_plot(
    actual: ArrayLike,
    predicted: ArrayLike,
    *,
    currency: str,
    title: str = "Value by decile of the prediction",
) -> Figure:
    """Plot mean actual and mean predicted value by decile of the prediction.

    Parameters
    ----------
    actual, predicted : array_like, shape (n,)
        Value over the label window and its prediction, in ``currency``.
    currency : str
        Currency of the values, ISO 4217 ("GBP").
    title : str
        Title of the figure.

    Returns
    -------
    Figure
        Two bars a decile, 1 the lowest predictions and 10 the highest.

    Raises
    ------
    ValueError
        If the columns differ in length, are empty or are not finite.

    Notes
    -----
    Wang, Liu & Miao (2019), arXiv:1912.07753.
    """
    deciles = equal_mass_bins(actual, predicted, DECILES)
    figure = new_figure(SIZE_INCHES)
    axes = figure.subplots()
    place = np.arange(1, DECILES + 1)
    axes.bar(place - 0.2, deciles.predicted, width=0.4, color=MODEL, label="Predicted")
    axes.bar(
        place + 0.2,
        deciles.actual,
        width=0.4,
        color=ACTUAL,
        hatch="///",
        label="Actual",
        edgecolor="white",
        linewidth=0,
    )
    axes.axhline(0, color="black", linewidth=0.8)
    ratio = bias(actual, predicted)
    axes.set_title(f"{title}\ntotal predicted / total actual {ratio:.2f}")
    axes.set(
        xlabel="Decile of predicted value (10 = highest)",
        ylabel="Mean value per customer" + (f", {currency}" if currency != NO_CURRENCY else ""),
        xticks=place,
    )
    axes.yaxis.set_major_formatter(_thousands())
    _legend(axes, "best")
    return figure


def profit_curve(
    totals: Mapping[str, ArrayLike],
    *,
    chosen: int,
    currency: str,
    title: str = "Profit of the offer by customers contacted",
) -> Figure:
    """Plot the total profit of an offer against the share of customers contacted.

    Parameters
    ----------
    totals : mapping of str to array_like, shape (n + 1,)
        Profit of 0, 1, … n contacts by name, the model first and then each baseline.
    chosen : int
        Contacts that the model would make, 0 to n.
    currency : str
        Currency of the profit, ISO 4217 ("GBP").
    title : str
        Title of the figure.

    Returns
    -------
    Figure
        A line for each name, and a point at the contacts that the model would make.

    Raises
    ------
    ValueError
        If there is no curve.
    """
    if not totals:
        raise ValueError("totals is empty: give the profits of at least one model")
    figure = new_figure(SIZE_INCHES)
    axes = figure.subplots()
    for place, (name, total) in enumerate(totals.items()):
        along = np.asarray(total, dtype=np.float64)
        share = np.linspace(0, 1, len(along))
        if place == 0:
            axes.plot(share, along, label=name, color=MODEL, linewidth=2.2, zorder=3)
            axes.plot(
                share[chosen],
                along[chosen],
                "o",
                color=ACTUAL,
                label="contacts that should pay",
                zorder=4,
            )
        else:
            color, dashes = OTHERS[(place - 1) % len(OTHERS)], DASHES[(place - 1) % len(DASHES)]
            axes.plot(share, along, label=name, color=color, linestyle=dashes, linewidth=1.5)
    axes.axhline(0, color="black", linewidth=0.8)
    unit = f", {currency}" if currency != NO_CURRENCY else ""
    axes.set(xlim=(0, 1), xlabel="Customers contacted", ylabel=f"Profit{unit}", title=title)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.yaxis.set_major_formatter(_thousands())
    axes.grid(visible=True, color="#e5e5e5", linewidth=0.6)
    _legend(axes, "best")
    return figure


def _draw_reliability(axes: Axes, predicted: FloatArray, observed: FloatArray, size: float) -> None:
    axes.plot([0, 1], [0, 1], color=GUIDE, linewidth=1, linestyle="--", label="Perfect calibration")
    low, high = wilson(observed, size)
    axes.errorbar(
        predicted,
        observed,
        yerr=np.maximum([observed - low, high - observed], 0),
        color=MODEL,
        marker="o",
        markersize=5,
        linewidth=1,
        capsize=2,
        label=f"Model, {len(predicted)} bins of equal size (90% interval)",
    )
    _percent_axes(axes)
    axes.set(ylabel="Observed churn share")
    _legend(axes, "best")


def wilson(share: FloatArray, size: float) -> tuple[FloatArray, FloatArray]:
    """Return the 90 % Wilson interval of shares observed on ``size`` rows each."""
    z = 1.6449
    share = np.clip(share, 0, 1)
    centre = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * np.sqrt(share * (1 - share) / size + (z / (2 * size)) ** 2)
    return centre - half, centre + half


def _gains(churned: ArrayLike, score: ArrayLike) -> Curve:
    outcome, ranked = outcome_and_score(churned, score)
    if not outcome.any():
        raise ValueError("churned holds no 1: a gains curve needs somebody who left")
    return ranked_curve(outcome, ranked, np.ones(len(outcome)))


def _draw_gains(axes: Axes, name: str, curve: Curve, place: int) -> None:
    tenth = curve.actual_within(0.1) / curve.actual[-1]
    label = f"{name} ({tenth:.0%} in the top tenth)"
    if place == 0:
        axes.plot(*_shares(curve), label=label, color=MODEL, linewidth=2.2, zorder=3)
    else:
        color, dashes = OTHERS[(place - 1) % len(OTHERS)], DASHES[(place - 1) % len(DASHES)]
        axes.plot(*_shares(curve), label=label, color=color, linestyle=dashes, linewidth=1.5)


def _shares(curve: Curve) -> tuple[FloatArray, FloatArray]:
    return curve.mass / curve.mass[-1], curve.actual / curve.actual[-1]


def new_figure(size: tuple[float, float]) -> Figure:
    """Give an empty figure of a size in inches."""
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _percent_axes(axes: Axes) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(visible=True, color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)


def _legend(axes: Axes, place: Literal["best", "lower right"]) -> None:
    axes.legend(loc=place, framealpha=0.9, edgecolor="none")


def _thousands() -> FuncFormatter:
    return FuncFormatter(lambda number, _: f"{number:,.10g}")
