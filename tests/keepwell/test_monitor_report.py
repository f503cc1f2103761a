"""What a monitoring says: over tables of cases, without a model."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from keepwell.monitor_facts import NO_TIME, Looked, Waiting, figures, settled
from keepwell.monitor_report import alarms_section, quiet_section, realised_section, report
from keepwell.watching import Batch, Watched
from training.alarms import Alarm
from training.bootstrap import Interval
from training.drift import Drift, Drifts
from training.realised import Kept
from training.report import Report, Row
from training.report_page import page
from training.tenths import Tenths, tenths

PROMISED = Interval(0.80, 0.77, 0.83)
GOOD = (Kept("roc_auc", PROMISED, Interval(0.79, 0.75, 0.83)),)
BAD = (Kept("roc_auc", PROMISED, Interval(0.70, 0.66, 0.74)),)
SCORE = Drift("churn_probability", "", 0.3, 0.001, 0.5, (0.0, 0.0))
MOVED = Drift("spend_sum_90d", "monetary", 0.4, 0.001, 0.3, (0.0, 0.2))
QUIET = Drift("tenure_days", "tenure", 0.2, 0.001, 0.01, (0.0, 0.0))
STILL = Drift("overdue_ratio", "recency", 0.01, 0.9, 0.02, (0.0, 0.0))
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def outcomes(rows: int = 1000, off: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.45, rows)
    left = (rng.random(rows) < off * p).astype(float)
    return pd.DataFrame(
        {"churned": left, "churn_probability": p, "value": 2.0, "expected_value": 2 - p}
    )


def batch(month: int, kept: tuple[Kept, ...] = GOOD, version: int = 1) -> Batch:
    known = tenths(outcomes()) if kept else None
    return Batch(date(2024, month, 1), version, 1000, 1000 if kept else 0, kept, known)


def looked(*batches: Batch, drifts: Drifts | None = None) -> Looked:
    return Looked("shop", 2, date(2024, 9, 1), Watched(drifts, batches, ()))


def cells(made: Report, section: str, title: str) -> list[Row]:
    (found,) = [one for one in made.sections if one.key == section]
    return [row for table in found.tables if title in table.title for row in table.rows]


@pytest.mark.parametrize(
    ("batches", "needed", "why"),
    [
        ([], 0, None),
        ([batch(3, GOOD, 2)], 0, None),
        ([batch(3, BAD, 2)], 1, None),
        # The newest of the champion is what counts.
        ([batch(2, BAD, 2), batch(3, GOOD, 2)], 0, "newer ones, as of 2024-03-01, are judged"),
        ([batch(3, BAD, 1)], 0, "version 2 is champion now, and is judged by its own scores"),
        # A month that nothing is known of hides none before it.
        ([batch(2, BAD, 2), batch(3, (), 2)], 1, None),
    ],
)
def test_broken_promises_need_action_where_they_still_count(
    batches: list[Batch], needed: int, why: str | None
) -> None:
    found = looked(*batches)
    assert sum(alarm.action for alarm in found.alarms) == needed
    quiet = [alarm.words for alarm in found.alarms if not alarm.action]
    assert len(quiet) == (why is not None)
    assert all(why in words and words.endswith("nothing to do") for words in quiet if why)
    assert len(settled(found.watched, 2)) == len(quiet)


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ([], ["Nothing needs action."]),
        ([True], ["1 thing needs action."]),
        ([False], ["Nothing needs action.", "1 changed to no effect: nothing to do about that."]),
        (
            [True, True, False],
            ["2 things need action.", "1 more changed to no effect: nothing to do about that."],
        ),
    ],
)
def test_what_needs_action_is_said_first(actions: list[bool], said: list[str]) -> None:
    alarms = [Alarm("tenure_days", action=a, words=f"moved: {a}") for a in actions]
    section, quiet = alarms_section(alarms), quiet_section(alarms)
    assert list(section.words) == said
    told = [row.cells for table in section.tables for row in table.rows]
    assert told == [("moved: True",)] * actions.count(True)
    told = [row.cells for table in quiet.tables for row in table.rows]
    assert told == [("moved: False",)] * actions.count(False)
    nothing = "Nothing else has changed."
    assert quiet.words == ("Changed to no effect: tenure_days." if told else nothing,)


def test_of_many_quiet_alarms_ten_are_named() -> None:
    alarms = [Alarm(f"f{n}", action=False, words="") for n in range(12)]
    assert quiet_section(alarms).words[0].endswith("f8, f9 and 2 more.")


def test_drift_is_told_with_its_effect_and_what_it_calls_for() -> None:
    drifts = Drifts(500, (MOVED, STILL, QUIET), (SCORE,))
    made = report(looked(drifts=drifts))
    assert made.subtitle == "As of 2024-09-01, 500 customers looked at"
    (score,) = cells(made, "drift", "Scores")
    assert score.cells == ("churn_probability", "0.30", "+64.9 %", "0.0 %", "0.0 %", "needed")
    shown = {row.cells[0]: row.cells[-1] for row in cells(made, "drift", "Features that have")}
    assert shown == {"spend_sum_90d": "needed", "tenure_days": "nothing to do"}
    assert [row.marked for row in cells(made, "details", "All features")] == [True, False, False]


def test_every_month_has_its_line() -> None:
    waiting = (Waiting(date(2024, 6, 1), 2, 900, date(2024, 7, 1)),)
    batches = (batch(1), batch(2, (), 1), batch(4, BAD, 2))
    section = realised_section(batches, waiting, ("version 9 is lost",))
    lines = [row.cells for row in section.tables[0].rows]
    assert lines == [
        ("2024-01-01", "1", "1,000", "0.790\n0.800", ""),
        ("2024-02-01", "1", "1,000", "–", "no outcome known"),
        ("2024-03", "–", "–", "–", "no scores published"),
        ("2024-04-01", "2", "1,000", "0.700\n0.800", ""),
        ("2024-05", "–", "–", "–", "no scores published"),
        ("2024-06-01", "2", "900", "–", "known on 2024-07-01"),
    ]
    assert [row.marked for row in section.tables[0].rows] == [False] * 3 + [True] + [False] * 2
    assert section.words[0] == "Version 9 is lost."
    assert section.words[1] == "1 publication has not come true yet: the next will on 2024-07-01."


def test_the_months_go_on_over_the_turn_of_the_year() -> None:
    section = realised_section([batch(2), replace(batch(1), as_of=date(2023, 11, 5))], [], ())
    days = [row.cells[0] for row in section.tables[0].rows]
    assert days == ["2023-11-05", "2023-12", "2024-01", "2024-02-01"]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Looked("shop"), "There is no champion to look after yet: run `keepwell train`."),
        (
            Looked("shop", 1, watched=Watched(None, (), (NO_TIME,)), unseen=("it has no profile",)),
            "It has no profile.",
        ),
        (Looked("shop", 1, watched=Watched(None, (), (NO_TIME,))), f"A{NO_TIME[1:]}."),
        (looked(), "No scores whose outcome is known."),
        (looked(batch(1, ())), "No scores whose outcome is known."),
    ],
)
def test_what_could_not_be_looked_at_is_said(found: Looked, said: str) -> None:
    made = report(found)
    assert said in [words for section in made.sections for words in section.words]
    assert said in page(made).replace("&#39;", "'")


def test_the_page_holds_its_plot() -> None:
    broken = Kept("bias", None, Interval(float("nan"), float("nan"), float("nan")))
    text = page(report(looked(batch(1), batch(2, (*GOOD, broken)))))
    assert text.count("<img") == 1
    assert "http" not in text.split("</style>")[1]


@pytest.mark.parametrize(("off", "least", "most"), [(1.0, 0, 3), (0.4, 5, 10)])
def test_tenths_that_chance_does_not_explain_are_counted(off: float, least: int, most: int) -> None:
    found = tenths(outcomes(off=off))
    assert least <= sum(found.beyond_chance) <= most
    assert np.all(np.diff(found.churn.predicted) > 0)
    assert found.churn.actual.mean() == pytest.approx(outcomes(off=off)["churned"].mean())
    assert found.value is not None
    assert tenths(outcomes().drop(columns=["value", "expected_value"])).value is None


def test_few_customers_make_tenths_too() -> None:
    found: Tenths = tenths(outcomes(3))
    assert len(found.churn.actual) == 10


def test_prometheus_is_told_finite_figures_only() -> None:
    unknown = Kept("bias", PROMISED, Interval(float("nan"), 0.0, 0.0))
    zero = Kept("ece", Interval(0.0, 0.0, 0.0), PROMISED)
    drifts = Drifts(500, (MOVED, QUIET), (SCORE,))
    found = looked(batch(1, (*BAD, unknown, zero), 2), drifts=drifts)
    made = figures(found, 2, NOW)
    assert made.realised_over_promised == {"roc_auc": pytest.approx(0.875)}
    assert (made.feature_psi_max, made.features_moved) == (0.4, 2)
    assert made.score_psi == {"churn_probability": 0.3}
    assert made.alarms == {"needed": 3, "none": 1}
    assert figures(looked(), 2, NOW).feature_psi_max is None
