from __future__ import annotations

import numpy as np
import pytest

from training.plots_tuning import history_plot, importance_plot, slice_plot
from training.tune_study import Tried

TRIED = [
    Tried(0, True, {"leaves": 7, "rate": 0.05}, 0.5, ({"log_loss": 0.5},), 0.0, 1.0),  # noqa: FBT003
    Tried(1, False, {"leaves": 3, "rate": 1.5}, 0.6, ({"log_loss": 0.6},), 1.0, 2.0),  # noqa: FBT003
    Tried(2, False, {"leaves": 9, "rate": 0.02}, None, (), 2.0, 3.0),  # noqa: FBT003
    Tried(4, False, {"leaves": 5, "rate": 0.04}, 0.4, ({"log_loss": 0.4},), 3.0, 4.0),  # noqa: FBT003
]


def test_the_history_shows_trials_the_best_so_far_and_the_default() -> None:
    axes = history_plot(TRIED, "log_loss", "Tuning").axes[0]
    step, default, *_ = axes.lines
    np.testing.assert_array_equal(step.get_xydata(), [[0, 0.5], [1, 0.5], [4, 0.4]])
    np.testing.assert_array_equal(default.get_ydata(), [0.5, 0.5])
    _, labels = axes.get_legend_handles_labels()
    assert sorted(labels) == ["Best so far", "Default parameters", "Pruned", "Trial"]
    assert axes.get_ylabel() == "Mean log loss of the folds"


def test_the_greatest_importance_stands_above() -> None:
    axes = importance_plot({"leaves": 0.2, "rate": 0.8}, "Tuning").axes[0]
    first, last = (bar.get_window_extent().width for bar in axes.patches)
    assert last == pytest.approx(4 * first)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["leaves", "rate"]


def test_a_slice_shows_each_parameter_of_the_complete_trials() -> None:
    figure = slice_plot(TRIED, "log_loss", "Tuning")
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == ["leaves", "rate"]
    assert [axes.get_xscale() for axes in shown] == ["linear", "log"]
    points = shown[0].collections[0].get_offsets()
    assert points.tolist() == [[7.0, 0.5], [3.0, 0.6], [5.0, 0.4]]  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [1, 4, 6])
def test_any_number_of_parameters_has_its_place(count: int) -> None:
    parameters = {f"p{n}": float(n) for n in range(count)}
    tried = [Tried(0, True, parameters, 0.5, (), 0.0, 1.0)]  # noqa: FBT003
    figure = slice_plot(tried, "log_loss", "Tuning")
    assert sum(axes.get_visible() for axes in figure.axes) == count
