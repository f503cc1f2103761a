from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import log_loss as sklearn_log_loss

from training.curves import equal_mass_bins
from training.measures import (
    bias,
    brier,
    churn_measures,
    decile_mape,
    expected_calibration_error,
    log_loss,
    mae,
    normalised_gini,
    pr_auc,
    roc_auc,
    spearman,
    top_decile_capture,
    top_decile_lift,
    value_measures,
)
from training.profit import empc

if TYPE_CHECKING:
    from random import Random

CHURNED = [1, 0, 1, 0, 0]
PROBABILITY = [0.9, 0.8, 0.6, 0.4, 0.1]

# Few levels, so that ties are common.
LEVELS = st.integers(0, 8).map(lambda level: level / 8)
CHURN_ROWS = st.lists(st.tuples(st.integers(0, 1), LEVELS), min_size=1, max_size=60)
VALUE_ROWS = st.lists(
    st.tuples(st.integers(-20, 100), st.integers(0, 6)), min_size=1, max_size=60
).map(lambda rows: np.array(rows, dtype=float).T)


def columns(rows: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(rows, dtype=float)
    return table[:, 0], table[:, 1]


def test_churn_measures_worked_out_by_hand() -> None:
    measures = churn_measures(CHURNED, PROBABILITY)
    # Of 2 x 3 pairs one is out of order (.6 left, .8 stayed).
    assert measures["roc_auc"] == pytest.approx(5 / 6)
    # Precision 1/1 at the first churner, 2/3 at the second.
    assert measures["pr_auc"] == pytest.approx((1 + 2 / 3) / 2)
    assert measures["brier"] == pytest.approx((0.01 + 0.64 + 0.16 + 0.16 + 0.01) / 5)
    likelihood = math.log(0.9 * 0.2 * 0.6 * 0.6 * 0.9)
    assert measures["log_loss"] == pytest.approx(-likelihood / 5)
    # Each row fills three of the 15 bins.
    assert measures["ece"] == pytest.approx((0.1 + 0.8 + 0.4 + 0.4 + 0.1) / 5)
    # The top tenth is half of the first row, who left: 1 against 2/5.
    assert measures["top_decile_lift"] == pytest.approx(2.5)


def test_value_measures_worked_out_by_hand() -> None:
    measures = value_measures([10.0, 0.0, 30.0, 60.0], [5.0, 10.0, 50.0, 40.0])
    # By prediction the running totals are 30, 90, 90, 100; by itself 60, 90, 100, 100.
    assert measures["normalised_gini"] == pytest.approx((310 - 250) / (350 - 250))
    # Ranks 2 1 3 4 against 1 2 4 3: squared differences sum to 4.
    assert measures["spearman"] == pytest.approx(1 - 6 * 4 / (4 * 15))
    assert measures["bias"] == pytest.approx(1.05)
    assert measures["mae"] == pytest.approx((5 + 10 + 20 + 20) / 4)
    # .4 of the row of 30, of 100 in all.
    assert measures["top_decile_capture"] == pytest.approx(0.12)


def test_decile_mape_worked_out_by_hand() -> None:
    predicted = np.arange(1.0, 11.0)
    actual = predicted.copy()
    actual[9] = 8.0  # predicted 10: 25 % too much, one decile of ten
    assert decile_mape(actual, predicted) == pytest.approx(0.025)


def test_a_decile_without_value_is_left_out_of_the_mape() -> None:
    predicted = np.arange(1.0, 11.0)
    actual = np.where(predicted <= 5, 0.0, predicted * 2)
    assert decile_mape(actual, predicted) == pytest.approx(0.5)


def test_amounts_that_cancel_in_a_decile_leave_it_out() -> None:
    predicted = np.repeat(np.arange(1.0, 11.0), 2)
    actual = np.repeat(np.arange(1.0, 11.0), 2)
    actual[:2] = [0.3, -0.3]
    assert decile_mape(actual, predicted) == pytest.approx(0.0)


@given(CHURN_ROWS)
def test_roc_auc_is_the_share_of_pairs_in_order(rows: list[tuple[int, float]]) -> None:
    churned, probability = columns(rows)
    left, stayed = probability[churned == 1], probability[churned == 0]
    pairs = [(a > b) + (a == b) / 2 for a in left for b in stayed]
    expected = sum(pairs) / len(pairs) if pairs else math.nan
    assert roc_auc(churned, probability) == pytest.approx(expected, nan_ok=True)


@given(CHURN_ROWS)
def test_pr_auc_is_the_sum_over_distinct_scores(rows: list[tuple[int, float]]) -> None:
    churned, probability = columns(rows)
    expected, recalled = 0.0, 0.0
    for level in sorted(set(probability), reverse=True):
        chosen = churned[probability >= level]
        expected += (chosen.sum() - recalled) * chosen.mean() / max(churned.sum(), 1)
        recalled = chosen.sum()
    undefined = len(set(churned)) == 1
    assert pr_auc(churned, probability) == pytest.approx(
        math.nan if undefined else expected, nan_ok=True
    )


@given(CHURN_ROWS)
def test_log_loss_equals_scikit_learn(rows: list[tuple[int, float]]) -> None:
    churned, probability = columns(rows)
    expected = sklearn_log_loss(churned, probability, labels=[0, 1])
    assert log_loss(churned, probability) == pytest.approx(expected)


@given(CHURN_ROWS)
def test_no_ranking_measure_changes_under_a_rising_transform(
    rows: list[tuple[int, float]],
) -> None:
    churned, probability = columns(rows)
    for measure in (roc_auc, pr_auc, top_decile_lift):
        expected = measure(churned, probability)
        assert measure(churned, np.exp(probability) * 50 - 60) == pytest.approx(
            expected, nan_ok=True
        )


@given(CHURN_ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_churn_measure(
    rows: list[tuple[int, float]], random: Random
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    expected = churn_measures(*columns(rows))
    assert churn_measures(*columns(shuffled)) == pytest.approx(expected, nan_ok=True)


@given(VALUE_ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_value_measure(table: np.ndarray, random: Random) -> None:
    order = list(range(table.shape[1]))
    random.shuffle(order)
    expected = value_measures(table[0], table[1])
    assert value_measures(table[0][order], table[1][order]) == pytest.approx(expected, nan_ok=True)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 1), LEVELS, st.integers(0, 3)), min_size=1, max_size=40))
