from __future__ import annotations

from datetime import datetime

import pandas as pd

from features.tables import Loaded, TableReport
from keepwell.results import checked, contested, reigns, versions
from models.versions import Promotion, Registered, Version
from training.bootstrap import Interval
from training.contest import Contest

DAYS = [f"2024-0{month}-01T12:00:00+00:00" for month in (1, 2, 3)]


def test_a_reign_ends_where_the_next_begins() -> None:
    history = [Promotion(v, d, f"why {v}") for v, d in zip((1, 3, 1), DAYS, strict=True)]
    found = reigns(history, 1)
    begun = [pd.Timestamp(day) for day in DAYS]
    assert found["version"].tolist() == [1, 3, 1]
    assert found["since"].tolist() == begun
    assert found["until"].tolist()[:2] == begun[1:]
    assert found["until"].isna().tolist() == [False, False, True]
    assert found["champion"].tolist() == [False, False, True]
    assert found["reason"].tolist() == ["why 1", "why 3", "why 1"]


def test_before_the_first_promotion_nobody_reigns() -> None:
    found = reigns([], None)
    assert list(found) == ["version", "since", "until", "reason", "champion"]
    assert found.empty


def test_each_version_has_the_reason_why_it_was_promoted_or_not() -> None:
    found = versions(
        [
            Registered(Version(1, "source", "run"), DAYS[0], "2024-01-01", "A", None),
            Registered(Version(2, "source", "run"), DAYS[1], None, None, "worse"),
        ],
        [Promotion(1, DAYS[0], "first champion")],
        1,
    )
    assert found["version"].tolist() == [1, 2]
    assert found["registered"].tolist() == [pd.Timestamp(day) for day in DAYS[:2]]
    assert found["promoted"].tolist() == [True, False]
    assert found["champion"].tolist() == [True, False]
    assert found["reason"].tolist() == ["first champion", "worse"]


def test_two_versions_stand_beside_each_other() -> None:
    first, second = Interval(0.5, 0.4, 0.6), Interval(0.4, 0.3, 0.5)
    judged = Contest(
        "customers",
        100,
        {"log_loss": first},
        {"log_loss": second},
        {"log_loss": Interval(-0.1, -0.2, -0.05)},
    )
    found = contested(judged)
    assert found.loc["log_loss"].to_dict() == {
        "first": 0.5,
        "second": 0.4,
        "difference": -0.1,
        "low": -0.2,
        "high": -0.05,
        "verdict": "better",
    }


def test_what_was_read_and_what_was_set_apart() -> None:
    day = datetime(2024, 1, 1)  # noqa: DTZ001 - local time
    rejected = {"no amount": 2, "no time": 1}
    report = TableReport("transactions", 10, 4, 7, rejected, 5, day, day, ("odd",))
    found = checked(Loaded({}, {"transactions": report}, ("absent: surveys",)))
    assert found.tables.loc["transactions"].to_dict() == {
        "read": 10,
        "left_out": 4,
        "rejected": 3,
        "kept": 7,
        "customers": 5,
        "first": pd.Timestamp(day),
        "last": pd.Timestamp(day),
    }
    assert found.rejected.to_numpy().tolist() == [
        ["transactions", "no amount", 2],
        ["transactions", "no time", 1],
    ]
    assert found.warnings == ("transactions: odd", "absent: surveys")
