from __future__ import annotations

import numpy as np
import pytest

from models import ziln
from models.matrix import Floats

STEP = 1e-4


def rows(seed: int = 1) -> tuple[Floats, Floats]:
    """Draw raw figures, and amounts a third of which are zero or below."""
    rng = np.random.default_rng(seed)
    value = np.where(rng.random(60) < 0.3, rng.choice([0.0, -3.0], 60), rng.lognormal(2, 1, 60))
    raw = np.column_stack([rng.normal(0, 1, 60), rng.normal(2, 1, 60), rng.normal(-0.3, 0.5, 60)])
    return raw, value


@pytest.mark.parametrize("output", range(ziln.OUTPUTS))
def test_gradient_and_hessian_are_those_of_the_loss(output: int) -> None:
    raw, value = rows()
    gradient, hessian = ziln.gradient(raw, value)
    step = np.zeros(ziln.OUTPUTS)
    step[output] = STEP
    before, after = (ziln.loss(raw + sign * step, value) for sign in (-1, 1))
    np.testing.assert_allclose(gradient[:, output], (after - before) / (2 * STEP), atol=1e-5)
    bent = (after - 2 * ziln.loss(raw, value) + before) / STEP**2
    np.testing.assert_allclose(hessian[:, output], bent, rtol=1e-4, atol=1e-5)
    assert (hessian >= 0).all()


def test_the_loss_is_the_negative_log_likelihood() -> None:
    raw = np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    bought = np.log(2) + (np.log(5) - 1) ** 2 / 2
    np.testing.assert_allclose(ziln.loss(raw, np.array([0.0, 5.0])), [np.log(2), bought])


def test_the_expected_value_is_the_mean_of_its_draws() -> None:
    rng = np.random.default_rng(5)
    drawn = (rng.random(400_000) < 0.3) * rng.lognormal(1.0, 0.8, 400_000)
    odds = np.log(0.3 / 0.7)
    said = ziln.expected(np.array([[odds, 1.0, np.log(0.8)]]))
    assert said[0] == pytest.approx(drawn.mean(), rel=0.02)


def test_boosting_starts_where_the_gradient_of_the_whole_is_zero() -> None:
    _, value = rows()
    many = np.repeat(value, 100)
    gradient, _ = ziln.gradient(np.tile(ziln.start(many), (len(many), 1)), many)
    np.testing.assert_allclose(gradient.mean(axis=0), 0, atol=1e-3)


def test_a_tail_that_has_run_away_is_bounded() -> None:
    assert np.isfinite(ziln.expected(np.array([[9.0, 3.0, 50.0]]))).all()


@pytest.mark.parametrize("value", [[7.0, 7.0], [1e-9], [3.0, 0.0]])
def test_there_is_a_start_where_anybody_spends(value: list[float]) -> None:
    assert np.isfinite(ziln.start(np.array(value))).all()


def test_nobody_who_spends_is_an_error() -> None:
    with pytest.raises(ValueError, match="no amount is above zero"):
        ziln.start(np.array([0.0, -1.0]))
