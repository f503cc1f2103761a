from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.baselines import RFM, LogisticRFM, SilenceRule, historic_spend, monthly_rule

Maker = Callable[..., pd.DataFrame]


def silent(days: list[float], overdue: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"days_since_purchase": days, "overdue_ratio": overdue}, dtype=float)


def separable(rows: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Make customers of whom exactly those silent for more than 60 days left."""
    rng = np.random.default_rng(1)
    days = rng.permutation(np.concatenate([rng.integers(1, 40, rows), rng.integers(80, 300, rows)]))
    frame = pd.DataFrame({name: rng.gamma(2, 50, 2 * rows) for name in RFM})
    return frame.assign(days_since_purchase=days.astype(float)), (days > 60).astype(float)


def test_logistic_rfm_separates_what_recency_separates() -> None:
    frame, left = separable(200)
    said = LogisticRFM.fit(frame, left).predict(frame)
    assert said[left == 1].min() > 0.5 > said[left == 0].max()


def test_contributions_and_intercept_are_the_log_odds(snapshots: Maker) -> None:
    frame = snapshots(300)
    model = LogisticRFM.fit(frame, frame["churned"].to_numpy(np.float64))
    contributions = model.contributions(frame)
    assert contributions.shape == (300, len(RFM))
    assert contributions.mean(axis=0) == pytest.approx(0, abs=1e-9)
    odds = contributions.sum(axis=1) + model.intercept
    assert model.predict(frame) == pytest.approx(1 / (1 + np.exp(-odds)))


def test_unknown_figures_count_as_zero(snapshots: Maker) -> None:
    frame = snapshots(300)
    model = LogisticRFM.fit(frame, frame["churned"].to_numpy(np.float64))
    unknown, zero = frame.assign(tenure_days=np.nan), frame.assign(tenure_days=0.0)
    np.testing.assert_array_equal(model.predict(unknown), model.predict(zero))


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_only_is_what_everybody_is_told(snapshots: Maker, outcome: float) -> None:
    frame = snapshots(20)
    model = LogisticRFM.fit(frame, np.full(20, outcome))
    assert model.predict(frame) == pytest.approx(outcome, abs=1e-5)
    assert not model.contributions(frame).any()


def test_logistic_rfm_travels_as_json_to_the_bit(snapshots: Maker) -> None:
    frame = snapshots(300)
    model = LogisticRFM.fit(frame, frame["churned"].to_numpy(np.float64))
    assert LogisticRFM.from_dict(json.loads(json.dumps(model.to_dict()))) == model


@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.integers(1, 6), st.booleans()), min_size=1, max_size=30
    )
)
def test_no_other_threshold_is_right_more_often(rows: list[tuple[int, int, bool]]) -> None:
    frame = silent([float(d) for d, _, _ in rows], [float(o) for _, o, _ in rows])
    left = np.array([float(c) for _, _, c in rows])
    rule = SilenceRule.fit(frame, left)
    by_hand = max(
        float(np.mean((frame[feature] >= threshold) == left))
        for feature in frame.columns
        for threshold in [*frame[feature], np.inf]
    )
    assert float(np.mean(rule.predict(frame) == left)) == pytest.approx(by_hand)


def test_equal_silences_are_called_or_spared_together() -> None:
    frame = silent([5, 5, 5, 9], [1, 1, 1, 1])
    rule = SilenceRule.fit(frame, np.array([1.0, 0.0, 0.0, 1.0]))
    assert (rule.feature, rule.threshold) == ("days_since_purchase", 9)
    assert rule.predict(frame).tolist() == [0, 0, 0, 1]


def test_the_rule_on_one_s_own_rhythm_wins_where_rhythm_decides() -> None:
    frame = silent([40, 40, 10, 10], [1, 4, 1, 4])
    rule = SilenceRule.fit(frame, np.array([0.0, 1.0, 0.0, 1.0]))
    assert (rule.feature, rule.threshold) == ("overdue_ratio", 4)


def test_a_single_purchase_is_ranked_by_months_of_silence() -> None:
    rule = SilenceRule("overdue_ratio", 2.0)
    frame = silent([73, 73, 30], [np.nan, 1.0, np.nan])
    assert rule.rank(frame) == pytest.approx([2.4, 1.0, 30 / (365 / 12)])
    assert rule.predict(frame).tolist() == [1, 0, 0]


def test_historic_spend_goes_on_at_last_year_s_rate() -> None:
    frame = pd.DataFrame({"net_sum_365d": [365.0, -73.0, 0.0]})
    assert historic_spend(frame, 90) == pytest.approx([90, -18, 0])


def test_the_monthly_rule_is_monthly_spend_times_months_times_retention() -> None:
    frame = pd.DataFrame({"net_sum_365d": [1200.0, 100.0], "tenure_days": [3650.0, 3.0]})
    said = monthly_rule(frame, 73, np.array([0.0, 0.25]))
    # A year is 12 months; who is known for less than a month counts as known for one.
    assert said == pytest.approx([1200 / 12 * 2.4, 100 * 2.4 * 0.75])


def subscribers(rows: int = 200) -> tuple[pd.DataFrame, np.ndarray]:
    """Make subscribers of whom exactly those of less than 100 days left."""
    rng = np.random.default_rng(2)
    days = rng.permutation(
        np.concatenate([rng.integers(1, 90, rows), rng.integers(300, 900, rows)])
    )
    frame = pd.DataFrame(
        {
            "subscription_tenure_days": days.astype(float),
            "subscription_price_per_30d": rng.choice([10.0, 30.0, np.nan], 2 * rows),
        }
    )
    return frame, (days < 100).astype(float)


def test_without_purchases_the_logistic_baseline_takes_what_subscriptions_tell() -> None:
    frame, left = subscribers()
    model = LogisticRFM.fit(frame, left)
    assert model.columns == ("subscription_tenure_days", "subscription_price_per_30d")
    assert model.predict(frame)[left == 1].min() > 0.5 > model.predict(frame)[left == 0].max()
    assert LogisticRFM.from_dict(json.loads(json.dumps(model.to_dict()))) == model


def test_a_logistic_baseline_without_any_column_knows_the_rate() -> None:
    frame = pd.DataFrame({"else": [1.0, 2.0, 3.0, 4.0]})
    said = LogisticRFM.fit(frame, np.array([1.0, 0.0, 0.0, 0.0])).predict(frame)
    assert said == pytest.approx(0.25)


def test_without_purchases_the_newest_subscribers_are_called() -> None:
    frame, left = subscribers()
    rule = SilenceRule.fit(frame, left)
    assert rule.name == "newest subscription"
    assert rule.predict(frame).tolist() == left.tolist()


def test_without_purchases_silence_is_that_of_activities() -> None:
    frame = pd.DataFrame(
        {
            "days_since_activity": [1.0, 40.0, np.nan, 2.0],
            "subscription_tenure_days": [50.0, 60.0, 70.0, 80.0],
        }
    )
    rule = SilenceRule.fit(frame, np.array([0.0, 1.0, 1.0, 0.0]))
    assert (rule.name, rule.feature) == ("longest silence", "days_since_activity")
    assert rule.rank(frame)[2] > rule.rank(frame)[1]


def test_without_purchases_the_price_goes_on() -> None:
    frame = pd.DataFrame({"subscription_price_per_30d": [30.0, np.nan]})
    assert historic_spend(frame, 90) == pytest.approx([90, 0])
    assert monthly_rule(frame, 90, np.array([0.5, 0.5])) == pytest.approx([45, 0])
    assert historic_spend(pd.DataFrame({"else": [1.0]}), 90) == pytest.approx([0])


def test_a_subscriber_who_never_bought_is_the_most_silent() -> None:
    rule = SilenceRule("overdue_ratio", 2.0)
    assert rule.predict(silent([np.nan, 3], [np.nan, 1.0])).tolist() == [1, 0]
