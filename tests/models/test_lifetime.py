from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.bundle import Definition
from models.lifetime import Lifetime

YEARLY = Lifetime(churn_horizon=365, value_horizon=365, years=3, discount=0.1)

# By hand: p, value if retained, expected value, assumptions, and what comes of them.
TABLE = [
    # 80 + 100·0.8²/1.1 + 100·0.8³/1.1²
    (0.2, 100, 80, YEARLY, 180.495868),
    # 20 + 40·(0.25 + 0.125 + 0.0625 + 0.03125): nothing is discounted
    (0.5, 40, 20, replace(YEARLY, years=5, discount=0.0), 38.75),
    # two years stand for one horizon: r = 0.9² = 0.81; 150 + 100·0.81²/1.1²
    (0.1, 100, 150, replace(YEARLY, value_horizon=730, years=5), 204.223140),
    # half a year of churn in a year of value: r = 0.7² = 0.49; 60 + 100·0.49²/1.1
    (0.3, 100, 60, Lifetime(182, 364, 2, 0.1), 60 + 100 * 0.49**2 / 1.1 ** (364 / 365)),
    # the cap lies before the end of the first horizon, which counts all the same
    (0.2, 100, 80, replace(YEARLY, years=0.5), 80.0),
    # who costs more than they bring goes on doing so: -5 - 10·0.25
    (0.5, -10, -5, replace(YEARLY, years=2, discount=0.0), -7.5),
    # nobody leaves and nothing is discounted
    (0.0, 100, 100, replace(YEARLY, years=5, discount=0.0), 500.0),
    # everybody leaves
    (1.0, 100, 3, YEARLY, 3.0),
]


@pytest.mark.parametrize(("p", "retained", "expected", "assumed", "value"), TABLE)
def test_values_of_a_table_computed_by_hand(
    p: float, retained: float, expected: float, assumed: Lifetime, value: float
) -> None:
    found = assumed.value(*(np.asarray([x], dtype=float) for x in (p, retained, expected)))
    assert found == pytest.approx([value], abs=1e-6)


def test_the_formula_holds_period_by_period() -> None:
    assumed = Lifetime(churn_horizon=90, value_horizon=30, years=5, discount=0.1)
    rng = np.random.default_rng(1)
    p, retained = rng.uniform(1e-6, 1 - 1e-6, 50), rng.normal(20, 30, 50)
    expected = (1 - p) * retained
    stays = (1 - p) ** (30 / 90)
    later = sum(retained * stays**t / 1.1 ** ((t - 1) * 30 / 365) for t in range(2, 61))
    assert assumed.periods == 60
    np.testing.assert_allclose(assumed.value(p, retained, expected), expected + later, rtol=1e-10)


def test_a_value_that_is_not_known_stays_so() -> None:
    unknown = np.asarray([np.nan])
    assert np.isnan(YEARLY.value(np.asarray([0.5]), unknown, unknown)).all()


def test_assumptions_belong_to_what_scores_mean() -> None:
    meant = Definition("inactivity", 90, 0, 365, 365, "EUR", "UTC")
    assert meant.lifetime is None
    told = replace(meant, lifetime_years=5.0, lifetime_discount=0.1)
    assert told.lifetime == Lifetime(90, 365, 5.0, 0.1)
    assert replace(told, churn_horizon=None).lifetime is None
