"""The page of all features is that of the code."""

from __future__ import annotations

import pytest

from features.families import FAMILIES
from keepwell.catalogue_page import COMMAND, PAGE, page
from models.derived import FEATURES


@pytest.fixture(scope="module")
def made() -> str:
    return page()


def test_the_page_is_that_of_the_code(made: str) -> None:
    assert PAGE.read_text(encoding="utf-8") == made, f"docs/features.md is stale; run: {COMMAND}"


def test_every_feature_stands_on_it_once_under_its_family(made: str) -> None:
    for feature in (*(f for family in FAMILIES for f in family.features), *FEATURES):
        (section,) = [s for s in made.split("\n## ") if s.startswith(f"{feature.family}\n")]
        assert section.count(f"| `{feature.name}` | {feature.doc} |") == 1


def test_it_tells_what_a_feature_needs(made: str) -> None:
    cells = [row.split(" | ") for row in made.splitlines() if row.startswith("| `")]
    rows = {c[0].strip("| `"): c[4].rstrip("| ") for c in cells if len(c) == 5}
    expected = {
        "spend_sum_90d": "transactions",
        "complaints_per_purchase": "transactions, complaints",
        "complaints_open": "complaints",
        "days_to_first_purchase": "transactions, customers",
        "referred_value_sum_365d": "transactions, referrals",
        "calendar_month": "",
        "wallet_observed": "wallets",
        "wallet_share": "transactions",
    }
    assert {name: rows[name] for name in expected} == expected


def test_sentences_have_dots_for_figures(made: str) -> None:
    assert "| no purchase for … days; usually every … or: no purchase for … days |" in made
    assert "{" not in made
