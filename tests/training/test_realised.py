from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from training.bootstrap import Interval
from training.realised import Kept, beside, from_notes, realised, to_notes

AREA = Interval(0.80, 0.77, 0.83)
RATIO = Interval(1.05, 0.98, 1.12)
NAN = float("nan")


@pytest.mark.parametrize(
    ("measure", "promised", "realised", "broken"),
    [
        ("roc_auc", AREA, Interval(0.70, 0.66, 0.74), True),
        ("roc_auc", AREA, Interval(0.75, 0.71, 0.79), False),
        ("roc_auc", AREA, Interval(0.90, 0.88, 0.92), False),
        # Sure, but too little to matter.
        ("roc_auc", Interval(0.80, 0.795, 0.805), Interval(0.785, 0.78, 0.79), False),
        ("normalised_gini", AREA, Interval(0.70, 0.66, 0.74), True),
        ("observed_over_expected", RATIO, Interval(1.30, 1.20, 1.40), True),
        ("observed_over_expected", RATIO, Interval(0.80, 0.70, 0.90), True),
        ("observed_over_expected", RATIO, Interval(1.15, 1.05, 1.25), False),
        ("observed_over_expected", RATIO, Interval(1.20, 1.13, 1.27), False),
        # Nearer to 1 than promised.
        ("bias", Interval(1.4, 1.3, 1.5), Interval(1.1, 1.0, 1.2), False),
        ("bias", Interval(0.6, 0.5, 0.7), Interval(0.9, 0.8, 0.99), False),
        ("bias", Interval(1.4, 1.3, 1.5), Interval(0.5, 0.4, 0.6), True),
        ("ece", Interval(0.02, 0.01, 0.03), Interval(0.2, 0.1, 0.3), False),
        ("roc_auc", AREA, Interval(NAN, NAN, NAN), False),
        ("roc_auc", Interval(NAN, NAN, NAN), AREA, False),
        ("roc_auc", None, Interval(0.1, 0.0, 0.2), False),
    ],
)
def test_a_promise_is_broken_beyond_both_intervals_and_by_enough(
    measure: str, promised: Interval | None, realised: Interval, *, broken: bool
) -> None:
    assert Kept(measure, promised, realised).broken is broken


def scored(rows: int = 400, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.95, rows)
    left = (rng.random(rows) < p).astype(float)
    value = np.where(left == 1, 0.0, rng.gamma(2, 50, rows))
    return pd.DataFrame(
        {"churned": left, "churn_probability": p, "value": value, "expected_value": (1 - p) * 100}
    )


def test_true_probabilities_keep_their_promise() -> None:
    found = realised(scored(), seed=1)
    assert list(found) == ["roc_auc", "observed_over_expected", "ece", "normalised_gini", "bias"]
    ratio = found["observed_over_expected"]
    assert ratio.low < 1 < ratio.high
    frame = scored()
    expected = frame["churned"].sum() / frame["churn_probability"].sum()
    assert ratio.estimate == pytest.approx(expected)
    assert found["bias"].low < 1 < found["bias"].high


def test_without_values_churn_alone_is_measured() -> None:
    frame = scored().drop(columns=["value", "expected_value"])
    assert list(realised(frame, seed=1)) == ["roc_auc", "observed_over_expected", "ece"]
    unknown = scored().assign(expected_value=np.nan)
    assert list(realised(unknown, seed=1)) == ["roc_auc", "observed_over_expected", "ece"]


def test_a_month_in_which_nobody_left_is_measured_as_far_as_it_goes() -> None:
    found = realised(scored().assign(churned=0.0), seed=1)
    assert np.isnan(found["roc_auc"].estimate)
    assert found["observed_over_expected"].estimate == 0.0
    (area, ratio, *_) = beside({"roc_auc": AREA, "observed_over_expected": RATIO}, found)
    assert (area.broken, ratio.broken) == (False, True)


def test_promises_travel_as_json() -> None:
    promises = {"roc_auc": AREA, "bias": Interval(NAN, NAN, NAN)}
    text = json.dumps(to_notes(promises), allow_nan=False)
    assert from_notes(json.loads(text)) == {"roc_auc": AREA}


def test_what_was_kept_is_said_beside_what_was_promised() -> None:
    kept = Kept("roc_auc", AREA, Interval(0.70, 0.66, 0.74))
    assert str(kept) == "ROC AUC 0.700 [0.660, 0.740], promised 0.800 [0.770, 0.830]"
    assert str(Kept("ece", None, Interval(0.1, 0.05, 0.2))) == "ECE 0.100 [0.050, 0.200]"
