from __future__ import annotations

import numpy as np
import pytest

from models.matrix import Floats
from models.recipe import Recipe
from training.choice import (
    ALL,
    Candidates,
    Predicted,
    choose,
    corrects,
    decile_log_bias,
    method,
    pairs,
)
from training.held_out import HeldOut

REACH = 90


def held_out(day: str, bias: float = 1.0, rows: int = 50) -> HeldOut:
    """Give a fold in which those who stay bring ``bias`` times what is predicted."""
    churned = np.asarray(np.arange(rows) % 2, dtype=np.float64)
    nothing, unknown = np.zeros(rows), np.full(rows, np.nan)
    return HeldOut(
        churned,
        np.full(rows, 0.5),
        np.where(churned == 0, 10 * bias, 0.0),
        np.full(rows, 10.0),
        nothing,
        unknown,
        unknown,
        churned == 0,
        np.full(rows, day, dtype="datetime64[D]"),
    )


DAYS = ("2024-07-01", "2024-04-01", "2024-01-01")


def folds(*biases: float) -> list[HeldOut]:
    """Give folds a quarter apart, newest first."""
    return [held_out(day, bias) for day, bias in zip(DAYS, biases, strict=True)]


def test_a_fold_is_judged_by_those_that_were_known_when_it_was_predicted() -> None:
    assert pairs(folds(1, 1, 1), REACH) == [([1, 2], 0), ([2], 1)]
    assert pairs([held_out("2024-07-01"), held_out("2024-06-01")], REACH) == []
    assert pairs(folds(1, 1, 1), None) == [([1, 2], 0), ([0, 2], 1), ([0, 1], 2)]
    assert pairs([], REACH) == []


@pytest.mark.parametrize(
    ("biases", "expected"),
    [
        ((1.3, 1.3, 1.3), True),
        ((1.4, 1.2, 1.1), True),
        ((1.3, 1.0, 1.3), False),
        ((0.8, 1.2, 1.2), False),
        ((1.0, 1.0, 1.0), False),
    ],
)
def test_a_bias_is_corrected_where_it_persists(
    biases: tuple[float, ...],
    expected: bool,  # noqa: FBT001 - of the table above
) -> None:
    assert corrects(folds(*biases), REACH) is expected


def test_one_fold_that_a_correction_would_have_helped_may_be_chance() -> None:
    assert not corrects(folds(1.3, 1.3, 1.3)[:2], REACH)
    assert not corrects([], REACH)


def test_a_baseline_is_not_calibrated() -> None:
    assert method(Recipe("logistic_rfm"), folds(1, 1, 1), REACH) == "none"
    assert method(Recipe(), [], REACH) == "none"


def predicted(seed: int, rows: int = 2_000) -> Predicted:
    """Give a fold where extra trees see twice as far, and only scaled spend ranks values."""
    rng = np.random.default_rng(seed)
    signal, other = rng.normal(size=(2, rows))
    churned = (rng.random(rows) < 1 / (1 + np.exp(-signal - other))).astype(np.float64)
    spend = rng.lognormal(3, 1, rows)
    value = np.where(churned == 0, spend * rng.gamma(4.0, 0.25, rows), 0.0)

    def sure(odds: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-odds)))

    alike = np.full(rows, 30.0)
    risk = {"lightgbm": sure(0.8 * signal), "extra_trees": sure(signal + other)}
    return Predicted(
        churned,
        value,
        {**risk, "logistic_rfm": sure(-signal)},
        {"tweedie": alike, "lognormal": alike, "ziln": 0.4 * spend, "scaled_spend": spend},
        {"mean": np.zeros(rows), "regression": alike, "ziln": alike},
    )


def test_kinds_are_chosen_by_log_loss_gini_and_log_bias() -> None:
    chosen = choose(Recipe(), [predicted(1), predicted(2)], ALL)
    assert chosen.churn == "extra_trees"
    # Both rank alike, and predicting less than half of the total does not pay.
    assert chosen.value == "scaled_spend"
    assert chosen.churned_value == "mean"


def test_without_candidates_a_recipe_keeps_its_kinds() -> None:
    recipe = Recipe("blend", "ziln", "regression")
    kinds = Candidates.of(recipe)
    assert kinds.members == ["lightgbm", "extra_trees", "logistic_rfm"]
    assert choose(recipe, [predicted(1)], kinds) == recipe


def test_folds_without_any_value_choose_the_first() -> None:
    said = predicted(1)
    empty = Predicted(said.churned, 0 * said.value, said.probability, said.retained, said.lost)
    assert choose(Recipe(), [empty], ALL).value == "tweedie"


def test_a_right_total_does_not_hide_wrong_tenths() -> None:
    rng = np.random.default_rng(3)
    spend = np.sort(rng.lognormal(3, 1, 2_000))
    # Both rank like spend itself; one is 5 % too high, the other flattens and has the total right.
    flat = np.sqrt(spend) * spend.sum() / np.sqrt(spend).sum()
    said = predicted(1)
    fold = Predicted(
        0 * said.churned,
        spend,
        {m: np.full(2_000, 1e-6) for m in said.probability},
        {"tweedie": 1.05 * spend, "lognormal": flat, "ziln": flat, "scaled_spend": flat},
        said.lost,
    )
    assert choose(Recipe(), [fold], ALL).value == "tweedie"
    assert decile_log_bias(spend, 1.05 * spend) == pytest.approx(np.log(1.05))
    assert decile_log_bias(spend, 0 * spend) == pytest.approx(np.log(10))
    assert np.isnan(decile_log_bias(0 * spend, spend))
