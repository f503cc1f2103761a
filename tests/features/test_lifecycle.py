"""The stage of a relationship, at the borders between the stages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from features import lifecycle
from features.families import FAMILIES
from features.family import snapshots
from tests.oracle.histories import CUTOFF, History, Row, spine_of, tables_of


def stage(ages: Sequence[int], amounts: Sequence[int] | None = None) -> str:
    """Give the stage of who bought so many days ago, for so much each."""
    rows: list[Row] = [
        {
            "customer_id": "a",
            "occurred_at": CUTOFF - timedelta(days=age),
            "amount": Decimal(amount),
        }
        for age, amount in zip(ages, amounts or [10] * len(ages), strict=True)
    ]
    columns = {"transactions": ["customer_id", "occurred_at", "amount"]}
    tables = tables_of(History({"transactions": rows}, columns), "lifecycle")
    made = snapshots(FAMILIES, tables, spine_of([("a", CUTOFF)], shared=True))
    (found,) = made.table.to_pandas()["lifecycle_stage"]
    return str(found)


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ([], "exploration"),
        ([365], "exploration"),
        ([366], "decline"),
        ([200, 1], "exploration"),
        ([89, 60, 30], "exploration"),
        ([90, 60, 30], "formation"),
        ([364, 270, 190, 170, 90, 10], "formation"),
        ([365, 270, 190, 170, 90, 10], "stability"),
        ([100, 80, 60, 40], "formation"),
        ([100, 80, 60, 41], "decline"),
    ],
)
def test_the_stage_follows_from_when_the_customer_bought(ages: list[int], expected: str) -> None:
    assert stage(ages) == expected


@pytest.mark.parametrize(
    ("before", "recent", "expected"),
    [(20, 10, "decline"), (20, 11, "stability"), (10, 19, "stability"), (10, 20, "formation")],
)
def test_the_stage_follows_from_what_the_customer_spends(
    before: int, recent: int, expected: str
) -> None:
    assert stage([500, 350, 200, 100, 20], [1, 0, before, 0, recent]) == expected


def test_a_customer_without_purchases_has_a_stage_that_is_one_of_four() -> None:
    assert {stage([]), stage([366]), stage([90, 60, 30])} < set(lifecycle.STAGES)
