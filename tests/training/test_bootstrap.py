from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.bootstrap import Interval, intervals, paired
from training.measures import churn_measures, mae, value_measures


def mean(values: np.ndarray) -> dict[str, float]:
    return {"mean": float(np.mean(values))}


def absolute_error(actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    return {"mae": mae(actual, predicted)}


def test_the_interval_of_a_mean_is_its_normal_interval() -> None:
    values = np.random.default_rng(1).normal(10, 2, size=2_000)
    interval = intervals(mean, [values], n=2_000, seed=3)["mean"]
    half = 1.645 * values.std() / math.sqrt(2_000)
    assert interval.estimate == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=half / 8)
    assert interval.high == pytest.approx(values.mean() + half, abs=half / 8)


def test_a_higher_level_is_wider() -> None:
    values = np.arange(50.0)
    narrow = intervals(mean, [values], seed=1, level=0.5)["mean"]
    wide = intervals(mean, [values], seed=1, level=0.99)["mean"]
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_seed_decides_everything() -> None:
    values = np.random.default_rng(2).normal(size=40)
    assert intervals(mean, [values], seed=5) == intervals(mean, [values], seed=5)
    assert intervals(mean, [values], seed=5) != intervals(mean, [values], seed=6)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.integers(0, 99))
def test_columns_are_resampled_together(codes: list[int], seed: int) -> None:
    def compare(left: np.ndarray, right: np.ndarray) -> dict[str, float]:
        return {"rows": len(left), "apart": float(np.abs(right - left * 10).sum())}

    column = np.array(codes)
    result = intervals(compare, [column, column * 10], n=5, seed=seed)
    assert result["rows"] == Interval(len(codes), len(codes), len(codes))
    assert result["apart"] == Interval(0, 0, 0)


@settings(max_examples=30)
@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=30), st.integers(0, 99))
def test_a_customer_is_drawn_with_all_rows(customers: list[str], seed: int) -> None:
    names = np.array(customers)
    sizes = {name: int((names == name).sum()) for name in set(customers)}

    def split_customers(drawn: np.ndarray) -> dict[str, float]:
        split = [name for name, size in sizes.items() if (drawn == name).sum() % size]
        draws = sum((drawn == name).sum() / size for name, size in sizes.items())
        return {"split": len(split), "customers": float(draws)}

    result = intervals(split_customers, [names], n=5, seed=seed, customers=names)
    assert result["split"] == Interval(0, 0, 0)
    assert result["customers"] == Interval(len(sizes), len(sizes), len(sizes))


def test_rows_of_one_customer_are_not_taken_for_independent() -> None:
    values = np.repeat(np.random.default_rng(4).normal(size=30), 20)
    by_row = intervals(mean, [values], seed=1)["mean"]
    by_customer = intervals(mean, [values], seed=1, customers=np.repeat(np.arange(30), 20))["mean"]
    assert by_customer.high - by_customer.low > 3 * (by_row.high - by_row.low)


def test_pairing_sees_a_difference_that_separate_intervals_hide() -> None:
    rng = np.random.default_rng(7)
    actual = rng.lognormal(3, 1.5, size=500)
    first, second = actual * 0.5, actual * 0.5 - 1
    apart = [intervals(absolute_error, [actual, each], seed=1)["mae"] for each in (first, second)]
    assert apart[0].high > apart[1].low
    difference = paired(absolute_error, actual, first, second, seed=1)["mae"]
    assert difference.estimate == pytest.approx(-1)
    assert difference.low == pytest.approx(-1)
    assert difference.high == pytest.approx(-1)


def test_a_prediction_does_not_differ_from_itself() -> None:
    actual, predicted = np.arange(30.0), np.arange(30.0)[::-1]
    result = paired(value_measures, actual, predicted, predicted, n=20, seed=1)
    assert set(result.values()) == {Interval(0, 0, 0)}


def test_resamples_without_both_classes_are_left_out() -> None:
    result = intervals(churn_measures, [[1, 0, 0], [0.9, 0.5, 0.1]], n=60, seed=1)
    assert result["roc_auc"] == Interval(1, 1, 1)


def test_a_measure_that_is_never_defined_has_no_interval() -> None:
    result = intervals(churn_measures, [[0, 0], [0.9, 0.1]], n=10, seed=1)["roc_auc"]
    assert all(math.isnan(end) for end in (result.estimate, result.low, result.high))


def test_every_measure_of_ten_thousand_rows_in_seconds() -> None:
    rng = np.random.default_rng(1)
    churned = rng.integers(0, 2, size=10_000)
    probability = rng.random(10_000)
    start = time.process_time()
    intervals(churn_measures, [churned, probability], n=20, seed=1)
    intervals(value_measures, [churned * probability, probability], n=20, seed=1)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ([[1, 2], [1]], {}, r"arrays have \[2, 1\] rows: give columns of one length, not empty"),
        ([[]], {}, r"arrays have \[0\] rows"),
        ([], {}, r"arrays have \[\] rows"),
        ([[1]], {"n": 0}, r"n is 0, level 0\.9: give n of at least 1, level within \(0, 1\)"),
        ([[1]], {"level": 1.0}, r"n is 200, level 1: give n of at least 1"),
        ([[1]], {"customers": [1, 2]}, r"customers has 2 rows, the arrays 1: give one per row"),
    ],
)
def test_unusable_input_is_named(
    arrays: list[list[float]], options: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        intervals(mean, arrays, seed=1, **options)  # type: ignore[arg-type]
