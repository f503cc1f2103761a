from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from features.catalogue import Feature, FeatureSet
from training.report_groups import (
    TOO_FEW,
    Group,
    groups,
    groups_section,
    main_features,
    split,
)

REGION = Feature("attribute_region", "attributes", "category", None, "Region.", dtype="category")
SPEND = Feature("spend_sum_365d", "monetary", "currency", 365, "Spend.")
SILENCE = Feature("days_since_purchase", "recency", "days", None, "Days.")


def named(column: list[object], feature: Feature) -> list[str]:
    names, place = split(pd.Series(column), feature)
    return [names[p] for p in place]


def test_numbers_are_split_into_quarters() -> None:
    assert named([1, 2, 3, 4, 5, 6, 7, 8, None], SPEND) == [
        *["up to 2.75"] * 2,
        *["above 2.75 to 4.5"] * 2,
        *["above 4.5 to 6.25"] * 2,
        *["above 6.25"] * 2,
        "unknown",
    ]


def test_equal_numbers_share_a_quarter() -> None:
    found = named([0, 0, 0, 0, 0, 0, 7, 8], SPEND)
    assert found == [*["up to 1.75"] * 6, *["above 1.75"] * 2]
    assert set(named([3, 3, 3], SPEND)) == {"all"}
    assert set(named([None, None], SPEND)) == {"unknown"}


def test_rare_levels_share_a_group() -> None:
    column: list[object] = [f"r{n:02d}" for n in range(12) for _ in range(2)]
    found = named([*column, "rare", "scarce", None], REGION)
    assert found[:2] == ["r00", "r00"]
    assert found[-3:] == ["others", "others", "unknown"]


def test_customers_are_grouped_by_categories_recency_tenure_and_spend() -> None:
    other = Feature("spend_sum_30d", "monetary", "currency", 30, "Spend.")
    found = main_features(FeatureSet((SILENCE, other, SPEND, REGION)))
    assert [f.name for f in found] == ["attribute_region", "days_since_purchase", "spend_sum_365d"]


@pytest.fixture
def found() -> list[Group]:
    # North: half leave, told so. South: half leave, but only one in ten is expected to.
    churned = np.tile([0.0, 1.0], 100)
    said = np.where(churned == 1, 0.6, 0.4)
    said[100:] = np.where(churned[100:] == 1, 0.15, 0.05)
    region = ["north"] * 100 + ["south"] * 90 + ["west"] * 10
    frame = pd.DataFrame({"attribute_region": region, "spend_sum_365d": 1.0})
    return groups(frame, [REGION, SPEND], churned, said, 7)


def test_groups_are_measured_by_hand(found: list[Group]) -> None:
    north, south, west = found
    assert (north.of, north.level, north.customers) == ("region", "north", 100)
    assert north.observed == 0.5
    assert north.expected == pytest.approx(0.5)
    assert north.area.estimate == 1.0
    assert north.error.estimate == pytest.approx(0.16)
    assert south.error.estimate == pytest.approx((0.85**2 + 0.05**2) / 2)
    assert south.surplus.estimate == pytest.approx(0.4)
    assert (west.customers, west.observed) == (10, 0.5)
    assert math.isnan(west.area.estimate)


def test_a_group_is_marked_beyond_its_interval_alone(found: list[Group]) -> None:
    north, south, west = found
    assert north.worse == west.worse == ()
    assert south.worse == ("higher Brier", TOO_FEW)


def test_what_is_the_same_for_everybody_is_left_out(found: list[Group]) -> None:
    assert {g.of for g in found} == {"region"}


def test_the_section_says_where_it_is_worse(found: list[Group]) -> None:
    section = groups_section(found)
    assert "In 1 of 2 groups more or fewer customers left than were expected" in section.words[1]
    worse, region = section.tables
    assert [row.cells for row in worse.rows] == [
        ("region", "south", "90", "higher Brier, expects too few")
    ]
    assert [row.marked for row in region.rows] == [False, True, False]
    assert region.rows[0].cells[4:6] == ("50.0 %", "50.0 %")
