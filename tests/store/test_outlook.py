"""What a score says besides: intervals, lifetime value and the next purchase."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from serving.columns import COLUMNS, MEASURES, NEXT_PURCHASE, NUMBERS
from serving.errors import StoreError
from serving.store import Store
from tests.store.made import downgrade, info, listed, scores

FURTHER = [name for name in NUMBERS if name not in MEASURES]
DAYS = [date(2024, 7, 1), None, date(1999, 12, 31)]


def whole() -> pd.DataFrame:
    """Return three scores, of the second of which nothing but the measures is known."""
    numbers = {name: [0.25 + n, None, 0.5 - n] for n, name in enumerate(FURTHER)}
    numbers["purchase_probability_30d"] = [0.25, None, 1.0]
    frame = scores(3, **{NEXT_PURCHASE: DAYS})
    return frame.assign(**{name: pd.array(v, "Float64") for name, v in numbers.items()})


def test_all_of_it_is_given_back_as_it_was(store: Store) -> None:
    store.publish(info(), [whole()])
    found = store.scores(["c000", "c001", "c002"])
    given = whole().set_index("customer_id")
    for name in FURTHER:
        said = [getattr(score, name) for score in found.values()]
        assert said == [None if pd.isna(v) else v for v in given[name]], name
    assert [score.next_purchase_expected_at for score in found.values()] == DAYS
    frame = store.all_scores().set_index("customer_id")
    assert list(frame.columns)[: len(COLUMNS)] == ["rank", *COLUMNS[1:]]
    assert [None if pd.isna(d) else d for d in frame[NEXT_PURCHASE]] == DAYS


def test_it_may_be_left_out(store: Store) -> None:
    store.publish(info(), [scores(2)])
    found = store.score("c000")
    assert found is not None
    assert [getattr(found, name) for name in (*FURTHER, NEXT_PURCHASE)] == [None] * 7


def test_a_run_says_what_its_lifetime_values_assume(store: Store) -> None:
    told = replace(info(), lifetime_years=5.0, lifetime_discount=0.1)
    run = store.publish(told, [whole()])
    assert (run.lifetime_years, run.lifetime_discount) == (5.0, 0.1)
    assert store.publish(info(), [scores(1)]).lifetime_years is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"purchase_probability_30d": [0.1, 1.5, 0.2]}, "is 1.5 for customer c001; it must be a"),
        ({"lifetime_value": [0.1, float("inf"), 0.2]}, "is inf for customer c001; it must be a"),
        ({NEXT_PURCHASE: ["soon", "soon", "soon"]}, f"{NEXT_PURCHASE} must hold date32"),
    ],
)
def test_what_cannot_be_is_refused(store: Store, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(StoreError, match=said):
        store.publish(info(), [whole().assign(**wrong)])


def test_values_of_a_run_without_values_are_refused(store: Store) -> None:
    frame = whole().assign(**{name: None for name in MEASURES if name != "churn_probability"})
    with pytest.raises(StoreError, match="expected_value_low_90 is given, but the run has no val"):
        store.publish(replace(info(), valued=False), [frame])


def test_an_older_store_is_upgraded_with_its_scores(url: str) -> None:
    with Store.open(url) as store:
        store.publish(info(), [whole()])
    downgrade(url, "0002")
    with Store.open(url) as store:
        assert listed(store) == ["c000", "c001", "c002"]
        found = store.score("c000")
        assert found is not None
        assert (found.expected_value, found.lifetime_value) == (10.0, None)
        assert store.run(1).lifetime_discount is None
        store.publish(info(), [whole()])
        again = store.score("c000")
        assert again is not None
        assert again.next_purchase_expected_at == DAYS[0]
