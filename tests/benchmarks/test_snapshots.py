from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.accuracy.logs import VARIABLE, DataError, folder, lines
from benchmarks.accuracy.paper import figure, markdown, signed
from benchmarks.accuracy.plain import cutoffs, features
from benchmarks.accuracy.snapshots import outcomes, population, snapshot

CUTOFF = date(2024, 1, 1)


def log(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Make lines of customer, time and amount."""
    made = pd.DataFrame(rows, columns=["customer_id", "occurred_at", "amount"])
    return made.assign(occurred_at=pd.to_datetime(made["occurred_at"], format="ISO8601"))


def test_the_population_bought_in_the_year_before() -> None:
    table = log(
        ("a", "2023-01-01", 5),
        ("b", "2022-12-31 23:59", 5),
        ("c", "2023-12-31 23:59", 5),
        ("d", "2024-01-01", 5),
        ("e", "2023-06-01", -5),
    )
    assert list(population(table, CUTOFF)) == ["a", "c"]


def test_the_outcome_window_is_half_open_and_returns_count_in_the_value() -> None:
    table = log(
        *((name, "2023-06-01", 5) for name in "abcd"),
        ("a", "2024-01-01", 7),
        ("a", "2024-01-30", -2),
        ("b", "2024-01-31", 9),
        ("c", "2024-01-15", -3),
        ("d", "2024-01-15", 0),
    )
    found = outcomes(table, CUTOFF, 30)
    assert found["churned"].to_dict() == {"a": 0.0, "b": 1.0, "c": 1.0, "d": 1.0}
    assert found["value"].to_dict() == {"a": 5.0, "b": 0.0, "c": -3.0, "d": 0.0}


def test_the_plain_features_by_hand() -> None:
    table = log(
        ("a", "2023-10-01 09:00", 10),
        ("a", "2023-12-20 10:00", 20),
        ("a", "2023-12-20 18:00", 4),
        ("a", "2023-12-30", -6),
        ("b", "2023-12-01", 8),
    )
    found = features(table, CUTOFF)
    assert found.shape == (2, 21)
    a = found.loc["a"]
    assert (a["days_since_purchase"], a["tenure_days"], a["purchase_days"]) == (12, 92, 2)
    assert (a["spend"], a["mean_amount"], a["largest_amount"]) == (34, 17, 24)
    assert (a["purchase_days_count_30d"], a["spend_sum_30d"], a["spend_sum_180d"]) == (1, 24, 34)
    assert (a["returns_count"], a["returns_sum"]) == (1, -6)
    assert (a["mean_gap"], a["overdue_ratio"], a["month"]) == (80, 0.15, 1)
    assert math.isnan(found["mean_gap"]["b"])


def test_the_future_changes_no_feature() -> None:
    table = log(("a", "2023-10-01", 10), ("a", "2023-12-20", 20))
    later = pd.concat([table, log(("a", "2024-01-01", 99), ("b", "2024-02-01", 9))])
    pd.testing.assert_frame_equal(features(table, CUTOFF), features(later, CUTOFF))


def test_past_cutoffs_have_ended_windows_and_a_history() -> None:
    table = log(("a", "2023-06-01", 5), ("a", "2023-12-01", 5))
    found = cutoffs(snapshot("shop", table, CUTOFF, 30))
    assert found == [
        date(2023, 12, 2),
        date(2023, 11, 2),
        date(2023, 10, 3),
        date(2023, 9, 3),
        date(2023, 8, 4),
        date(2023, 7, 5),
    ]


def test_another_log_names_its_own_columns(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("who,when,paid\nc7,2024-01-01T01:00:00+02:00,5\n,2024-01-02T01:00:00+02:00,8\n")
    found = lines(path, "who", "when", "paid")
    assert list(found["customer_id"]) == ["c7"]
    assert found["occurred_at"][0] == pd.Timestamp("2023-12-31 23:00")
    assert found["amount"][0] == 5.0
    with pytest.raises(DataError, match=r"shop\.csv has no column \['day'\]; it has \['who'"):
        lines(path, "who", "day", "paid")


def test_a_missing_data_folder_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(DataError, match="KEEPWELL_BENCH_DATA is not set: name the folder"):
        folder()
    monkeypatch.setenv(VARIABLE, "nowhere")
    with pytest.raises(DataError, match="KEEPWELL_BENCH_DATA is nowhere, which is no folder"):
        folder()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.74781, "0.7478"),
        (3.82949, "3.829"),
        (36.0663, "36.07"),
        (1234.5, "1,234"),
        (-0.00091, "-0.0009"),
        (float("nan"), "–"),
    ],
)
def test_figures_have_four_digits(value: float, shown: str) -> None:
    assert figure(value) == shown


def test_tables_in_markdown_escape_bars() -> None:
    assert markdown(["|log bias|"], [["a", signed(0.5)]]).splitlines() == [
        "|  | \\|log bias\\| |",
        "| --- | --- |",
        "| a | +0.5000 |",
    ]
