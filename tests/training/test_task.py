from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import ibis
import pandas as pd
import pytest
from ibis import ir

from features.errors import InputError
from features.labels import Target
from features.settings import ChurnSettings
from models.bundle import Definition
from training.dates import Dates, dates, known_by
from training.settings import TrainingSettings
from training.task import Task, check_enough, plan, target

Maker = Callable[..., pd.DataFrame]
TODAY = date(2024, 6, 1)
TASK = Task(
    name="shop",
    churn=ChurnSettings(horizon=90),
    value_horizon=None,
    active_within=365,
    currency="GBP",
    timezone="UTC",
    training=TrainingSettings(),
    seed=7,
    as_of=None,
    today=TODAY,
)


def bought(*times: str) -> dict[str, ir.Table]:
    frame = pd.DataFrame({"customer_id": "a", "occurred_at": pd.to_datetime(list(times))})
    return {"transactions": ibis.memtable(frame.assign(amount=1.0))}


def failing(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    return str(caught.value)


SPAN = bought("2023-01-05 09:00:00", "2024-03-31 23:59:59")


def test_as_of_is_midnight_after_the_last_transaction() -> None:
    when = dates(SPAN, None, TODAY)
    assert when == Dates(date(2023, 1, 5), date(2024, 4, 1))
    assert when.history == 452


def test_as_of_is_never_later_than_today() -> None:
    assert dates(SPAN, None, date(2024, 2, 1)).as_of == date(2024, 2, 1)


def test_an_earlier_as_of_is_taken_as_it_is() -> None:
    assert dates(SPAN, date(2023, 6, 1), TODAY) == Dates(date(2023, 1, 5), date(2023, 6, 1))


def test_an_as_of_beyond_the_data_is_brought_back_with_a_note() -> None:
    when = dates(SPAN, date(2024, 5, 1), TODAY)
    assert when.as_of == date(2024, 4, 1)
    assert when.notes == ("transactions end on 2024-03-31, so training is as of 2024-04-01",)


def test_a_future_as_of_is_refused() -> None:
    message = failing(lambda: dates(SPAN, date(2024, 6, 2), TODAY))
    assert message == "--as-of 2024-06-02 is later than today, 2024-06-01; give today or earlier"


@pytest.mark.parametrize("as_of", [date(2023, 1, 5), date(2020, 1, 1)])
def test_an_as_of_before_which_nothing_happened_is_refused(as_of: date) -> None:
    assert failing(lambda: dates(SPAN, as_of, TODAY)) == (
        f"--as-of {as_of}: transactions start on 2023-01-05, so nothing is known before it; "
        "give a day up to 2024-04-01"
    )


def test_a_history_in_the_future_is_refused() -> None:
    assert failing(lambda: dates(bought("2030-01-01"), None, TODAY)) == (
        "tables.transactions: all times lie in the future: they start on 2030-01-01, and today is "
        "2024-06-01; correct the mapping of occurred_at"
    )


def test_what_happened_or_was_recorded_later_is_not_known() -> None:
    frame = pd.DataFrame(
        {
            "occurred_at": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-01"]),
            "recorded_at": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]),
            "line": [1, 2, 3],
        }
    )
    people = pd.DataFrame({"customer_id": ["a"]})
    tables = {"transactions": ibis.memtable(frame), "customers": ibis.memtable(people)}
    known = known_by(tables, date(2024, 1, 2))
    assert known["transactions"].to_pandas()["line"].tolist() == [1]
    assert len(known["customers"].to_pandas()) == 1


def test_a_given_horizon_is_taken_and_values_follow_it() -> None:
    aim, notes = target(TASK, SPAN, 452, None)
    assert (aim, notes) == (Target("inactivity", 90, 0, 90), ())
    meant = Definition("inactivity", 90, 0, 90, 365, "GBP", "UTC")
    told = replace(meant, lifetime_years=5.0, lifetime_discount=0.1)
    assert TASK.definition(aim) == told
    assert target(replace(TASK, value_horizon=30), SPAN, 452, None)[0].value_horizon == 30


def test_a_horizon_is_proposed_once_and_then_kept() -> None:
    weekly = bought(*(f"2024-01-{day:02d}" for day in range(1, 29, 3)))
    unnamed = replace(TASK, churn=ChurnSettings())
    aim, (note,) = target(unnamed, weekly, 365, None)
    assert aim.horizon == 7
    assert note.startswith("churn.horizon is not given: proposed 7 days, from the time within")
    champion = Definition("inactivity", 60, 0, 60, 365, "GBP", "UTC")
    kept, (note,) = target(unnamed, weekly, 365, champion)
    assert kept.horizon == 60
    assert note == "churn.horizon is not given: the champion's 60 days are kept"
    assert target(replace(unnamed, replacing=True), weekly, 365, champion)[0].horizon == 7


def test_a_history_that_is_too_short_says_what_is_there_and_needed() -> None:
    when = Dates(date(2024, 1, 1), date(2024, 4, 1))
    message = failing(lambda: plan(TASK, when, Target("inactivity", 60, 14, 30)))
    assert message == (
        "the history is too short: 91 days, from 2024-01-01 to 2024-04-01; needed are 134: 60 to "
        "learn from ([training] min_history) and 74 for the label window (churn.gap, "
        "churn.horizon and value.horizon). Shorten these or bring more history"
    )


def test_a_plan_honours_the_settings() -> None:
    settings = TrainingSettings(cutoffs=4, every=10, folds=2, min_history=20)
    when = Dates(date(2023, 1, 1), date(2024, 1, 1))
    found = plan(replace(TASK, training=settings), when, Target("inactivity", 30, 0, 60))
    assert found.reach == 60
    assert len(found.serving) == 4
    assert (found.serving[0] - found.serving[1]).days == 10
    assert len(found.forward) == 2


def test_enough_is_enough(snapshots: Maker) -> None:
    check_enough(snapshots(200), TrainingSettings(min_customers=200, min_churners=20), 90)


def test_too_few_customers_are_counted(snapshots: Maker) -> None:
    frame = snapshots(60).assign(churned=[1] * 20 + [0] * 40)
    assert failing(lambda: check_enough(frame, TrainingSettings(), 90)) == (
        "too little data to learn from: 60 customers in 1 cutoff, 20 of them left within 90 days "
        "of a cutoff and 40 stayed; needed are 100 customers ([training] min_customers). "
        "Bring more history, or lower the setting"
    )


@pytest.mark.parametrize(
    ("churned", "remedy"),
    [([0] * 98 + [1] * 2, "left: shorten"), ([1] * 100, "stayed: lengthen")],
)
def test_too_few_of_an_outcome_names_the_remedy(
    snapshots: Maker, churned: list[int], remedy: str
) -> None:
    frame = snapshots(100).assign(churned=churned)
    message = failing(lambda: check_enough(frame, TrainingSettings(), 90))
    assert message.startswith("too little to tell leavers from stayers: 100 customers")
    assert re.search(
        rf"25 of each \(\[training\] min_churners\)\. Too few {remedy} churn\.", message
    )


def test_a_customer_of_several_cutoffs_counts_once_on_each_side(snapshots: Maker) -> None:
    frame = pd.concat([snapshots(30).assign(churned=c, cutoff=f"2024-0{c + 1}-01") for c in (0, 1)])
    settings = TrainingSettings(min_customers=30, min_churners=30)
    check_enough(frame, settings, 90)
