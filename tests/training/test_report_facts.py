from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from features.catalogue import FeatureSet
from models.bundle import Bundle, Definition
from models.derived import NAMES, with_derived
from training.bootstrap import Interval
from training.report_facts import GLOSSARY, leaks_section, population_words
from training.report_measures import CHURN, VALUE
from training.report_refits import (
    Ablated,
    Aged,
    Refits,
    ablation_section,
    ages_section,
    families_of,
    without,
)

LOST = Interval(0.02, 0.01, 0.03)
CHANCE = Interval(0.001, -0.01, 0.01)
NO_CHANGE = {"log_loss": CHANCE, "roc_auc": CHANCE, "normalised_gini": CHANCE}
THEN = {"log_loss": 0.5, "roc_auc": 0.7, "normalised_gini": 0.4, "observed": 0.3, "expected": 0.25}


def made(aged: list[Aged], ablated: list[Ablated], *, capped: bool = False) -> Refits:
    return Refits(1200, capped, tuple(aged), tuple(ablated))


def test_every_measure_is_explained() -> None:
    assert set(GLOSSARY) == {*CHURN.values(), *VALUE.values()}


def test_the_population_is_told_in_words(shop: Bundle) -> None:
    meant = shop.definition
    assert population_words(meant) == "customers who bought in the 365 days before the cutoff"
    subscribers: Definition = replace(meant, churn_kind="subscription")
    assert population_words(subscribers) == "customers with a subscription that runs at the cutoff"


def test_a_suspected_leak_is_named_and_marked() -> None:
    areas = {f"f{n}": 0.5 + n / 20 for n in range(9)}
    section = leaks_section({"gone_at": 0.99}, areas)
    assert section.words[0].startswith("Suspected: gone_at.")
    assert [row.cells[0] for row in section.tables[0].rows] == ["gone_at", "f8", "f7", "f6", "f5"]
    assert [row.marked for row in section.tables[0].rows] == [True, *[False] * 4]


def test_without_suspects_the_strongest_features_are_told_all_the_same() -> None:
    section = leaks_section({}, {"a": 0.7})
    assert "No single feature has a ROC AUC above 0.95" in section.words[0]
    assert section.tables[0].rows[0].cells == ("a", "0.700", "")
    assert leaks_section({}).tables == ()


def test_a_family_takes_what_is_derived_from_it_along(features: FeatureSet) -> None:
    whole = with_derived(features)
    for family in families_of(whole):
        rest = without(whole, family)
        assert family not in {f.family for f in rest}
        assert set(rest.names) < set(whole.names)
    if set(NAMES) & set(whole.names):
        assert not set(NAMES) & set(without(whole, "monetary").names)


def test_one_family_is_nothing_to_leave_out(features: FeatureSet) -> None:
    alone = FeatureSet(tuple(f for f in features if f.family == "monetary"))
    assert families_of(alone) == []
    assert ablation_section(made([], [])).words == ("There is one family only.",)


def test_a_family_that_is_missed_beyond_chance_is_marked() -> None:
    found = [
        Ablated("recency", 3, {**NO_CHANGE, "log_loss": LOST}),
        Ablated("own_family", 1, NO_CHANGE),
    ]
    section = ablation_section(made([], found, capped=True))
    (table,) = section.tables
    assert [row.marked for row in table.rows] == [True, False]
    assert table.rows[1].cells[0] == "own family"
    assert table.rows[0].cells[2] == "+0.0200\n+0.0100 to +0.0300"
    assert "1,200 snapshots, the newest ones." in section.words[1]


@pytest.mark.parametrize("capped", [True, False])
def test_ages_are_compared_with_the_newest_fit(capped: bool) -> None:  # noqa: FBT001
    old = Aged(date(2024, 1, 1), 60, THEN, {**NO_CHANGE, "roc_auc": LOST})
    new = Aged(date(2024, 3, 1), 0, THEN, {})
    section = ages_section(made([new, old], [], capped=capped))
    lost, then = section.tables
    assert [row.cells[:2] for row in lost.rows] == [("2024-01-01", "60")]
    assert not lost.rows[0].marked  # an older fit that is better is no loss
    assert [row.cells[0] for row in then.rows] == ["2024-01-01", "2024-03-01"]
    assert then.rows[0].cells[1:] == ("0.700", "0.500", "0.400", "30.0 %", "25.0 %")
    assert ("100,000 snapshots at most" in section.words[0]) == capped
    short = ages_section(made([new], []))
    assert "too short" in short.words[0]
    assert len(short.tables) == 1
