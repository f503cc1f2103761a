"""The panel on disk: parts, order, outcomes and what it holds."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from features.grains import Tables
from features.labels import Target
from features.panel import LABELS, Outcomes, Panel, build, features_at
from features.population import population
from tests.oracle.histories import CUTOFF, History, Row, random_history, tables_of

AIM = Target("inactivity", 30, 0, 30)
NEW, OLD = CUTOFF.date(), CUTOFF.date() - timedelta(days=30)
BEFORE_ALL = date(2020, 1, 1)


def line(customer: str, days: int, amount: int = 5) -> Row:
    """Make a line that many days after the newest cutoff."""
    moment = CUTOFF + timedelta(days=days)
    return {"customer_id": customer, "occurred_at": moment, "amount": Decimal(amount)}


def tables() -> Tables:
    lines = [
        *[line("z", days) for days in (-40, -20, 10)],
        *[line("a", days) for days in (-40, -5)],
        *[line("late", days) for days in (-1, 2)],
        line("lapsed", -300),
    ]
    columns = {"transactions": ["customer_id", "occurred_at", "amount"]}
    return tables_of(History({"transactions": lines}, columns), "panel")


@pytest.fixture
def panel(tmp_path: Path) -> Panel:
    return build(tables(), [NEW, OLD, BEFORE_ALL], AIM, 90, tmp_path)


def test_a_part_for_each_cutoff_and_the_oldest_first(panel: Panel, tmp_path: Path) -> None:
    assert panel.cutoffs == [BEFORE_ALL, OLD, NEW]
    assert sorted(tmp_path.iterdir()) == sorted(panel.parts.values())
    assert panel.parts[NEW].name == "2024-03-01.parquet"


def test_rows_are_ordered_by_cutoff_and_customer(panel: Panel) -> None:
    frame = panel.read([NEW, OLD])
    keys = [(cutoff.date(), who) for cutoff, who in zip(frame.cutoff, frame.customer_id)]  # noqa: B905
    assert keys == [(OLD, "a"), (OLD, "z"), (NEW, "a"), (NEW, "late"), (NEW, "z")]


def test_the_columns_are_keys_features_and_labels(panel: Panel) -> None:
    frame = panel.read([NEW])
    assert list(frame.columns) == ["customer_id", "cutoff", *panel.features.names, *LABELS]


def test_labels_stand_beside_their_snapshot(panel: Panel) -> None:
    frame = panel.read([NEW]).set_index("customer_id")
    assert frame["churned"].to_dict() == {"a": 1, "late": 0, "z": 0}
    assert frame["value"].to_dict() == {"a": 0.0, "late": 5.0, "z": 5.0}
    assert frame["days_since_purchase"].to_dict() == {"a": 5, "late": 1, "z": 20}


def test_outcomes_are_counted_over_cutoffs(panel: Panel) -> None:
    assert panel.outcomes([NEW]) == Outcomes(snapshots=3, churned=1)
    assert panel.outcomes([OLD, NEW]) == Outcomes(snapshots=5, churned=1)
    assert panel.outcomes([OLD, NEW]).rarer == 1
    assert Outcomes(snapshots=5, churned=4).rarer == 1


def test_a_cutoff_without_anybody_is_empty_and_can_be_read(panel: Panel) -> None:
    assert panel.outcomes([BEFORE_ALL]) == Outcomes(0, 0)
    assert len(panel.read([BEFORE_ALL, NEW])) == 3


def test_each_cutoff_is_told_when_it_is_written(tmp_path: Path) -> None:
    told: list[date] = []
    build(tables(), [NEW, OLD], AIM, 90, tmp_path, on_cutoff=told.append)
    assert told == [NEW, OLD]


def test_a_query_made_once_gives_what_each_cutoff_would_alone(tmp_path: Path) -> None:
    given = tables_of(random_history(random.Random(5)), "panel_of_all")  # noqa: S311 - no secret
    cutoffs = [NEW, NEW - timedelta(days=17)]
    found = build(given, cutoffs, AIM, 200, tmp_path)
    for cutoff in cutoffs:
        made = features_at(given, population(given, cutoff, "inactivity", 200))
        alone = made.table.order_by("customer_id").execute()
        assert len(alone) > 5
        assert_frame_equal(found.read([cutoff])[list(alone.columns)], alone, check_dtype=False)