def test_a_weight_of_k_equals_k_rows(rows: list[tuple[int, float, int]]) -> None:
    churned, probability, weights = np.array([*rows, (1, 0.5, 1)], dtype=float).T
    times = weights.astype(int)
    expected = churn_measures(np.repeat(churned, times), np.repeat(probability, times))
    weighted = churn_measures(churned, probability, weights)
    assert weighted == pytest.approx(expected, nan_ok=True)


@given(VALUE_ROWS)
def test_normalised_gini_equals_its_expectation_over_the_orders_of_ties(
    table: np.ndarray,
) -> None:
    actual, predicted = table

    def summed(score: np.ndarray, order: np.ndarray) -> float:
        ranked = actual[order][np.argsort(-score[order], kind="stable")]
        return float(np.cumsum(ranked).sum() - actual.sum() * (len(actual) + 1) / 2)

    forward, backward = np.arange(len(actual)), np.arange(len(actual))[::-1]
    # An order and its reverse average to the expectation, because the sum is linear in the ranks.
    mean = (summed(predicted, forward) + summed(predicted, backward)) / 2
    best = summed(actual, forward)
    expected = mean / best if len(set(actual)) > 1 else math.nan
    assert normalised_gini(actual, predicted) == pytest.approx(expected, nan_ok=True)


@given(VALUE_ROWS)
def test_normalised_gini_of_the_truth_is_one_and_of_its_opposite_minus_one(
    table: np.ndarray,
) -> None:
    actual = np.append(table[0], [101.0, -21.0])
    assert normalised_gini(actual, actual * 3 - 5) == pytest.approx(1)
    assert normalised_gini(actual, -actual) == pytest.approx(-1)


@given(VALUE_ROWS, st.integers(1, 20))
def test_bins_hold_every_row_once(table: np.ndarray, n_bins: int) -> None:
    bins = equal_mass_bins(table[0], table[1], n_bins)
    assert bins.actual.mean() == pytest.approx(table[0].mean())
    assert bins.predicted.mean() == pytest.approx(table[1].mean())
    assert (np.diff(bins.predicted) >= -1e-9).all()


def test_bins_without_ties_are_the_means_of_equal_slices() -> None:
    rng = np.random.default_rng(3)
    actual, predicted = rng.normal(size=60), rng.permutation(60).astype(float)
    bins = equal_mass_bins(actual, predicted, 15)
    ranked = actual[np.argsort(predicted)].reshape(15, 4)
    assert bins.actual == pytest.approx(ranked.mean(axis=1))


def test_calibration_error_is_zero_where_every_level_is_right() -> None:
    churned = np.array([1, 0, 0, 0] * 30 + [1, 1, 1, 0] * 30)
    probability = np.array([0.25] * 120 + [0.75] * 120)
    assert expected_calibration_error(churned, probability) == pytest.approx(0)
    assert expected_calibration_error(churned, churned) == pytest.approx(0)


def test_calibration_error_of_one_level_is_its_distance_from_the_share() -> None:
    # In this order of the rows, bins cut without regard to ties would report .5.
    churned = np.array([0] * 150 + [1] * 150)
    assert expected_calibration_error(churned, np.full(300, 0.6)) == pytest.approx(0.1)


def test_perfect_and_constant_probabilities() -> None:
    churned = np.array([1] * 20 + [0] * 80)
    perfect = churn_measures(churned, churned)
    assert perfect["roc_auc"] == 1
    assert perfect["pr_auc"] == 1
    assert perfect["brier"] == 0
    assert perfect["log_loss"] == pytest.approx(0, abs=1e-12)
    assert perfect["top_decile_lift"] == pytest.approx(5)
    constant = churn_measures(churned, np.full(100, 0.2))
    assert constant["roc_auc"] == pytest.approx(0.5)
    assert constant["pr_auc"] == pytest.approx(0.2)
    assert constant["ece"] == pytest.approx(0, abs=1e-12)
    assert constant["top_decile_lift"] == pytest.approx(1)


