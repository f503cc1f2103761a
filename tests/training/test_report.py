from __future__ import annotations

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from training.bootstrap import Interval
from training.report import (
    BETTER,
    CHANCE,
    WORSE,
    Plot,
    Report,
    Row,
    Section,
    Table,
    change,
    figure,
    money,
    percent,
    verdict,
    with_interval,
)
from training.report_page import page
from training.report_refits import MOST_ROWS

NAN = float("nan")


def test_numbers_are_written_alike_everywhere() -> None:
    assert [figure(0.12345), figure(12.345), figure(NAN)] == ["0.123", "12.35", "–"]
    assert [percent(0.1234), percent(1), percent(NAN)] == ["12.3 %", "100.0 %", "–"]
    assert [money(12.345), money(-12345.6), money(NAN)] == ["12.35", "-12,346", "–"]
    assert MOST_ROWS > 0


def test_an_interval_is_an_aside() -> None:
    assert with_interval(Interval(0.7, 0.65, 0.75)) == "0.700\n0.650 to 0.750"
    assert change(Interval(-0.01, -0.02, 0.005)) == "-0.0100\n-0.0200 to +0.0050"
    assert with_interval(Interval(NAN, NAN, NAN)) == change(Interval(NAN, NAN, NAN)) == "–"


@pytest.mark.parametrize(
    ("found", "lower", "said"),
    [
        (Interval(-0.1, -0.2, -0.05), True, BETTER),
        (Interval(-0.1, -0.2, -0.05), False, WORSE),
        (Interval(0.1, 0.05, 0.2), True, WORSE),
        (Interval(0.1, 0.05, 0.2), False, BETTER),
        (Interval(0.1, -0.05, 0.2), False, CHANCE),
        (Interval(NAN, NAN, NAN), False, CHANCE),
    ],
)
def test_a_gain_inside_the_interval_is_no_gain(found: Interval, lower: bool, said: str) -> None:  # noqa: FBT001
    assert verdict(found, lower=lower) == said


def test_a_table_has_as_many_cells_as_columns() -> None:
    with pytest.raises(ValueError, match=r"table 'T' has 2 columns, but its row 'a' has 1 cells"):
        Table("T", ("x", "y"), (Row(("a",)),))


@pytest.fixture
def report() -> Report:
    drawn = Figure()
    drawn.subplots().plot(np.arange(3))
    table = Table(
        "Levels", ("level", "AUC"), (Row(("<b>north</b> & co", "0.700\n0.6 to 0.8"), marked=True),)
    )
    plotted = Section("curves", "Curves", ("A <script>.",), plots=(Plot(drawn, 'a "line"'),))
    return Report("Good?", "version 1", (Section("grade", "Grade", ("Fine.",), (table,)), plotted))


def test_a_page_has_contents_sections_and_marks(report: Report) -> None:
    text = page(report)
    assert re.findall(r'<a href="#(\w+)">', text) == ["grade", "curves"]
    assert re.findall(r'<section id="(\w+)">', text) == ["grade", "curves"]
    assert '<p class="lead">Fine.</p>' in text
    assert '<tr class="marked">' in text
    assert "<td>0.700<small>0.6 to 0.8</small></td>" in text


def test_a_page_escapes_what_customers_wrote(report: Report) -> None:
    text = page(report)
    assert "&lt;b&gt;north&lt;/b&gt; &amp; co" in text
    assert "A &lt;script&gt;." in text
    assert "<script" not in text
    assert 'alt="a &#34;line&#34;"' in text


def test_a_page_asks_for_nothing_else(report: Report) -> None:
    text = page(report)
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert all(s.startswith(("#", "data:")) for s in sources)
    assert sum(s.startswith("data:image/png;base64,") for s in sources) == 1
    assert "//" not in re.sub(r"base64,[^\"]*", "", text)
