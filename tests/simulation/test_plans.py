"""What plans bring in truth, where the truth is known."""

from __future__ import annotations

import pytest

from benchmarks.planned import AMPLE, OURS, TIGHT, lighter, profits
from keepwell.cli import main

CUSTOMERS = 10_000
"""Whose contacts surely show that the actions work."""


@pytest.fixture(scope="module", params=[1, 2, 3])
def brought(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, float]]:
    """Give the true profit of plans, by budget."""
    folder = tmp_path_factory.mktemp("planned") / "company"
    arguments = ["--customers", str(CUSTOMERS), "--seed", str(request.param), "--out", str(folder)]
    assert main(["simulate", *arguments]) == 0
    return profits(lighter(folder / "keepwell.toml"), request.param, [TIGHT, AMPLE])


def test_an_ample_budget_brings_more_than_any_simple_plan(
    brought: dict[str, dict[str, float]],
) -> None:
    found = brought[f"{AMPLE:g} a customer"]
    assert min(found[OURS] - profit for name, profit in found.items() if name != OURS) > 0


def test_a_tight_budget_brings_more_than_risk_and_chance_and_what_the_most_valued_bring(
    brought: dict[str, dict[str, float]],
) -> None:
    found = brought[f"{TIGHT:g} a customer"]
    assert found[OURS] > 1.5 * max(found["risk-ranked"], found["random"])
    # Where effects are not surely told apart, whom to keep is whoever is worth most.
    assert found[OURS] > 0.97 * found["value-ranked"]