@pytest.mark.parametrize("outcome", [0, 1])
def test_a_single_class_leaves_rankings_undefined_and_errors_defined(outcome: int) -> None:
    measures = churn_measures([outcome] * 4, [0.1, 0.2, 0.2, 0.4])
    undefined = {name for name, value in measures.items() if math.isnan(value)}
    assert undefined == {"roc_auc", "pr_auc", "top_decile_lift"}


def test_a_certain_mistake_has_a_finite_log_loss() -> None:
    assert log_loss([1], [0.0]) == pytest.approx(36.04, abs=0.01)


def test_constant_predictions_of_value() -> None:
    actual = np.arange(10.0)
    measures = value_measures(actual, np.full(10, 4.5))
    assert measures["normalised_gini"] == pytest.approx(0)
    assert math.isnan(measures["spearman"])
    assert measures["top_decile_capture"] == pytest.approx(0.1)
    assert measures["bias"] == pytest.approx(1)


def test_no_value_at_all_leaves_only_the_absolute_error() -> None:
    measures = value_measures(np.zeros(5), np.arange(5.0))
    assert measures.pop("mae") == 2
    assert all(math.isnan(value) for value in measures.values())


def test_returns_above_purchases_have_a_bias_and_a_gini_but_no_capture() -> None:
    actual = np.array([-10.0, -20.0, 5.0])
    assert bias(actual, actual * 2) == pytest.approx(2)
    assert normalised_gini(actual, actual) == pytest.approx(1)
    assert math.isnan(top_decile_capture(actual, actual))


def test_one_row() -> None:
    measures = value_measures([3.0], [6.0])
    assert measures["bias"] == 2
    assert measures["decile_mape"] == pytest.approx(1)
    assert mae([3.0], [6.0]) == 3
    assert math.isnan(spearman([3.0], [6.0]))
    assert brier([1], [0.5]) == 0.25


@pytest.mark.parametrize(
    ("churned", "probability", "weights", "message"),
    [
        (
            [1, 0],
            [0.5],
            None,
            r"columns differ in length \(churned 2, probability 1\): give one row",
        ),
        ([], [], None, r"churned has shape \(0,\): give one dimension with at least one row"),
        ([1, 2], [0.5, 0.5], None, r"churned holds 2: give 1 \(left\) or 0 \(stayed\)"),
        ([1, 0], [0.5, 1.5], None, r"probability holds 1\.5: give values from 0 to 1"),
        (
            [1, 0],
            [0.5, math.nan],
            None,
            r"probability has 1 NaN or infinite of 2 rows: leave them out",
        ),
        ([1, 0], [0.5, 0.4], [1, -1], r"weights run from -1 to 1: give weights of at least 0"),
        ([1, 0], [0.5, 0.4], [0, 0], r"weights run from 0 to 0: give weights of at least 0"),
        ([1, 0], [0.5, 0.4], [1], r"columns differ in length \(actual 2, weights 1\)"),
    ],
)
def test_unusable_columns_are_named(
    churned: list[float], probability: list[float], weights: list[float] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        brier(churned, probability, weights)


def test_no_bins_is_an_error() -> None:
    with pytest.raises(ValueError, match="n_bins is 0: give at least 1"):
        equal_mass_bins([1.0], [1.0], 0)


@given(CHURN_ROWS)
def test_all_churn_measures_are_those_that_are_taken_alone(rows: list[tuple[int, float]]) -> None:
    churned, probability = columns(rows)
    alone = {
        "roc_auc": roc_auc(churned, probability),
        "pr_auc": pr_auc(churned, probability),
        "brier": brier(churned, probability),
        "log_loss": log_loss(churned, probability),
        "ece": expected_calibration_error(churned, probability),
        "top_decile_lift": top_decile_lift(churned, probability),
        "empc": empc(churned, probability).profit,
    }
    assert churn_measures(churned, probability) == pytest.approx(alone, abs=1e-12, nan_ok=True)


@given(VALUE_ROWS)
def test_all_value_measures_are_those_that_are_taken_alone(table: np.ndarray) -> None:
    actual, predicted = table
    functions = (normalised_gini, spearman, decile_mape, bias, top_decile_capture, mae)
    alone = {f.__name__: f(actual, predicted) for f in functions}
    assert value_measures(actual, predicted) == pytest.approx(alone, abs=1e-12, nan_ok=True)


@given(VALUE_ROWS)
def test_spearman_equals_scipy(table: np.ndarray) -> None:
    actual, predicted = table
    constant = np.ptp(actual) == 0 or np.ptp(predicted) == 0
    expected = math.nan if constant else spearmanr(actual, predicted).statistic
    assert spearman(actual, predicted) == pytest.approx(expected, abs=1e-12, nan_ok=True)
