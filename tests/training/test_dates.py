from __future__ import annotations

from datetime import date

import ibis
import pandas as pd
import pytest
from ibis import ir

from features.errors import InputError
from training.dates import Dates, dates, known_by

TODAY = date(2024, 6, 1)


def subscribed(*spans: tuple[str, str | None]) -> dict[str, ir.Table]:
    starts, ends = (
        pd.to_datetime(list(moments), format="ISO8601") for moments in zip(*spans, strict=True)
    )
    frame = pd.DataFrame({"started_at": starts, "ended_at": ends})
    return {"subscriptions": ibis.memtable(frame)}


SPAN = subscribed(("2023-01-05 09:00", "2024-02-01 08:00"), ("2023-06-01", None))


def test_without_transactions_the_last_start_or_end_is_the_last_that_is_known() -> None:
    assert dates(SPAN, None, TODAY) == Dates(date(2023, 1, 5), date(2024, 2, 2))
    starting = subscribed(("2023-01-05", "2023-02-01"), ("2024-03-03 23:59", None))
    assert dates(starting, None, TODAY).as_of == date(2024, 3, 4)
    assert dates({"subscriptions": SPAN["subscriptions"].drop("ended_at")}, None, TODAY).as_of == (
        date(2023, 6, 2)
    )


def test_what_lies_ahead_tells_of_no_time_that_is_known() -> None:
    ahead = subscribed(
        ("2023-01-05", "2024-02-01"), ("2023-02-01", "2024-06-01"), ("2024-07-01", "2025-07-01")
    )
    assert dates(ahead, None, TODAY).as_of == date(2024, 2, 2)


def test_an_as_of_beyond_the_subscriptions_is_brought_back() -> None:
    found = dates(SPAN, date(2024, 5, 1), TODAY)
    assert found.as_of == date(2024, 2, 2)
    (note,) = found.notes
    assert note == (
        "the last known start or end of a subscription is on 2024-02-01, so training is as of "
        "2024-02-02"
    )


def test_an_as_of_before_the_subscriptions_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        dates(SPAN, date(2023, 1, 5), TODAY)
    assert str(caught.value) == (
        "--as-of 2023-01-05: subscriptions start on 2023-01-05, so nothing is known before it; "
        "give a day up to 2024-02-02"
    )


def test_subscriptions_that_all_lie_ahead_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        dates(subscribed(("2030-01-01", None)), None, TODAY)
    assert str(caught.value) == (
        "tables.subscriptions: all times lie in the future: they start on 2030-01-01, and today "
        "is 2024-06-01; correct the mapping of started_at"
    )


def test_a_subscription_is_known_from_its_start() -> None:
    known = known_by(SPAN, date(2023, 6, 1))["subscriptions"].to_pandas()
    assert known["started_at"].dt.date.tolist() == [date(2023, 1, 5)]
