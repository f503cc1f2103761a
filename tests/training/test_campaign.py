"""Campaigns: arms compared, sizes planned, and what there is too little of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from models.matrix import Floats
from training.arms import Mask, adjusted, difference
from training.campaign import Measured, measured, missing, table
from training.campaign_size import SUSPECT, mismatch, power, size

NONE = np.empty((0, 0))
SEEDS = 400


def arms_of(treated: int, control: int) -> Mask:
    return np.repeat([True, False], [treated, control])


def test_the_difference_of_means_by_hand() -> None:
    # Means 5 and 2; variances 4 / 3 and 1 / 2: 4, 2.5 over their customers 3 and 5.
    outcome = np.array([3.0, 5.0, 7.0, 0.0, 1.0, 2.0, 3.0, 4.0])
    found = difference(outcome, arms_of(3, 5), level=0.95)
    assert found.difference == 3.0
    assert found.error == pytest.approx(math.sqrt(4 / 3 + 0.5))
    # Welch's degrees of freedom: (11/6)^2 / ((4/3)^2 / 2 + 0.5^2 / 4) = 3.5329.
    assert found.high - 3 == pytest.approx(stats.t.ppf(0.975, 3.5329) * found.error, rel=1e-4)
    assert found.low + found.high == pytest.approx(6)


def test_with_a_covariate_by_hand() -> None:
    # In each arm the outcome is a straight line of the covariate: 10 + 2x treated, 4 + 2x control.
    x = np.r_[np.linspace(0, 9, 40), np.linspace(3, 12, 40)]
    treated = arms_of(40, 40)
    outcome = np.where(treated, 10.0, 4.0) + 2 * x
    found = adjusted(outcome, treated, x[:, None])
    assert found is not None
    assert found.difference == pytest.approx(6)
    assert found.error == pytest.approx(0, abs=1e-6)
    assert difference(outcome, treated).difference == pytest.approx(0)


def test_a_covariate_that_is_not_known_of_all_costs_nothing_it_knows() -> None:
    rng = np.random.default_rng(0)
    x, treated = rng.normal(size=(400, 1)), arms_of(200, 200)
    outcome = x[:, 0] + rng.normal(size=400) / 10
    blind = np.where(np.arange(400)[:, None] % 4 == 0, np.nan, x)
    whole, part = adjusted(outcome, treated, x), adjusted(outcome, treated, blind)
    assert whole is not None
    assert part is not None
    assert whole.error < part.error < difference(outcome, treated).error


@pytest.mark.parametrize(
    "covariates",
    [
        np.empty((100, 0)),
        np.full((100, 1), np.nan),
        np.full((100, 1), 3.0),
        arms_of(50, 50)[:, None].astype(float),
    ],
    ids=["none", "unknown", "constant", "constant in each arm"],
)
def test_covariates_that_tell_nothing_are_left_out(covariates: Floats) -> None:
    outcome = np.arange(100.0)
    assert adjusted(outcome, arms_of(50, 50), covariates) is None


def test_small_arms_take_few_covariates() -> None:
    rng = np.random.default_rng(0)
    x, outcome = rng.normal(size=(100, 3)), rng.normal(size=100)
    assert adjusted(outcome, arms_of(50, 50), x) == adjusted(outcome, arms_of(50, 50), x[:, :2])
    assert adjusted(outcome[:38], arms_of(19, 19), x[:38]) is None


def test_a_covariate_given_twice_counts_once() -> None:
    rng = np.random.default_rng(0)
    x, outcome = rng.normal(size=(200, 1)), rng.normal(size=200)
    once = adjusted(outcome, arms_of(100, 100), x)
    twice = adjusted(outcome, arms_of(100, 100), np.hstack([x, 2 * x + 1]))
    assert twice == once


def simulated(seed: int, *, share: float) -> tuple[Floats, Mask, Floats]:
    """Draw a campaign: effect 0.1 and more for high scores, outcome with heavy tails."""
    rng = np.random.default_rng(seed)
    score = rng.gamma(2.0, 1.0, 300)
    treated = rng.random(300) < share
    treated[:2], treated[2:4] = True, False
    noise = rng.lognormal(0, 0.8, 300)
    outcome = score + noise + treated * (0.1 + 0.2 * (score - 2))
    return outcome, treated, score[:, None]


@pytest.mark.parametrize("share", [0.5, 0.85])
def test_estimates_are_unbiased_and_intervals_cover(share: float) -> None:
    found = [
        (difference(y, t), adjusted(y, t, x))
        for y, t, x in (simulated(s, share=share) for s in range(SEEDS))
    ]
    plain = [one for one, _ in found]
    narrowed = [two for _, two in found if two is not None]
    assert len(narrowed) == SEEDS
    for made in (plain, narrowed):
        errors = np.array([one.difference for one in made]) - 0.1
        assert abs(errors.mean()) < 3 * errors.std() / math.sqrt(SEEDS), "no bias beyond chance"
        covered = np.mean([one.low <= 0.1 <= one.high for one in made])
        # Nine of ten; three standard errors of 400 draws are .045.
        assert 0.855 < covered < 0.945
    widths = [np.mean([one.high - one.low for one in made]) for made in (plain, narrowed)]
    assert widths[1] < 0.72 * widths[0], "the score explains half of the variance"


def test_without_an_effect_more_or_less_is_said_as_rarely_as_promised() -> None:
    said = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        outcome, treated = rng.normal(size=120), rng.random(120) < 0.5
        said.append(measured("profit", outcome, treated, np.empty((120, 0))).verdict)
    wrong = np.mean([one != "not enough data" for one in said])
    assert 0.055 < wrong < 0.145


def test_too_few_customers_are_told_with_the_number_needed() -> None:
    found = measured("revenue", np.ones(40), arms_of(29, 11), NONE)
    assert found.missing == (
        "29 treated and 11 control customers whose time is over; at least 30 of each are needed"
    )
    assert (found.verdict, found.best, found.treated) == ("not enough data", None, 1.0)
    assert math.isnan(found.detectable)
    assert math.isnan(found.needed)
    stayed = np.r_[np.ones(46), np.zeros(4), np.ones(30), np.zeros(20)]
    assert missing(stayed, arms_of(50, 50), is_share=True) == (
        "4 of 50 treated and 20 of 50 control customers left; at least 5 who leave and 5 who stay "
        "of each are needed"
    )
    assert not missing(stayed, arms_of(50, 50), is_share=False)
    assert not measured("retention", np.tile([0.0, 1.0], 50), arms_of(50, 50), NONE).missing


def test_nobody_in_an_arm() -> None:
    found = measured("retention", np.ones(50), arms_of(50, 0), NONE)
    assert math.isnan(found.control)
    assert found.missing.startswith("50 treated and 0 control customers")


def test_what_would_be_found_and_how_many_that_takes() -> None:
    rng = np.random.default_rng(3)
    found = measured("profit", rng.normal(size=1_000), arms_of(500, 500), np.empty((1_000, 0)))
    assert found.best is not None
    # z at .95 and at .8: 1.6449 + .8416.
    assert found.detectable == pytest.approx(2.4865 * found.best.error, rel=1e-4)
    assert found.needed == math.ceil(1_000 * (found.detectable / found.best.difference) ** 2)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [(np.r_[np.ones(50), np.zeros(50)], "more"), (np.r_[np.zeros(50), np.ones(50)], "less")],
)
def test_the_verdict(outcome: Floats, said: str) -> None:
    shifted = outcome + np.tile([0.0, 0.01], 50)
    assert measured("profit", shifted, arms_of(50, 50), NONE).verdict == said


def test_sizes_of_the_textbook() -> None:
    # Two-sided 5 %, power 80 %, 10 % against 5 %: 435 an arm (Fleiss et al., without correction).
    found = size(0.10, 0.05, power=0.8, level=0.95)
    assert (found.treated, found.control, found.customers) == (435, 435, 870)
    assert power(0.10, 0.05, 870, level=0.95).power == pytest.approx(0.8, abs=0.001)
    uneven = size(0.10, 0.05, 0.1, power=0.8, level=0.95)
    assert uneven.treated == pytest.approx(9 * uneven.control, abs=9)
    assert uneven.customers > 2 * found.customers
    assert power(0.1, 0.05, uneven.customers, 0.1, level=0.95).power == pytest.approx(
        0.8, abs=0.002
    )


def test_a_planned_size_finds_its_effect_as_often_as_promised() -> None:
    planned = size(0.3, 0.1, 0.3)
    rng, found = np.random.default_rng(0), 0
    for _ in range(SEEDS):
        left = [rng.random(planned.treated) < 0.2, rng.random(planned.control) < 0.3]
        outcome = 1 - np.concatenate(left).astype(float)
        treated = arms_of(planned.treated, planned.control)
        found += (
            measured("retention", outcome, treated, np.empty((len(outcome), 0))).verdict == "more"
        )
    assert found / SEEDS == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((0.0, 0.1, 0.5), "base rate is 0; give a share between 0 and 1"),
        ((0.2, 0.1, 1.0), "control share is 1; give a share between 0 and 1"),
        ((0.2, 0.0, 0.5), "effect is 0 on a base rate of 0.2; give the points"),
        ((0.2, 0.3, 0.5), "and not more than the base rate"),
    ],
)
def test_a_size_of_something_else(numbers: tuple[float, float, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        size(*numbers)


def test_arms_in_other_shares_than_planned() -> None:
    # P(at most 1 or at least 9 of 10 at one half) = 22 / 1024.
    assert mismatch(9, 1, 0.5) == pytest.approx(22 / 1024)
    assert mismatch(900, 100, 0.1) == pytest.approx(1)
    assert mismatch(940, 60, 0.1) < SUSPECT


def test_the_table_has_a_row_a_measure() -> None:
    rng = np.random.default_rng(1)
    made: list[Measured] = [
        measured("retention", np.ones(10), arms_of(5, 5), NONE),
        measured("profit", rng.normal(size=80), arms_of(40, 40), rng.normal(size=(80, 1))),
    ]
    found = table(made)
    assert found["measure"].tolist() == ["retention", "profit"]
    assert found["adjusted"].tolist() == [False, True]
    assert math.isnan(found["difference"].iloc[0])
    assert found["low"].iloc[1] < found["difference"].iloc[1] < found["high"].iloc[1]
