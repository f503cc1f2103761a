from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from models.baselines import SILENCE
from models.bundle import Bundle
from models.matrix import Floats
from training.bootstrap import Interval
from training.evaluate import (
    HISTORIC,
    LOGISTIC,
    MODEL,
    MONTHLY,
    Evaluation,
    Prediction,
    compare,
    core_measures,
    evaluate,
    leavers_found,
    log_bias,
    resamples,
    suspected_leaks,
)
from training.grade import grade

Maker = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def judged(shop: Bundle, snapshots: Maker) -> Evaluation:
    held_out, train = snapshots(500, seed=11), snapshots(1500)
    before = held_out.copy()
    made = evaluate(shop.release, held_out, train, 90, 7)
    pd.testing.assert_frame_equal(held_out, before)
    return made


def told(churned: list[int], **rankings: Floats) -> Evaluation:
    """Give an evaluation that only knows rankings of churn, the probabilities too."""
    outcome = np.array(churned, dtype=float)
    said = {name: Prediction(r, np.where(r > 0, 0.6, 0.4)) for name, r in rankings.items()}
    return Evaluation(outcome, outcome, said, {}, {}, {}, {})


def test_the_model_stands_beside_every_baseline(judged: Evaluation) -> None:
    assert list(judged.churn_measures) == [MODEL, LOGISTIC, SILENCE]
    assert list(judged.value_measures) == [MODEL, HISTORIC, MONTHLY]
    assert judged.leaks == {}


def test_intervals_lie_around_their_estimates(judged: Evaluation) -> None:
    for method in (MODEL, LOGISTIC):
        measures = judged.churn_measures[method]
        for name in ("roc_auc", "pr_auc", "brier", "log_loss"):
            assert measures[name].low < measures[name].estimate < measures[name].high


def test_the_model_learns_what_there_is_to_learn(judged: Evaluation) -> None:
    assert judged.churn_measures[MODEL]["roc_auc"].estimate > 0.6
    assert judged.value_measures[MODEL]["normalised_gini"].estimate > 0.3


def test_a_rule_has_no_probabilities_to_judge(judged: Evaluation) -> None:
    rule = judged.churn_measures[SILENCE]
    assert np.isnan([rule["log_loss"].estimate, rule["ece"].estimate]).all()
    assert 0 < rule["brier"].estimate < 1
    assert rule["roc_auc"].estimate > 0.5


def test_flat_measures_carry_their_target_in_front(judged: Evaluation) -> None:
    flat = judged.flat()
    assert flat["churn_roc_auc"] == judged.churn_measures[MODEL]["roc_auc"].estimate
    assert flat["value_bias"] == judged.value_measures[MODEL]["bias"].estimate
    assert all(name.startswith(("churn_", "value_")) for name in flat)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_feature_that_knows_the_outcome_is_a_suspected_leak(
    features: FeatureSet, snapshots: Maker, sign: int
) -> None:
    frame = snapshots(400)
    leak = sign * frame["churned"] + np.random.default_rng(1).normal(0, 0.2, 400)
    found = suspected_leaks(frame.assign(tenure_days=leak), features)
    assert list(found) == ["tenure_days"]
    assert 0.95 < found["tenure_days"] <= 1


def test_a_feature_that_is_known_of_leavers_only_is_a_suspected_leak(
    features: FeatureSet, snapshots: Maker
) -> None:
    frame = snapshots(400)
    known = frame["tenure_days"].where(frame["churned"] == 1)
    assert list(suspected_leaks(frame.assign(tenure_days=known), features)) == ["tenure_days"]


def test_features_that_say_nothing_are_no_leaks(features: FeatureSet, snapshots: Maker) -> None:
    frame = snapshots(100).assign(tenure_days=np.nan, complaints_open=0.0)
    assert suspected_leaks(frame, features) == {}


def test_leavers_are_counted_among_the_riskiest_tenth() -> None:
    churned = [1, 0, 1, 1] + [0] * 36
    ranking = np.arange(40.0, 0, -1)
    judged = told(churned, model=ranking, other=-ranking)
    assert leavers_found(judged, "model") == 3
    assert leavers_found(judged, "other") == 0
    assert leavers_found(judged, "model", share=0.05) == 1
    assert leavers_found(judged, "model", share=0.001) == 1


@pytest.mark.parametrize(
    ("model", "naive", "sentence"),
    [
        (
            [1, 1, 1, 1],
            [1, 1, 0, 0],
            (
                "at the same number of calls it finds 2.0 times as many leavers "
                "as calling the longest silent"
            ),
        ),
        (
            [1, 1, 0, 0],
            [1, 1, 0, 0],
            "at the same number of calls it finds as many leavers as calling the longest silent",
        ),
        (
            [1, 1, 0, 0],
            [0, 0, 0, 0],
            "among the riskiest tenth it finds 2 leavers, the longest silent hold none",
        ),
    ],
)
def test_the_grade_says_how_many_more_leavers_are_found(
    model: list[int], naive: list[int], sentence: str
) -> None:
    churned = [*model, *naive, *[0] * 32]
    first, second = np.zeros(40), np.zeros(40)
    first[:4], second[4:8] = 9, 9
    judged = told(churned, **{MODEL: first, LOGISTIC: first, SILENCE: second})
    assert grade(judged, 7).sentence == sentence


