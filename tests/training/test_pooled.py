"""Mean effects of several actions, drawn together."""

from __future__ import annotations

import numpy as np
import pytest

from training.measures_uplift import Estimated
from training.pooled import pooled


def test_effects_that_agree_make_each_other_surer() -> None:
    for one in pooled([Estimated(0.04, 0.02)] * 4):
        assert one.estimate == pytest.approx(0.04)
        assert 0.02 / 2 < one.error < 0.02 / 1.5


def test_the_surer_estimate_moves_less() -> None:
    sure, unsure = pooled([Estimated(0.05, 0.01), Estimated(0.01, 0.03)])
    assert 0.04 < sure.estimate < 0.05
    assert 0.03 < unsure.estimate < sure.estimate
    assert unsure.error < 0.03


def test_the_average_over_what_is_not_known_by_integration() -> None:
    seen, error = np.array([0.1, 0.3, 0.8]), 0.2
    spread = np.linspace(0, 400, 2_000_001)[:, None]
    total = error**2 + spread**2
    weight = np.exp(-((seen - seen.mean()) ** 2 / total + np.log(total)).sum(axis=1) / 2)
    weight *= np.sqrt(total[:, 0] / 3) / (1 + (spread[:, 0] / (error / 2)) ** 2)
    shares = weight @ (spread**2 / total) / weight.sum()
    found = [one.estimate for one in pooled([Estimated(s, error) for s in seen])]
    assert found == pytest.approx(0.4 + shares * (seen - 0.4), abs=0.002)


def test_effects_far_apart_stay_what_they_are() -> None:
    given = [Estimated(-0.3, 0.01), Estimated(0.3, 0.01)]
    for found, own in zip(pooled(given), given, strict=True):
        assert found.estimate == pytest.approx(own.estimate, abs=0.002)
        assert found.error == pytest.approx(own.error, rel=0.05)


def test_on_average_they_come_nearer_to_the_truth() -> None:
    rng = np.random.default_rng(1)
    own, drawn = [], []
    for _ in range(300):
        truth = rng.normal(0.04, 0.01, 4)
        seen = truth + rng.normal(0, 0.03, 4)
        found = [one.estimate for one in pooled([Estimated(s, 0.03) for s in seen])]
        own.append(np.mean((seen - truth) ** 2))
        drawn.append(np.mean((found - truth) ** 2))
    assert np.mean(drawn) < 0.6 * np.mean(own)


def test_intervals_cover_what_they_say() -> None:
    rng = np.random.default_rng(2)
    inside: list[bool] = []
    for _ in range(400):
        truth = rng.normal(0.04, 0.02, 4)
        found = pooled([Estimated(s, 0.02) for s in truth + rng.normal(0, 0.02, 4)])
        ends = [one.interval(1.96) for one in found]
        inside.extend(low <= true <= high for (low, high), true in zip(ends, truth, strict=True))
    assert np.mean(inside) > 0.9


def test_where_nothing_works_hardly_any_company_is_told_that_something_does() -> None:
    rng = np.random.default_rng(3)
    told = 0
    for _ in range(400):
        found = pooled([Estimated(s, 0.02) for s in rng.normal(0, 0.02, 4)])
        told += any(low > 0 or high < 0 for low, high in (one.interval(1.96) for one in found))
    assert told / 400 < 0.05


def test_one_without_an_error_is_left_out() -> None:
    unknown, *others = [Estimated(0.3, 0.0), Estimated(0.05, 0.01), Estimated(0.01, 0.03)]
    assert pooled([unknown, *others]) == [unknown, *pooled(others)]


@pytest.mark.parametrize(
    "given",
    [
        [],
        [Estimated(0.1, 0.05)],
        [Estimated(0.1, 0.0), Estimated(0.2, 0.05)],
        [Estimated(float("nan"), float("nan")), Estimated(0.2, 0.05)],
    ],
)
def test_what_cannot_be_drawn_together_stays(given: list[Estimated]) -> None:
    assert pooled(given) == given
