from __future__ import annotations

from datetime import date

import pandas as pd

from serving.due import due_at, due_column

DAY = date(2024, 2, 28)


def test_a_purchase_is_due_on_a_day_after_as_of() -> None:
    assert due_at(DAY, 0.4) == DAY
    assert due_at(DAY, 2.9) == date(2024, 3, 1)


def test_what_is_not_known_has_no_day() -> None:
    assert due_at(DAY, None) is None
    assert due_at(DAY, float("nan")) is None
    assert due_at(None, 3.0) is None


def test_a_column_has_the_days_of_its_rows() -> None:
    days = pd.Series([0.4, float("nan"), 2.9, 729.99], index=[5, 3, 8, 1])
    found = due_column(DAY, days)
    assert found.index.tolist() == [5, 3, 8, 1]
    said = [None if pd.isna(day) else day for day in found]
    assert said == [due_at(DAY, number) for number in days]


def test_a_column_without_as_of_is_one_of_dates_all_the_same() -> None:
    found = due_column(None, pd.Series([1.0, 2.0]))
    assert found.isna().all()
    assert found.dtype == due_column(DAY, pd.Series([1.0])).dtype
