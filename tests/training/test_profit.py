from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta as beta_distribution

from models.economics import contact_profit
from training.profit import empc

CHURNED = [0, 1, 0, 1, 0, 1, 0, 1]
SCORE = [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]

ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=1, max_size=25)


def integrated(
    churned: np.ndarray, score: np.ndarray, clv: float, d: float, f: float
) -> tuple[float, float]:
    """EMPC by definition: for each acceptance of a fine grid the best of all thresholds."""
    gamma = np.linspace(0, 1, 20_001)
    density = beta_distribution.pdf(gamma, 6, 14)
    best, contacted = np.zeros_like(gamma), np.zeros_like(gamma)
    for threshold in np.unique(score):
        chosen = score >= threshold
        left, stayed = np.mean(chosen & (churned == 1)), np.mean(chosen & (churned == 0))
        profit = left * (gamma * (clv - d) - f) - stayed * (d + f)
        contacted = np.where(profit > best, chosen.mean(), contacted)
        best = np.maximum(best, profit)
    return (
        float(np.trapezoid(best * density, gamma)),
        float(np.trapezoid(contacted * density, gamma)),
    )


def test_empc_of_the_reference_implementation() -> None:
    # Literals from empulse 0.13.1, `empc_score` and its `optimal_rate`.
    result = empc(CHURNED, SCORE)
    assert result.profit == pytest.approx(23.875593418348124)
    assert result.target_fraction == pytest.approx(0.8743700763487141)
    other = empc(CHURNED, SCORE, alpha=2, beta=3, clv=100, d=20, f=5)
    assert other.profit == pytest.approx(6.240606307983398)


@settings(max_examples=30, deadline=None)
@given(ROWS, st.sampled_from([(200, 10, 1), (60, 20, 5), (30, 0, 2), (200, 0, 0)]))
def test_empc_equals_integration_over_every_threshold(
    rows: list[tuple[int, int]], economics: tuple[float, float, float]
) -> None:
    churned, score = np.array(rows).T
    clv, d, f = economics
    profit, contacted = integrated(churned, score, clv, d, f)
    result = empc(churned, score, clv=clv, d=d, f=f)
    assert result.profit == pytest.approx(profit, abs=1e-4)
    # Without costs many thresholds earn the same and the fraction is not unique.
    if f > 0:
        assert result.target_fraction == pytest.approx(contacted, abs=1e-3)


@given(ROWS)
def test_empc_only_knows_the_order(rows: list[tuple[int, int]]) -> None:
    churned, score = np.array(rows).T
    assert empc(churned, np.exp(score) - 9) == pytest.approx(empc(churned, score))


@given(ROWS)
def test_empc_lies_between_contacting_all_or_none_and_foresight(
    rows: list[tuple[int, int]],
) -> None:
    churned, score = np.array(rows).T
    profit = empc(churned, score).profit
    contact_all = float(np.mean(contact_profit(churned, 0.3, 10, 1, 200)))
    assert profit >= max(contact_all, 0) - 1e-9
    assert profit <= empc(churned, churned).profit + 1e-9


@given(ROWS)
def test_a_weight_of_two_equals_two_rows(rows: list[tuple[int, int]]) -> None:
    churned, score = np.array(rows).T
    weights = np.where(score > 2, 2, 1)
    repeated = empc(np.repeat(churned, weights), np.repeat(score, weights))
    assert empc(churned, score, weights) == pytest.approx(repeated)


def test_a_single_class_has_a_profit() -> None:
    assert empc([0, 0], [0.2, 0.4]) == (0, 0)
    everyone = empc([1, 1], [0.2, 0.4], f=0)
    assert everyone.profit == pytest.approx(190 * 0.3)
    assert everyone.target_fraction == pytest.approx(1)


@pytest.mark.parametrize(
    ("economics", "message"),
    [
        ({"clv": 10.0}, "clv is 10, d 10, f 1: give costs of at least 0 and a lifetime value"),
        ({"f": -1.0}, "clv is 200, d 10, f -1: give costs of at least 0"),
        ({"alpha": 0.0}, "alpha is 0, beta 14: give shapes above 0"),
    ],
)
def test_impossible_economics_are_named(economics: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        empc(CHURNED, SCORE, **economics)
