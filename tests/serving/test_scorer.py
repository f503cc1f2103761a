from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.bundle import Bundle
from models.release import SCORES
from serving.columns import COLUMNS, NUMBERS
from serving.scorer import LIST_COLUMNS, Scored, score

Maker = Callable[..., pd.DataFrame]
AS_OF = date(2024, 6, 1)
LIST = [
    "rank",
    "customer_id",
    "as_of",
    "churn_probability",
    "value_if_retained",
    "value_if_churned",
    "expected_value",
    "value_at_risk",
    "expected_value_low_90",
    "expected_value_high_90",
    "expected_value_low_80",
    "expected_value_high_80",
    "lifetime_value",
    "purchase_probability_30d",
    "next_purchase_expected_at",
    "value_tier",
    "value_tier_rule",
    "grade",
    "grade_rule",
    "portfolio_cell",
    "strategy",
    "portfolio_rule",
    "lifecycle_stage",
    "loyalty_type",
    "loyalty_evidence",
    "model_version",
    "days_since_purchase",
    "reason_1",
    "reason_2",
    "reason_3",
    "cause_1",
    "cause_2",
    "cause_3",
]


def scored(
    shop: Bundle, *batches: pd.DataFrame, explain: int = 50, backtest: bool = False
) -> Scored:
    return score(shop, batches, AS_OF, 3, explain=explain, backtest=backtest)


@pytest.fixture(scope="module")
def people(snapshots: Maker) -> pd.DataFrame:
    return snapshots(90, seed=21)


@pytest.fixture(scope="module")
def whole(shop: Bundle, people: pd.DataFrame) -> Scored:
    return scored(shop, people)


def test_scores_hold_exactly_these_columns(whole: Scored, people: pd.DataFrame) -> None:
    assert list(whole.scores.columns) == list(COLUMNS)
    assert whole.scores["customer_id"].tolist() == people["customer_id"].tolist()
    assert set(whole.scores["as_of"]) == {AS_OF}
    assert set(whole.scores["model_version"]) == {"3"}


def test_a_release_says_all_numbers_of_a_score() -> None:
    assert SCORES == NUMBERS


def test_scores_are_the_release_s_own(shop: Bundle, whole: Scored, people: pd.DataFrame) -> None:
    direct = shop.release.score(people)[list(SCORES)]
    pd.testing.assert_frame_equal(whole.scores[direct.columns], direct, check_exact=True)


@pytest.mark.parametrize("size", [1, 7, 89])
@pytest.mark.parametrize("numbered_on", [True, False])
def test_batches_change_nothing(
    shop: Bundle,
    whole: Scored,
    people: pd.DataFrame,
    size: int,
    *,
    numbered_on: bool,
) -> None:
    parts = [people.iloc[i : i + size] for i in range(0, len(people), size)]
    batches = parts if numbered_on else [p.reset_index(drop=True) for p in parts]
    again = scored(shop, *batches)
    pd.testing.assert_frame_equal(again.scores, whole.scores, rtol=1e-9)
    pd.testing.assert_frame_equal(again.details, whole.details)


def test_a_batch_in_which_a_column_is_never_known_joins_the_others(
    shop: Bundle, people: pd.DataFrame
) -> None:
    blank = people.iloc[:50].assign(overdue_ratio=np.nan, attribute_region=None)
    made = scored(shop, blank, people.iloc[50:])
    assert made.scores["customer_id"].tolist() == people["customer_id"].tolist()
    assert np.isfinite(made.scores["value_at_risk"]).all()


@pytest.mark.parametrize("explain", [0, 1, 20, 500])
def test_reasons_go_to_those_with_most_at_risk(
    shop: Bundle, people: pd.DataFrame, explain: int
) -> None:
    made = scored(shop, people.iloc[:40], people.iloc[40:], explain=explain)
    assert made.details["customer_id"].tolist() == people["customer_id"].tolist()
    ranked = made.scores.merge(made.details).sort_values("value_at_risk", ascending=False)
    explained = ranked["reason_1"].notna().to_numpy()
    assert not explained[explain:].any()
    assert explained[:explain].mean() > 0.5 if explain else True


def test_every_reason_has_a_cause_and_none_comes_after_a_gap(whole: Scored) -> None:
    for row in whole.details.to_dict("records"):
        texts = [row[f"reason_{n}"] for n in (1, 2, 3)]
        causes = [row[f"cause_{n}"] for n in (1, 2, 3)]
        known = [isinstance(t, str) for t in texts]
        assert known == sorted(known, reverse=True)
        assert [isinstance(c, str) for c in causes] == known


def test_a_backtest_is_marked(shop: Bundle, people: pd.DataFrame) -> None:
    made = scored(shop, people, backtest=True)
    assert list(made.scores.columns) == [*COLUMNS, "backtest"]
    assert made.scores["backtest"].all()


def test_the_list_has_exactly_these_columns() -> None:
    assert list(LIST_COLUMNS) == LIST


def test_attributes_are_json_by_their_own_names(whole: Scored, people: pd.DataFrame) -> None:
    known = [json.loads(text) for text in whole.details["attributes"]]
    assert [row["region"] for row in known] == people["attribute_region"].tolist()


def test_days_of_silence_are_whole(whole: Scored, people: pd.DataFrame) -> None:
    silence = people["days_since_purchase"]
    assert whole.details["days_since_purchase"].dtype == "Int64"
    assert whole.details["days_since_purchase"].tolist() == silence.tolist()
