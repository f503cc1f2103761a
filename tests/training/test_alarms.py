from __future__ import annotations

import pytest

from training.alarms import drift_alarms, realised_alarms
from training.bootstrap import Interval
from training.drift import Drift, Drifts
from training.realised import Kept


def feature(psi: float = 0.3, q: float = 0.001, effect: float = 0.3, now: float = 0.0) -> Drift:
    return Drift("spend_sum_90d", "monetary", psi, q, effect, (0.0, now))


def score(effect: float, psi: float = 0.3, name: str = "churn_probability") -> Drift:
    return Drift(name, "", psi, 0.001, effect, (0.0, 0.0))


@pytest.mark.parametrize(
    ("drift", "action"),
    [
        (feature(), True),
        (feature(effect=-0.3), True),
        (feature(effect=0.09), False),
        (feature(psi=0.09), None),
        (feature(q=0.06), None),
    ],
)
def test_a_feature_needs_action_if_it_moves_the_scores(
    drift: Drift, *, action: bool | None
) -> None:
    found = drift_alarms(Drifts(100, (drift,), ()))
    assert [alarm.action for alarm in found] == ([] if action is None else [action])


@pytest.mark.parametrize(
    ("drift", "action"),
    [(score(0.25), True), (score(-0.25), True), (score(0.15), False), (score(0.25, 0.05), None)],
)
def test_scores_need_action_if_they_have_moved_far(drift: Drift, *, action: bool | None) -> None:
    found = drift_alarms(Drifts(100, (), (drift,)))
    assert [alarm.action for alarm in found] == ([] if action is None else [action])


def test_what_needs_action_comes_first_and_says_what_to_do() -> None:
    found = drift_alarms(
        Drifts(100, (feature(effect=0.01), feature(now=0.4)), (score(0.25, name="expected_value"),))
    )
    again = "if the customers have changed, train again"
    assert [alarm.words for alarm in found] == [
        f"expected_value has moved (PSI 0.30), the mean by +25% on average: {_LOOK}; {again}",
        (
            f"spend_sum_90d has moved (PSI 0.30; 0% → 40% unknown) and changes {_ODDS} by +35% on "
            f"average: see whether its table is complete; {again}"
        ),
        f"spend_sum_90d has moved (PSI 0.30), but changes {_ODDS} by +1% only: nothing to do",
    ]


_LOOK = "look at the features that have moved"
_ODDS = "the odds of leaving"


def test_a_broken_promise_needs_action() -> None:
    promised, bad = Interval(0.8, 0.77, 0.83), Interval(0.7, 0.66, 0.74)
    kept = (Kept("roc_auc", promised, bad), Kept("normalised_gini", promised, promised))
    (alarm,) = realised_alarms("the scores of version 2 as of 2024-01-01", kept)
    assert (alarm.subject, alarm.action) == ("roc_auc", True)
    assert alarm.words == (
        "the scores of version 2 as of 2024-01-01 came out worse than promised: ROC AUC 0.700 "
        "[0.660, 0.740], promised 0.800 [0.770, 0.830]; train again, and if that does not help "
        "look for what has changed"
    )
