from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import (
    METHODS,
    Calibration,
    choose,
    clip,
    fit,
    log_loss,
    logit,
    others,
    sigmoid,
    sure_gain,
)
from models.matrix import Floats


def world(rows: int, slope: float, intercept: float, seed: int) -> tuple[Floats, Floats, Floats]:
    """Draw outcomes, what a distorted model says of them, and their true probabilities."""
    rng = np.random.default_rng(seed)
    said = rng.beta(2, 3, rows)
    true = sigmoid(slope * logit(said) + intercept)
    return (rng.random(rows) < true).astype(np.float64), said, true


def bent(rows: int, seed: int) -> tuple[Floats, Floats]:
    """Draw outcomes that follow steps, which no sigmoid can follow."""
    rng = np.random.default_rng(seed)
    said = rng.random(rows)
    true = np.select([said < 0.3, said < 0.7], [0.02, 0.5], 0.55)
    return (rng.random(rows) < true).astype(np.float64), said


def test_a_sigmoid_recovers_a_known_distortion() -> None:
    outcome, said, true = world(40_000, slope=0.6, intercept=-0.8, seed=1)
    fitted = fit("sigmoid", outcome, said)
    assert fitted.y == pytest.approx((0.6, -0.8), abs=0.05)
    assert np.abs(fitted.apply(said) - true).max() < 0.02


def test_isotonic_recovers_a_known_distortion() -> None:
    outcome, said, true = world(40_000, slope=2.0, intercept=0.5, seed=2)
    assert np.abs(fit("isotonic", outcome, said).apply(said) - true).mean() < 0.02


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_monotone_and_stays_off_certainty(method: str) -> None:
    outcome, said, _ = world(500, slope=1.5, intercept=0.2, seed=3)
    calibrated = fit(method, outcome, said).apply(np.linspace(0, 1, 301))
    assert (np.diff(calibrated) >= 0).all()
    assert calibrated.min() >= 1e-6
    assert calibrated.max() <= 1 - 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_a_calibration_travels_as_json_to_the_bit(method: str) -> None:
    outcome, said, _ = world(300, slope=0.7, intercept=0.1, seed=4)
    fitted = fit(method, outcome, said)
    read = Calibration.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert read == fitted
    np.testing.assert_array_equal(read.apply(said), fitted.apply(said))


def test_beta_recovers_a_known_distortion() -> None:
    rng = np.random.default_rng(3)
    said = rng.beta(1.2, 1.2, 60_000)
    true = sigmoid(0.5 * np.log(said) - 2.0 * np.log1p(-said) + 0.3)
    fitted = fit("beta", (rng.random(60_000) < true).astype(np.float64), said)
    assert fitted.y == pytest.approx((0.5, 2.0, 0.3), abs=0.08)
    assert np.abs(fitted.apply(said) - true).max() < 0.02


def test_beta_leaves_out_an_end_that_would_turn_the_ranking_round() -> None:
    rng = np.random.default_rng(4)
    said = rng.beta(1.2, 1.2, 20_000)
    true = sigmoid(-0.4 * np.log(said) - 2.0 * np.log1p(-said) - 1.0)
    a, b, _ = fit("beta", (rng.random(20_000) < true).astype(np.float64), said).y
    assert a == 0
    assert b > 1


def test_the_method_with_the_lowest_held_out_loss_is_chosen() -> None:
    folds = [world(4_000, slope=0.4, intercept=-1.0, seed=s)[:2] for s in (5, 6, 7)]
    assert choose(folds, others(3)) == "sigmoid"
    assert choose([bent(4_000, seed) for seed in (1, 2, 3)], others(3)) == "isotonic"


def test_folds_of_a_calibrated_model_are_left_alone() -> None:
    folds = [world(2_000, slope=1.0, intercept=0.0, seed=s)[:2] for s in range(20, 26)]
    assert choose(folds, others(6)) == "none"


def test_without_a_fold_to_judge_by_nothing_is_calibrated() -> None:
    assert choose([bent(4_000, seed=1)], others(1)) == "none"
    assert choose([bent(4_000, seed=1), bent(4_000, seed=2)], []) == "none"


def drifting(shifts: list[float]) -> list[tuple[Floats, Floats]]:
    """Give folds, newest first, in which a model says too little by a shift of the log odds."""
    return [world(4_000, slope=1.0, intercept=s, seed=30 + n)[:2] for n, s in enumerate(shifts)]


FORWARD = [([1, 2], 0), ([2], 1)]
"""Folds, newest first, each of which is judged by the earlier ones."""


def test_a_drift_that_persists_is_calibrated_and_one_that_turns_is_not() -> None:
    assert choose(drifting([0.6, 0.6, 0.6]), FORWARD) != "none"
    assert choose(drifting([-0.6, 0.6, -0.6]), FORWARD) == "none"


def test_a_gain_within_its_error_is_none() -> None:
    rng = np.random.default_rng(1)
    assert sure_gain([rng.normal(0.001, 1, 1000)]) == 0
    assert sure_gain([rng.normal(1, 1, 1000)]) == pytest.approx(1, abs=0.1)
    # Customers agree within each fold, but the folds do not agree with one another.
    assert sure_gain([np.full(100, 0.5), np.full(100, -0.3)]) == 0
    assert sure_gain([np.full(100, 0.5), np.full(100, 0.3)]) == pytest.approx(0.4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_only_calibrates_nothing(method: str, outcome: float) -> None:
    assert fit(method, np.full(5, outcome), np.linspace(0.1, 0.9, 5)) == Calibration()


def test_a_model_that_ranks_the_wrong_way_round_is_not_turned() -> None:
    outcome, said, _ = world(2_000, slope=-1.0, intercept=0.0, seed=8)
    assert fit("sigmoid", outcome, said) == Calibration()


def test_separated_outcomes_are_calibrated_without_overflow() -> None:
    outcome, said = np.array([0.0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    calibrated = fit("sigmoid", outcome, said).apply(np.array([0.0, 1e-300, 0.5, 1.0]))
    assert (np.diff(calibrated) >= 0).all()


def test_one_probability_for_everybody_is_calibrated_to_the_rate() -> None:
    outcome, said = np.array([0.0, 0, 0, 1]), np.full(4, 0.7)
    assert fit("isotonic", outcome, said).apply(said) == pytest.approx(0.25)


def test_the_loss_is_the_mean_negative_log_likelihood() -> None:
    loss = log_loss(np.array([1.0, 0.0]), np.array([0.8, 0.4]))
    assert loss == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)


@given(st.floats(-1e5, 1e5))
def test_log_odds_and_probability_are_each_other_s_inverse(score: float) -> None:
    probability = sigmoid(np.array([score]))
    assert logit(probability) == pytest.approx(logit(clip(probability)))
    if abs(score) < 10:
        assert logit(probability) == pytest.approx(score, abs=1e-9)
