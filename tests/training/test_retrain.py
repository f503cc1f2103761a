"""Whether to train again: a table of cases."""

from __future__ import annotations

import pytest

from training.alarms import Alarm
from training.retrain import NOTHING_NEW, Facts, News, decide, fresh, matured
from training.retrain_record import record

DAY = "2024-06-01"
URGENT = Alarm("roc_auc", action=True, words="ROC AUC is worse than promised")
QUIET = Alarm("tenure_days", action=False, words="tenure_days has moved: nothing to do")
FOLLOWS = "nothing that has changed needs action"


def facts(days: int, *alarms: Alarm, redefined: str = "", families: tuple[str, ...] = ()) -> Facts:
    news = matured(days, 30, DAY)
    return Facts(3, news, redefined=redefined, families=families, alarms=alarms)


@pytest.mark.parametrize(
    ("given", "train", "said"),
    [
        (Facts(None, NOTHING_NEW), True, "there is no champion yet"),
        (Facts(3, NOTHING_NEW, unusable="its files are gone"), True, "cannot go on: its files"),
        (facts(0), False, "there are no data after 2024-06-01"),
        (facts(-5), False, "there are no data after 2024-06-01"),
        (facts(0, URGENT), False, "too little to learn anything else from"),
        (facts(6, URGENT), False, "too little to learn anything else from"),
        (facts(7, URGENT), True, "ROC AUC is worse than promised"),
        (facts(7, QUIET), False, FOLLOWS),
        (facts(29), False, "no further cutoff (30 days apart)"),
        (facts(30), True, "30 days of outcomes have become known since the training as of"),
        (facts(65, QUIET), True, "2 further cutoffs (30 days apart)"),
        (facts(31, URGENT), True, "ROC AUC is worse than promised"),
        (facts(1, families=("own.py",)), True, "own have changed: own.py"),
        (facts(90, URGENT, redefined="churn_horizon 90 → 60"), False, "keepwell train --replace"),
        (Facts(3, fresh(0, 500, DAY)), False, "0 of 500 labelled rows are new"),
        (Facts(3, fresh(49, 500, DAY)), False, FOLLOWS),
        (Facts(3, fresh(50, 500, DAY)), True, "50 of 500 labelled rows are new or have changed"),
        (Facts(3, fresh(1, 500, DAY), alarms=(URGENT,)), True, "1 of 500 labelled rows"),
        (Facts(3, fresh(0, 500, DAY), alarms=(URGENT,)), False, "too little to learn"),
    ],
)
def test_what_is_decided(given: Facts, said: str, *, train: bool) -> None:
    decision = decide(given)
    assert decision.train is train
    assert said in "; ".join(decision.reasons)


def test_an_alarm_never_hides_behind_another_reason() -> None:
    for days in (0, 3, 10, 40):
        assert URGENT.words in decide(facts(days, URGENT)).reasons
    assert URGENT.words in decide(facts(40, URGENT, redefined="currency")).reasons


def test_cutoffs_close_together_do_not_wait_for_a_week() -> None:
    assert matured(3, 3, DAY) == News(
        "3 days of outcomes have become known since the training as of 2024-06-01: 1 further "
        "cutoff (3 days apart)",
        due=True,
        enough=True,
    )


def test_the_record_says_why_and_what_came_of_it() -> None:
    given = facts(10, QUIET)
    text = record("shop", given, decide(given), None)
    assert text.startswith("# shop: not trained again\n")
    assert "Champion before: version 3." in text
    assert "## What has changed and needs action\n\n- nothing\n" in text
    assert f"## What has changed and needs none\n\n- {QUIET.words}\n" in text
    assert text.endswith("## What came of it\n\n- the champion stays\n")
