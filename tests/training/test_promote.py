from __future__ import annotations

import math
from dataclasses import replace

import pytest

from models.bundle import Definition
from training.bootstrap import Interval
from training.promote import (
    Duel,
    better_component,
    decide,
    decide_first,
    decide_older,
    decide_redefined,
    redefined,
)

NAN = float("nan")
SAME = Interval(0.0, -0.001, 0.001)
UNKNOWN = Interval(NAN, NAN, NAN)
MEANING = Definition("inactivity", 90, 0, 90, 365, "GBP", "UTC")


def duel(**difference: Interval) -> Duel:
    """Give a duel with a champion of log loss 0.5, Gini 0.6 and |log bias| 0.1."""
    level = {"log_loss": 0.5, "normalised_gini": 0.6, "log_bias": 0.1}
    return Duel(level, {name: difference.get(name, SAME) for name in level})


@pytest.mark.parametrize(
    ("measure", "change", "promoted"),
    [
        ("log_loss", Interval(-0.02, -0.03, -0.01), True),
        ("log_loss", Interval(0.0, 0.0, 0.0), True),
        ("log_loss", Interval(0.004, -0.001, 0.009), True),
        ("log_loss", Interval(0.004, 0.001, 0.007), False),
        ("log_loss", Interval(0.006, -0.01, 0.02), False),
        ("normalised_gini", Interval(0.02, 0.01, 0.03), True),
        ("normalised_gini", Interval(-0.005, -0.01, 0.001), True),
        ("normalised_gini", Interval(-0.004, -0.006, -0.002), False),
        ("normalised_gini", Interval(-0.007, -0.02, 0.01), False),
        ("log_bias", Interval(-0.05, -0.06, -0.04), True),
        ("log_bias", Interval(0.009, -0.01, 0.02), True),
        ("log_bias", Interval(0.011, -0.01, 0.03), False),
        ("log_bias", Interval(0.002, 0.001, 0.003), False),
        ("normalised_gini", UNKNOWN, False),
        ("log_bias", UNKNOWN, False),
    ],
)
def test_a_fresher_model_is_promoted_unless_it_is_worse(
    measure: str,
    change: Interval,
    *,
    promoted: bool,
) -> None:
    assert decide(duel(**{measure: change})).promote is promoted


def test_one_loss_outweighs_gains_elsewhere() -> None:
    decision = decide(
        duel(log_loss=Interval(-0.1, -0.2, -0.05), normalised_gini=Interval(-0.02, -0.03, -0.01))
    )
    assert not decision.promote
    assert decision.reason == (
        "worse than the champion: normalised Gini of value 0.6000 -0.0200 [-0.0300, -0.0100]"
    )


def test_a_promotion_shows_every_difference() -> None:
    # Neither of the two can be measured: that speaks against none of them.
    same = duel(log_bias=UNKNOWN)
    decision = decide(Duel({**same.champion, "log_bias": NAN}, same.difference))
    assert decision.reason == (
        "fresher and not worse: log loss of churn 0.5000 +0.0000 [-0.0010, +0.0010]; "
        "normalised Gini of value 0.6000 +0.0000 [-0.0010, +0.0010]; "
        "|log bias| of value cannot be measured here"
    )


def test_without_a_held_out_cutoff_the_champion_stays() -> None:
    decision = decide(None)
    assert not decision.promote
    assert decision.reason == (
        "the history is too short for a held-out comparison with the champion, "
        "which stays; train again when another label window has ended"
    )


def test_the_first_release_is_promoted_with_its_grade() -> None:
    measured = decide_first("B (better)", measured=True)
    assert (measured.promote, measured.reason) == (True, "first champion; grade B (better)")
    unmeasured = decide_first("None", measured=False)
    assert unmeasured.promote
    assert unmeasured.reason == "first champion; too little history for a held-out measure"


def test_other_scores_replace_the_champion_on_request_only() -> None:
    changes = redefined(replace(MEANING, churn_horizon=60, currency="EUR"), MEANING)
    assert changes == "churn_horizon 90 → 60, currency GBP → EUR"
    refused = decide_redefined(changes, replacing=False)
    assert not refused.promote
    assert refused.reason == (
        "not comparable with the champion, which means something else "
        "(churn_horizon 90 → 60, currency GBP → EUR); "
        "run `keepwell train --replace` to replace it, or undo the change"
    )
    granted = decide_redefined(changes, replacing=True)
    assert granted.promote
    assert granted.reason.startswith("redefined on request (churn_horizon 90 → 60, currency")


def test_the_same_meaning_is_comparable() -> None:
    assert redefined(MEANING, replace(MEANING)) == ""


def test_what_lifetime_values_assume_changes_no_model() -> None:
    other = replace(MEANING, lifetime_years=3.0, lifetime_discount=0.2)
    assert redefined(other, MEANING) == ""


@pytest.mark.parametrize(
    ("model", "baseline", "lower", "kept"),
    [
        (0.4, 0.5, True, True),
        (0.5, 0.5, True, True),
        (0.6, 0.5, True, False),
        (0.6, 0.5, False, True),
        (0.5, 0.5, False, True),
        (0.4, 0.5, False, False),
        (NAN, 0.5, True, True),
        (0.5, math.nan, False, True),
    ],
)
def test_a_model_gives_way_to_a_better_baseline(
    model: float,
    baseline: float,
    *,
    lower: bool,
    kept: bool,
) -> None:
    assert better_component(model, baseline, lower=lower) is kept


def test_a_staler_model_replaces_a_fresher_one_on_request_alone() -> None:
    refused = decide_older("2024-01-01", "2024-06-01", replacing=False)
    assert not refused.promote
    assert refused.reason == (
        "it has learnt from data up to 2024-01-01, the champion up to 2024-06-01; a fresher model "
        "is not replaced by a staler one unless `keepwell train --replace` asks for it"
    )
    assert decide_older("2024-01-01", "2024-06-01", replacing=True).promote
