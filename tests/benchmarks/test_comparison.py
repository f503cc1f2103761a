from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy.comparison import MEAN, Judged, average, compare, verdict
from benchmarks.accuracy.judging import KEEPWELL, measured
from training.bootstrap import Interval
from training.measures import brier, normalised_gini

FEW = 40
"""Resamples: enough to tell far from near."""


def judged(name: str, sharp: float, seed: int, customers: int = 400) -> Judged:
    """Make up a cutoff: Keepwell sees the odds, a good peer blurs them, a bad one knows nothing."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, sharp, customers)
    true = 1 / (1 + np.exp(-odds))
    blurred = 1 / (1 + np.exp(-odds - rng.normal(0, 2, customers)))
    churned = (rng.random(customers) < true).astype(float)
    value = (1 - churned) * rng.gamma(2.0, 10.0, customers)
    index = pd.Index([f"c{n:03d}" for n in range(customers)])
    return Judged(
        name,
        pd.DataFrame({"churned": churned, "value": value}, index=index),
        pd.DataFrame(
            {
                "bad/probability": rng.random(customers),
                "good/probability": blurred,
                "good/value": (1 - blurred) * 20,
                f"{KEEPWELL}/probability": true,
                f"{KEEPWELL}/value": (1 - true) * 20,
            },
            index=index,
        ),
    )


@pytest.mark.parametrize(
    ("low", "estimate", "high", "good", "word"),
    [
        (0.01, 0.02, 0.03, "more", "better"),
        (0.01, 0.02, 0.03, "less", "worse"),
        (-0.03, -0.02, -0.01, "more", "worse"),
        (-0.03, -0.02, -0.01, "less", "better"),
        (-0.01, 0.02, 0.03, "more", "level, ahead"),
        (-0.01, 0.02, 0.03, "less", "level, behind"),
        (0.0, 0.0, 0.0, "more", "level"),
        (float("nan"), 0.02, float("nan"), "more", "level, ahead"),
    ],
)
def test_the_interval_decides(
    low: float, estimate: float, high: float, good: str, word: str
) -> None:
    assert verdict(Interval(estimate, low, high), higher=good == "more") == word


def test_the_best_peer_is_the_one_with_the_best_average() -> None:
    found = {
        c.measure.name: c for c in compare([judged("one", 2.0, 1), judged("two", 2.0, 2)], FEW)
    }
    assert found["Brier"].peer == "good"
    assert found["Brier"].verdict == "better"
    assert found["normalised Gini"].verdict == "better"


def test_differences_are_taken_by_cutoff_and_on_average() -> None:
    cuts = [judged("one", 2.0, 1), judged("two", 1.0, 2, customers=300)]
    found = {c.measure.name: c for c in compare(cuts, FEW)}
    single = [
        brier(c.outcome["churned"], c.predictions[f"{KEEPWELL}/probability"])
        - brier(c.outcome["churned"], c.predictions["good/probability"])
        for c in cuts
    ]
    differences = found["Brier"].differences
    assert differences["one"].estimate == pytest.approx(single[0])
    assert differences["two"].estimate == pytest.approx(single[1])
    assert differences[MEAN].estimate == pytest.approx(np.mean(single))
    assert found["Brier"].ours - found["Brier"].theirs == pytest.approx(np.mean(single))
    narrow, wide = differences[MEAN], differences["two"]
    assert narrow.high - narrow.low < wide.high - wide.low


def test_equal_predictions_are_level_on_every_measure() -> None:
    cut = judged("one", 2.0, 1)
    own = cut.predictions.filter(like=KEEPWELL)
    same = pd.concat([own.rename(columns=lambda c: c.replace(KEEPWELL, "twin")), own], axis=1)
    found = compare([Judged("one", cut.outcome, same)], FEW)
    assert {c.verdict for c in found} == {"level"}
    assert len(found) == 13


def test_a_method_that_missed_a_cutoff_has_no_average() -> None:
    one, two = judged("one", 2.0, 1), judged("two", 2.0, 2)
    short = Judged("two", two.outcome, two.predictions.drop(columns="good/value"))
    means = average([one, short])
    assert math.isnan(means["normalised Gini"]["good"])
    assert not math.isnan(means["Brier"]["good"])


def test_a_ranking_is_judged_apart_from_what_a_rule_says() -> None:
    outcome = pd.DataFrame({"churned": [0.0, 0.0, 1.0, 1.0]})
    rule = pd.DataFrame({"rule/risk": [1, 2, 30, 400], "rule/probability": [0.0, 1.0, 1.0, 1.0]})
    found = measured(outcome, rule).loc["rule"]
    assert found["ROC AUC"] == 1
    assert found["Brier"] == 0.25
    assert np.isnan(found["normalised Gini"])


def test_a_flat_file_has_no_values() -> None:
    cut = judged("fold 1", 2.0, 1)
    churn = cut.predictions.filter(like="/probability")
    found = compare([Judged("fold 1", cut.outcome[["churned"]], churn)], FEW)
    assert [c.measure.name for c in found][-1] == "EMPC"


def test_value_measures_are_keepwell_s_own() -> None:
    cut = judged("one", 2.0, 1)
    found = measured(cut.outcome, cut.predictions)
    expected = normalised_gini(cut.outcome["value"], cut.predictions["good/value"])
    assert found.loc["good", "normalised Gini"] == expected
