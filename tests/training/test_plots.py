from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import BarContainer

from training.plots import (
    DASHES,
    MODEL,
    decile_plot,
    gains_curve,
    profit_curve,
    reliability_plot,
)

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RNG = np.random.default_rng(11)
PROBABILITY = RNG.random(600)
CHURNED = (RNG.random(600) < PROBABILITY).astype(int)
VALUE = RNG.lognormal(3, 1, size=600) * (1 - CHURNED)


def line(axes: Axes, label: str) -> np.ndarray:
    (found,) = [each for each in axes.lines if str(each.get_label()).startswith(label)]
    return np.asarray(found.get_xydata())


def legend_texts(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def figures() -> list[Figure]:
    return [
        reliability_plot(CHURNED, PROBABILITY),
        gains_curve(CHURNED, {"Model": PROBABILITY, "Rule": np.round(PROBABILITY, 1)}),
        decile_plot(VALUE, 1 - PROBABILITY, currency="GBP"),
        profit_curve({"Model": [0, 4, 6, 1], "Rule": [0, 1, 2, 1]}, chosen=2, currency="GBP"),
    ]


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_figure_saves_as_png_on_a_canvas_of_its_own(number: int, tmp_path: Path) -> None:
    figure = figures()[number]
    assert isinstance(figure.canvas, FigureCanvasAgg)
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_every_axis_says_what_it_shows() -> None:
    for figure in figures():
        assert figure.axes[-1].get_xlabel()
        assert all(axes.get_ylabel() for axes in figure.axes)
        assert figure.axes[0].get_title()


def test_reliability_points_are_the_bins_shares() -> None:
    churned = np.repeat([0, 1, 1, 1, 0, 0], 100)
    probability = np.repeat([0.2, 0.2, 0.7, 0.7, 0.7, 0.7], 100)
    axes = reliability_plot(churned, probability).axes[0]
    points = np.asarray(axes.containers[0].lines[0].get_xydata())  # type: ignore[attr-defined]
    assert len(points) == 15
    assert points[:5] == pytest.approx(np.tile([0.2, 0.5], (5, 1)))
    assert points[5:] == pytest.approx(np.tile([0.7, 0.5], (10, 1)))
    assert "600 customers, calibration error 0.233" in axes.get_title()


def test_reliability_counts_every_customer_below() -> None:
    lower = reliability_plot(CHURNED, PROBABILITY).axes[1]
    (bars,) = [each for each in lower.containers if isinstance(each, BarContainer)]
    assert sum(bar.get_height() for bar in bars) == 600


def test_gains_run_through_the_shares_found() -> None:
    churned = [1, 0, 1, 0]
    axes = gains_curve(churned, {"Model": [9, 8, 7, 6], "Rule": [1, 1, 0, 0]}).axes[0]
    found = [[0, 0], [0.25, 0.5], [0.5, 0.5], [0.75, 1], [1, 1]]
    assert line(axes, "Model") == pytest.approx(np.array(found))
    assert line(axes, "Rule") == pytest.approx(np.array([[0, 0], [0.5, 0.5], [1, 1]]))
    assert line(axes, "Perfect") == pytest.approx(np.array([[0, 0], [0.5, 1], [1, 1]]))


def test_gains_legend_names_the_model_first_and_the_catch_of_each() -> None:
    axes = gains_curve([1, 0, 1, 0], {"Model": [9, 8, 7, 6], "Rule": [0, 1, 0, 0]}).axes[0]
    assert legend_texts(axes) == [
        "Perfect foresight",
        "Model (20% in the top tenth)",
        "Rule (0% in the top tenth)",
        "Random order",
    ]


def test_lines_differ_in_colour_and_in_dashes() -> None:
    scores = {f"Model {number}": PROBABILITY for number in range(6)}
    lines = gains_curve(CHURNED, scores).axes[0].lines[1:-1]
    assert len({str(each.get_color()) for each in lines}) == 6
    assert lines[0].get_color() == MODEL
    assert len({str(dashes) for dashes in DASHES}) == 5
    assert [each.get_linestyle() for each in lines] == ["-", "--", "-.", "--", "--", "--"]


def test_decile_bars_are_the_means_in_the_currency() -> None:
    predicted = np.arange(20.0)
    axes = decile_plot(predicted * 2, predicted, currency="GBP").axes[0]
    bars = [each for each in axes.containers if isinstance(each, BarContainer)]
    heights = [[bar.get_height() for bar in each] for each in bars]
    assert heights[0] == pytest.approx(np.arange(0.5, 20, 2))
    assert heights[1] == pytest.approx(np.arange(1, 40, 4))
    assert axes.get_ylabel() == "Mean value per customer, GBP"
    assert legend_texts(axes) == ["Predicted", "Actual"]
    assert "total predicted / total actual 0.50" in axes.get_title()


def test_few_rows_one_class_and_negative_values_draw_without_warnings(tmp_path: Path) -> None:
    odd = [
        reliability_plot([0], [0.0]),
        reliability_plot([1, 1], [1.0, 1.0]),
        gains_curve([1], {"Model": [0.5]}),
        decile_plot([-5.0, 3.0], [0.0, 0.0], currency="EUR"),
        decile_plot([0.0], [0.0], currency="EUR"),
    ]
    for number, figure in enumerate(odd):
        figure.savefig(tmp_path / f"{number}.png")


def test_a_gains_curve_needs_a_model_and_a_churner() -> None:
    with pytest.raises(ValueError, match="predictions is empty: give the scores"):
        gains_curve([1, 0], {})
    with pytest.raises(ValueError, match="churned holds no 1: a gains curve needs somebody"):
        gains_curve([0, 0], {"Model": [1, 2]})


def test_profit_runs_along_the_contacts_and_marks_those_that_should_pay() -> None:
    (axes,) = figures()[3].axes
    along = np.array([[0.0, 0.0], [1 / 3, 4.0], [2 / 3, 6.0], [1.0, 1.0]])
    np.testing.assert_allclose(line(axes, "Model"), along)
    np.testing.assert_allclose(line(axes, "contacts"), [[2 / 3, 6]])
    assert axes.get_ylabel() == "Profit, GBP"
    with pytest.raises(ValueError, match="totals is empty"):
        profit_curve({}, chosen=0, currency="GBP")