@pytest.mark.parametrize(
    ("model", "rival", "letter"), [(0.9, 0.6, "A"), (0.6, 0.6, "C"), (0.5, 0.9, "C")]
)
def test_the_letter_compares_log_loss_with_logistic_rfm(
    model: float, rival: float, letter: str
) -> None:
    churned = np.tile([1.0, 0.0], 100)
    ranking = np.tile([1.0, 0.0], 100)

    def said(sure: float) -> Prediction:
        return Prediction(ranking, np.where(churned == 1, sure, 1 - sure))

    methods = {MODEL: said(model), LOGISTIC: said(rival), SILENCE: said(0.5)}
    judged = Evaluation(churned, churned, methods, {}, {}, {}, {})
    assert grade(judged, 7).letter == letter
    assert str(grade(judged, 7)).startswith(f"{letter} (at the same number of calls")


def test_a_gain_within_chance_is_a_b() -> None:
    rng = np.random.default_rng(2)
    churned = (rng.random(60) < 0.5).astype(float)
    noisy = np.clip(0.5 + rng.normal(0, 0.1, 60) + 0.03 * (churned - 0.5), 0.01, 0.99)
    methods = {
        MODEL: Prediction(noisy, noisy),
        LOGISTIC: Prediction(noisy, np.clip(noisy + rng.normal(0, 0.12, 60), 0.01, 0.99)),
        SILENCE: Prediction(noisy, noisy),
    }
    assert grade(Evaluation(churned, churned, methods, {}, {}, {}, {}), 7).letter in {"A", "B"}


def test_two_equal_releases_differ_by_nothing(shop: Bundle, snapshots: Maker) -> None:
    frame = snapshots(300, seed=3)
    scores = shop.release.score(frame)
    assert set(compare(frame, scores, scores, 7).values()) == {Interval(0.0, 0.0, 0.0)}


def test_differences_are_the_first_less_the_second(shop: Bundle, snapshots: Maker) -> None:
    frame = snapshots(300, seed=3)
    scores = shop.release.score(frame)
    blunt = scores.assign(churn_probability=0.5, expected_value=scores["expected_value"] * 3)
    found = compare(frame, scores, blunt, 7)
    churned, value = frame["churned"].to_numpy(float), frame["value"].to_numpy(float)
    own, other = core_measures(churned, value, scores), core_measures(churned, value, blunt)
    for name, interval in found.items():
        assert interval.estimate == pytest.approx(own[name] - other[name])
    assert found["log_loss"].high < 0
    assert found["log_bias"].high < 0
    assert found["normalised_gini"] == Interval(0.0, 0.0, 0.0)


def test_log_bias_is_symmetric_and_unknown_without_positive_totals() -> None:
    actual = np.array([1.0, 3.0])
    assert log_bias(actual, actual * 2) == pytest.approx(np.log(2))
    assert log_bias(actual, actual / 2) == pytest.approx(np.log(2))
    assert np.isnan(log_bias(actual, -actual))
    assert np.isnan(log_bias(np.zeros(2), actual))


def test_values_of_zero_are_measured_without_a_warning(shop: Bundle, snapshots: Maker) -> None:
    frame, train = snapshots(200, seed=3).assign(value=0.0), snapshots(300)
    judged = evaluate(shop.release, frame, train, 90, 7)
    known = {k: v for k, v in judged.flat().items() if not np.isnan(v)}
    assert np.isfinite(list(known.values())).all()


def test_resamples_fall_with_the_size() -> None:
    counts = [resamples(rows) for rows in (0, 100, 20_000, 40_000, 10**9)]
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[1], counts[-1]) == (200, 200, 20)


def test_beating_a_rule_that_is_worse_than_lots_is_no_merit() -> None:
    churned = np.tile([1.0, 0.0], 100)
    ranking = np.arange(200.0)
    methods = {
        MODEL: Prediction(ranking, np.full(200, 0.5)),
        LOGISTIC: Prediction(ranking, np.full(200, 0.9)),
        SILENCE: Prediction(-ranking, ranking),
    }
    measures = {MODEL: {"roc_auc": Interval(0.496, 0.439, 0.561)}}
    judged = Evaluation(churned, churned, methods, {}, measures, {}, {})
    assert str(grade(judged, 7)) == "C (it ranks customers no better than drawing lots would)"
