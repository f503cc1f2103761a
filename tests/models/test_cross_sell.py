"""Baskets, what they say of categories that are new to a customer, and the response model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.baskets import SIGNALS, Baskets, Tastes, spread_out
from models.cross_sell import Window, best, first_purchase, fit
from models.matrix import Floats

CATEGORIES = np.array(["bread", "butter", "tea"], dtype=object)


def baskets(days: list[list[float]], first_age: list[list[float]] | None = None) -> Baskets:
    made = np.asarray(days, dtype=np.float64)
    ages = np.asarray(first_age, dtype=np.float64) if first_age else np.full(made.shape, 100.0)
    names = np.array([f"c{n}" for n in range(len(made))], dtype=object)
    return Baskets(
        names,
        CATEGORIES[: made.shape[1]],
        made,
        np.where(made > 0, ages, np.inf),
        np.zeros((len(made), 1)),
    )


def test_rows_are_laid_out_and_strangers_left_out() -> None:
    rows = pd.DataFrame(
        {"customer_id": ["b", "a", "x"], "category": ["tea", "pins", "tea"], "days": [3, 9, 7]}
    )
    found = spread_out(rows, "days", np.array(["a", "b"], dtype=object), CATEGORIES)
    assert found.tolist() == [[0, 0, 0], [0, 0, 3]]


def test_popularity_and_adoption_by_hand() -> None:
    own = baskets(
        [[1, 1, 0], [2, 0, 0], [1, 1, 0], [0, 1, 0]],
        [[90, 5, 0], [90, 0, 0], [3, 90, 0], [0, 7, 0]],
    )
    tastes = Tastes.of(own, 7)
    assert tastes.popularity.tolist() == [0.75, 0.75, 0]
    # Bread: 1 began lately of the 2 who had none; butter: 2 of 3; tea: none of 4.
    np.testing.assert_allclose(tastes.adoption, [1 / 2, 2 / 3, 0])


def test_nobody_is_a_neighbour_of_their_own() -> None:
    own = baskets([[1, 0, 0], [1, 1, 0], [0, 0, 5]])
    tastes = Tastes.of(own, 7)
    bought, _ = tastes.neighbours(own)
    np.testing.assert_allclose(bought[0], [1, 1, 0])
    np.testing.assert_allclose(bought[2], [0, 0, 0])
    stranger = Baskets(
        np.array(["new"], dtype=object),
        *[
            getattr(own.take(slice(0, 1)), n)
            for n in ("categories", "days", "first_age", "context")
        ],
    )
    # The same basket of somebody else is the nearest: of cosine 1, beside 1 / √2.
    weight = np.array([1, 1 / np.sqrt(2)])
    np.testing.assert_allclose(tastes.neighbours(stranger)[0][0], [1, weight[1] / weight.sum(), 0])


def test_what_is_bought_together_by_hand() -> None:
    own = baskets([[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 0, 1]])
    found = Tastes.of(own, 7).signals(own)
    assert tuple(found) == SIGNALS
    # Of three who bought bread two bought butter, and one tea; of two with tea one bought bread.
    np.testing.assert_allclose(found["companions"][3], [1 / 2, 0, 0])
    np.testing.assert_allclose(found["companions"][2, 1], (2 / 3 + 0) / 2)
    np.testing.assert_allclose(found["affinity"][3], [1 / np.sqrt(6), 0, 0])


def made_up(seed: int, customers: int = 1_500) -> Window:
    """Make customers up of whom those who buy bread begin butter, and others seldom anything."""
    rng = np.random.default_rng(seed)
    days = np.where(rng.random((customers, 3)) < [0.4, 0.0, 0.4], 2.0, 0.0)
    days[:, 1] = rng.random(customers) < np.where(days[:, 0] > 0, 0.5, 0.02)
    own = baskets(days.tolist())
    spent = np.where(rng.random(days.shape) < _likely(days), [[2.0, 4.0, 8.0]], 0.0)
    return Window(own, Tastes.of(own, 30), spent)


def _likely(days: Floats) -> Floats:
    return np.where(days[:, :1] > 0, [[0.02, 0.6, 0.02]], [[0.02, 0.05, 0.02]])


def probabilities(seed: int = 3) -> tuple[Window, Floats]:
    model = fit([made_up(1), made_up(2)], seed=7)
    later = made_up(seed)
    return later, model.probability(later.baskets, later.tastes)


def test_the_response_is_learnt_and_what_is_not_new_has_none() -> None:
    window, found = probabilities()
    assert np.array_equal(np.isnan(found), ~window.baskets.new)
    eaters = window.baskets.days[:, 0] > 0
    assert np.nanmean(found[eaters, 1]) == pytest.approx(0.6, abs=0.08)
    assert np.nanmean(found[~eaters, 1]) < 0.15
    assert np.nanmean(found[:, 2]) < 0.1


def test_the_matrix_and_what_an_offer_looks_up() -> None:
    windows = [made_up(1), made_up(2)]
    model = fit(windows, seed=7)
    matrix = model.matrix(windows[0].baskets, windows[0].tastes)
    assert list(matrix.columns) == ["customer_id", "category", "probability", "expected_amount"]
    assert len(matrix) == windows[0].baskets.new.sum()
    # 5 first purchases at the mean of all are mixed in.
    begun = sum(w.begun.sum(axis=0) for w in windows)
    overall = (begun @ [2.0, 4.0, 8.0]) / begun.sum()
    expected = (begun * [2.0, 4.0, 8.0] + 5 * overall) / (begun + 5)
    own = dict(zip(matrix["category"], matrix["expected_amount"], strict=True))
    np.testing.assert_allclose([own[c] for c in CATEGORIES], expected)
    row = matrix[matrix["category"] == "tea"].iloc[0]
    p, amount = first_purchase(matrix, [row["customer_id"], "stranger"], "tea")
    assert (p[0], amount[0]) == (row["probability"], row["expected_amount"])
    assert np.isnan([p[1], amount[1]]).all()
    top = best(matrix, 1)
    assert top["customer_id"].is_unique
    assert (
        top["probability"].tolist() == matrix.groupby("customer_id")["probability"].max().tolist()
    )


def test_batches_change_nothing() -> None:
    window, whole = probabilities()
    model = fit([made_up(1), made_up(2)], seed=7)
    for part in (slice(0, 1), slice(10, 60)):
        found = model.probability(window.baskets.take(part), window.tastes)
        np.testing.assert_allclose(found, whole[part])


def test_nothing_begun_teaches_nothing() -> None:
    window = made_up(1)
    with pytest.raises(ValueError, match="nobody bought anything new"):
        fit([Window(window.baskets, window.tastes, np.zeros(window.spent.shape))], seed=7)
