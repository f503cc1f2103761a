from __future__ import annotations

import numpy as np
import pytest

from models.intervals import INPUTS, NAMES, Intervals
from models.matrix import Floats
from training.intervals import FEWEST, Forward, fit

ROWS = 8_000


def customers(rows: int, seed: int, drift: float = 1.0) -> Forward:
    """Make predictions that are right, of customers of whom most bring nothing."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.8, 0.5, rows)
    retained = rng.lognormal(4, 1, rows)
    spread = rng.lognormal(-0.18, 0.6, rows)
    value = np.where(rng.random(rows) < p, 0.0, drift * retained * spread)
    scores = np.column_stack([p, retained, np.zeros(rows), (1 - p) * retained])
    return Forward(scores, np.asarray(np.round(value, 2), dtype=np.float64), rng.random(rows) < 0.5)


def fitted(known: Forward) -> Intervals:
    made = fit(known, seed=7)
    assert made is not None
    return made


def covered(known: Forward, ends: Floats) -> tuple[Floats, Floats]:
    """Give whether the intervals of 90 and of 80 % hold."""
    low90, high90, low80, high80 = ends.T
    value = known.value
    return (value >= low90) & (value <= high90), (value >= low80) & (value <= high80)


def deciles(known: Forward, hits: Floats) -> list[float]:
    order = np.argsort(known.scores[:, INPUTS.index("expected_value")], kind="stable")
    return [float(hits[part].mean()) for part in np.array_split(order, 10)]


@pytest.fixture(scope="module")
def model() -> Intervals:
    return fitted(customers(ROWS, seed=1))


@pytest.fixture(scope="module")
def later() -> Forward:
    return customers(ROWS, seed=2)


def test_intervals_cover_what_they_promise_at_every_level_of_value(
    model: Intervals, later: Forward
) -> None:
    nine, eight = covered(later, model.predict(later.scores))
    assert 0.88 < nine.mean() < 0.92
    assert 0.78 < eight.mean() < 0.87
    assert min(deciles(later, nine)) > 0.85
    some = [
        hits
        for hits, nothing in zip(
            deciles(later, nine), deciles(later, later.value == 0), strict=True
        )
        if nothing < 0.8
    ]
    assert max(some) < 0.95
    assert min(deciles(later, eight)) > 0.74


def test_ends_are_ordered_and_nested(model: Intervals, later: Forward) -> None:
    low90, high90, low80, high80 = model.predict(later.scores).T
    assert (low90 <= low80).all()
    assert (low80 <= high80).all()
    assert (high80 <= high90).all()
    assert len(NAMES) == 4


def test_who_may_well_bring_nothing_has_a_lower_end_of_zero(
    model: Intervals, later: Forward
) -> None:
    low90 = model.predict(later.scores)[:, 0]
    p = later.scores[:, 0]
    assert np.mean(low90[p > 0.2] == 0) > 0.95
    assert np.mean(low90[p < 0.01] > 0) > 0.7


def test_who_surely_brings_nothing_has_an_interval_of_zero(model: Intervals) -> None:
    scores = np.asarray([[0.999, 50.0, 0.0, 0.05]])
    assert model.predict(scores).tolist() == [[0.0] * 4]


def test_an_interval_grows_with_what_is_expected(model: Intervals) -> None:
    retained = np.asarray([100.0, 1_000.0, 100_000.0])
    scores = np.column_stack([np.full(3, 0.1), retained, np.zeros(3), 0.9 * retained])
    high = model.predict(scores)[:, 1]
    assert (np.diff(high) > 0).all()
    assert (high > 0.9 * retained).all()


def test_returns_make_lower_ends_below_zero() -> None:
    def returning(seed: int) -> Forward:
        made = customers(ROWS, seed)
        back = np.random.default_rng(seed).random(ROWS) < 0.15
        return Forward(made.scores, np.where(back, -20.0, made.value), made.half)

    later = returning(12)
    ends = fitted(returning(11)).predict(later.scores)
    nine, _ = covered(later, ends)
    assert (ends[:, 0] < 0).mean() > 0.9
    assert 0.88 < nine.mean() < 0.93


def test_what_is_bought_for_a_cent_does_not_lift_an_end_off_zero() -> None:
    known = customers(ROWS, seed=3)
    cents = Forward(known.scores, np.where(known.value > 0, known.value, 0.01), known.half)
    low = fitted(cents).predict(known.scores)[:, 0]
    assert np.isfinite(low).all()


def test_tails_may_be_heavy() -> None:
    rng = np.random.default_rng(4)

    def heavy(seed: int) -> Forward:
        made = customers(ROWS, seed)
        return Forward(made.scores, made.value * np.exp(rng.standard_t(2, ROWS)), made.half)

    later = heavy(14)
    ends = fitted(heavy(13)).predict(later.scores)
    nine, _ = covered(later, ends)
    assert np.isfinite(ends).all()
    assert 0.88 < nine.mean() < 0.92


@pytest.mark.parametrize("rows", [FEWEST + 40, 600])
def test_a_few_hundred_customers_are_enough(rows: int) -> None:
    later = customers(5_000, seed=6)
    shares = [
        covered(later, fitted(customers(rows, seed)).predict(later.scores))[0].mean()
        for seed in range(10, 16)
    ]
    assert 0.86 < np.mean(shares) < 0.96


def test_too_few_or_nothing_at_all_gives_none() -> None:
    few = customers(FEWEST // 2, seed=1)
    assert fit(few, seed=7) is None
    many = customers(500, seed=1)
    nothing = Forward(many.scores, np.zeros(500), many.half)
    assert fit(nothing, seed=7) is None
    assert fit(Forward(many.scores, -many.value, many.half), seed=7) is None
    assert fit(Forward(many.scores, many.value, np.ones(500, dtype=bool)), seed=7) is None


def test_another_run_gives_the_same() -> None:
    known = customers(1_000, seed=8)
    assert fitted(known).to_files() == fitted(known).to_files()


def test_they_travel_as_text(model: Intervals, later: Forward) -> None:
    fields, texts = model.to_files()
    again = Intervals.from_files(fields, texts)
    np.testing.assert_array_equal(again.predict(later.scores), model.predict(later.scores))
    assert sorted(texts) == [f"value_quantile_{n}.txt" for n in ("05", "10", "80", "90", "95")]
    assert again.corrections == model.corrections
