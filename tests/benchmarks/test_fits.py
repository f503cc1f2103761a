from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import fits
from benchmarks.fitting import SERVING, Clock, run
from benchmarks.panels import CUTOFFS, made_up


def test_a_made_up_panel_is_made_once_and_has_both_outcomes(tmp_path: Path) -> None:
    past = made_up(2_400, 30, tmp_path)
    assert len(past.roles.serving) == len(past.roles.evaluation) == CUTOFFS
    assert past.panel.snapshots(past.roles.serving) == 2_400
    frame = past.serving()
    assert isinstance(frame, pd.DataFrame)
    assert set(frame["churned"]) == {0, 1}
    assert frame["value"].ge(0).all()
    made = {path: path.stat().st_mtime_ns for path in past.panel.parts.values()}
    again = made_up(2_400, 30, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in again.panel.parts.values()} == made


def test_keepwells_boosters_are_the_bare_ones(tmp_path: Path) -> None:
    clock = Clock(again=True)
    run(made_up(2_400, 60, tmp_path), 0.1, SERVING, clock)
    assert clock.boosters >= 4
    assert clock.bare > 0
    assert 0 < clock.inside < clock.stages["fits"]


def test_what_is_not_measured_is_left_out_of_the_table() -> None:
    one = {
        "stages": {"check": 0.1, "fits": 13.0, "evaluation": 2.0, "plots": 0.2},
        "inside": 10.0,
        "bare": 10.0,
        "again": True,
        "boosters": 40,
        "trees": 2_000,
        "memory": 0.5,
    }
    assert fits.parts(one)["the rest of the fits"] == pytest.approx(3.0)
    found = {10: one, 100: {**one, "again": False, "bare": 0.0, "memory": 5.0}}
    cells = {str(c.header): list(c.cells) for c in fits.shown(found).columns}
    row = cells[""].index("fits / bare")
    assert (cells["10"][row], cells["100"][row]) == ("1.30", "")
    assert list(fits.grown(found).columns[1].cells)[-1] == "1.00"
