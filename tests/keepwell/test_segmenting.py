"""What is said of segments, and when there are none."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from pydantic import ValidationError

from keepwell.segmenting import segment_counts, segment_notes
from models.bundle import Bundle
from models.segments import Basis, Rule, Segments, Thresholds
from training.settings import SegmentSettings


def test_customers_are_counted() -> None:
    scores = pd.DataFrame(
        {
            "value_tier": ["MVC", "BZ", "MVC"],
            "grade": ["A", "C", "A"],
            "strategy": pd.Series([None, None, None], dtype=object),
        }
    )
    assert segment_counts(scores) == (
        "Segments: value_tier 2 MVC, 0 MGC, 1 BZ, 0 standard; grade 2 A, 0 B, 1 C"
    )
    assert segment_counts(scores.assign(value_tier=None, grade=None)) == ""


def test_an_older_champion_has_none_and_another_configuration_is_told(shop: Bundle) -> None:
    (note,) = segment_notes(shop.release, SegmentSettings())
    assert note == "the champion was trained before there were segments; run `keepwell train`"
    made = Segments(Basis("EUR", 90), Rule(), Thresholds(), Thresholds(profit=5.0))
    release = replace(shop.release, segments=made)
    assert segment_notes(release, SegmentSettings(profit=5.0)) == []
    (note,) = segment_notes(release, SegmentSettings(profit=6.0))
    assert note.startswith("[segments] is not what the champion was trained with")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"grade_a": 0.95}, "grade_a = 0.95 leaves nothing to grade B, which ends at grade_b"),
        ({"a_value": 5.0, "b_value": 6.0}, r"a_value = 5.0 is not above b_value = 6.0; give A"),
        ({"wallet_share": 1.5}, "less than or equal to 1"),
        ({"most_valuable": 0.0}, "greater than 0"),
    ],
)
def test_settings_that_contradict_themselves(settings: dict[str, float], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SegmentSettings(**settings)
