"""Segments in the store: as they were given, with their rules, and as filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pandas as pd
import pytest

from features.lifecycle import STAGES
from models.segment_words import RULES
from models.segments import (
    CELLS,
    GRADES,
    PASSED,
    STRATEGIES,
    TIERS,
    Basis,
    Rule,
    Segments,
    Thresholds,
)
from serving.api.schemas import SegmentParameters
from serving.columns import COLUMNS, SEGMENTS
from serving.errors import StoreError
from serving.store import RiskQuery, RunInfo, Store
from serving.store.migrations.versions import r0004_segments
from tests.store.made import downgrade, info, listed, scores

WORDS = Segments(Basis("EUR", 90), Rule(), Thresholds(mvc_value=5.0)).words
GIVEN: dict[str, Any] = {
    "value_tier": ["MVC", "BZ", None],
    "grade": ["A", "C", "A"],
    "portfolio_cell": None,
    "strategy": None,
    "lifecycle_stage": ["stability", "decline", None],
    "loyalty_type": ["trust", "none", None],
    "loyalty_evidence": ["referrals", "none", None],
}


def told() -> RunInfo:
    return replace(info(), segment_rules=WORDS)


def whole() -> pd.DataFrame:
    return scores(3).assign(**GIVEN)


def test_they_are_given_back_with_their_rules(store: Store) -> None:
    run = store.publish(told(), [whole()])
    assert run.segment_rules == WORDS
    found = store.scores(["c000", "c001", "c002"])
    for name in SEGMENTS:
        assert [getattr(s, name) for s in found.values()] == (GIVEN[name] or [None] * 3), name
    assert [s.value_tier_rule for s in found.values()] == [
        "brings 5.00 EUR or more in 90 days if kept (the most valuable 20 % of customers)",
        WORDS["value_tier"]["BZ"],
        "no value is predicted",
    ]
    frame = store.all_scores().set_index("customer_id")
    assert list(frame.columns)[: len(COLUMNS)] == ["rank", *COLUMNS[1:]]
    for rule in RULES:
        assert frame[rule].tolist() == [getattr(s, rule) for s in found.values()]


def test_they_may_be_left_out(store: Store) -> None:
    run = store.publish(info(), [scores(2)])
    assert run.segment_rules is None
    found = store.score("c000")
    assert found is not None
    names = (*SEGMENTS, *RULES)
    assert [getattr(found, name) for name in names] == [None] * len(names)
    assert store.all_scores()["grade_rule"].isna().all()


@pytest.mark.parametrize(
    ("segments", "customers"),
    [
        ({"value_tier": "MVC"}, ["c000"]),
        ({"grade": "A"}, ["c000", "c002"]),
        ({"grade": "A", "lifecycle_stage": "stability"}, ["c000"]),
        ({"loyalty_type": "none"}, ["c001"]),
        ({"strategy": "defend"}, []),
    ],
)
def test_a_list_of_some_segments(
    store: Store, segments: dict[str, str], customers: list[str]
) -> None:
    store.publish(told(), [whole()])
    assert listed(store, RiskQuery(segments=segments), limit=1) == customers


def test_an_unknown_segment_is_refused() -> None:
    with pytest.raises(StoreError, match='unknown segment "tier"; write one of value_tier, grade'):
        RiskQuery(segments={"tier": "MVC"})


def test_an_older_store_is_upgraded_with_its_scores(url: str) -> None:
    with Store.open(url) as store:
        store.publish(told(), [whole()])
    downgrade(url, "0003")
    with Store.open(url) as store:
        found = store.score("c000")
        assert found is not None
        assert (found.expected_value, found.grade, found.grade_rule) == (10.0, None, None)
        assert store.run(1).segment_rules is None
        store.publish(told(), [whole()])
        again = store.score("c000")
        assert again is not None
        assert again.grade == "A"


def test_the_places_that_name_segments_agree() -> None:
    assert set(SegmentParameters.model_fields) == set(SEGMENTS) - {"loyalty_evidence"}
    assert set(r0004_segments._SEGMENTS) == set(SEGMENTS)  # noqa: SLF001 - the step's own list
    assert {*SEGMENTS, *RULES} < set(COLUMNS)
    assert set(PASSED) < set(SEGMENTS)
    literals = {
        name: get_args(get_args(field.annotation)[0])
        for name, field in SegmentParameters.model_fields.items()
    }
    assert literals["value_tier"] == TIERS
    assert literals["grade"] == GRADES
    assert literals["portfolio_cell"] == CELLS
    assert literals["strategy"] == tuple(STRATEGIES.values())
    assert literals["lifecycle_stage"] == STAGES
