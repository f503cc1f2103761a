from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy.coverage import coverage, coverages
from benchmarks.accuracy.floors import bias_floor, calibration_floor
from benchmarks.accuracy.judging import log_bias

HALF_NORMAL = math.sqrt(2 / math.pi)


def test_the_floor_of_the_ece_is_the_noise_of_a_bin_s_share() -> None:
    probability = np.linspace(0.29, 0.31, 3_000)
    floor = calibration_floor(probability)
    assert floor.mean == pytest.approx(HALF_NORMAL * math.sqrt(0.21 / 200), rel=0.05)
    assert floor.mean < floor.high < 2 * floor.mean


def test_the_floor_of_certain_probabilities_is_0() -> None:
    assert calibration_floor([0.0, 1.0] * 50).high == 0


def test_the_floor_of_the_bias_is_the_noise_of_the_total() -> None:
    rng = np.random.default_rng(1)
    actual = 2.0 * (rng.random(2_000) < 0.5)
    floor = bias_floor(actual, np.full(2_000, 7.0))
    assert floor.mean == pytest.approx(HALF_NORMAL / math.sqrt(2_000), rel=0.15)


def test_the_floor_of_the_bias_does_not_grow_with_the_bias() -> None:
    rng = np.random.default_rng(1)
    predicted = rng.gamma(2.0, 10.0, 1_000)
    actual = predicted * rng.gamma(1.0, 1.0, 1_000)
    fair, double = bias_floor(actual, predicted), bias_floor(actual, 2 * predicted)
    assert double.mean == pytest.approx(fair.mean)


def test_groups_without_value_borrow_the_spread_of_all() -> None:
    predicted = np.linspace(0.0, 10.0, 200)
    actual = np.where(predicted > 5, 10.0, 0.0)
    assert 0 < bias_floor(actual, predicted).mean < 0.2


def test_twice_too_much_is_as_bad_as_half() -> None:
    assert log_bias([10.0], [20.0]) == pytest.approx(math.log(2))
    assert log_bias([20.0], [10.0]) == pytest.approx(math.log(2))
    assert math.isnan(log_bias([10.0], [-1.0]))


def intervals(low: np.ndarray, high: np.ndarray) -> pd.DataFrame:
    """Give scores of 100 customers whose predictions rise from 1 to 100."""
    expected = np.arange(1.0, 101.0)
    return pd.DataFrame(
        {
            "expected_value": expected,
            "expected_value_low_90": low,
            "expected_value_high_90": high,
        }
    )


def test_coverage_counts_the_ends_and_goes_by_decile_of_prediction() -> None:
    value = pd.Series(np.where(np.arange(100) < 10, 0.0, np.arange(1.0, 101.0)))
    high = np.arange(1.0, 101.0)
    high[95:] -= 1
    found = coverage(value, intervals(np.zeros(100), high), 90)
    assert found.overall == 0.95
    assert list(found.deciles["coverage"]) == [1.0] * 9 + [0.5]
    assert list(found.deciles["zeros"]) == [1.0] + [0.0] * 9
    assert list(found.deciles["predicted"])[:2] == [5.5, 15.5]
    assert found.faults == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert not found.holds


def test_coverage_holds_within_two_points_and_in_every_decile() -> None:
    value = pd.Series(np.arange(1.0, 101.0))
    high = np.arange(1.0, 101.0)
    high[::10] -= 1
    found = coverage(value, intervals(np.zeros(100), high), 90)
    assert found.overall == 0.9
    assert found.faults == []
    assert found.holds


def test_scores_without_intervals_have_no_coverage() -> None:
    assert coverages(pd.Series([1.0]), pd.DataFrame({"expected_value": [1.0]})) == []
