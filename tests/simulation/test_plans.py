"""What plans bring in truth, where the truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.planned import AMPLE, BELIEVED, OURS, TIGHT, lighter, profits
from keepwell.cli import main
from tests.once import Made

CUSTOMERS = 10_000
"""Whose contacts surely show that the actions work."""


@pytest.fixture(params=[1, 2, 3])
def brought(request: pytest.FixtureRequest, made_once: Made) -> dict[str, dict[str, float]]:
    """Give the true profit of plans, by budget."""
    seed: int = request.param

    def make(folder: Path) -> None:
        company = folder / "company"
        arguments = ["--customers", str(CUSTOMERS), "--seed", str(seed), "--out", str(company)]
        assert main(["simulate", *arguments]) == 0
        found = profits(lighter(company / "keepwell.toml"), seed, [TIGHT, AMPLE])
        (folder / "found.json").write_text(json.dumps(found))

    found: dict[str, dict[str, float]] = json.loads(
        (made_once(f"planned_{seed}", make) / "found.json").read_text()
    )
    return found


def test_an_ample_budget_brings_more_than_any_simple_plan(
    brought: dict[str, dict[str, float]],
) -> None:
    found = brought[f"{AMPLE:g} a customer"]
    assert min(found[OURS] - profit for name, profit in found.items() if name != OURS) > 0


def test_a_tight_budget_brings_more_than_risk_and_chance_and_as_much_as_value(
    brought: dict[str, dict[str, float]],
) -> None:
    found = brought[f"{TIGHT:g} a customer"]
    assert found[OURS] > 1.5 * max(found["risk-ranked"], found["random"])
    assert found[OURS] > found[BELIEVED]
    # Where only mean effects are sure, whom to keep is whoever is worth most.
    assert found[OURS] == pytest.approx(found["value-ranked"], rel=0.01)
