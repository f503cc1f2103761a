"""The measures of loyalty where a naive recomputation might share a misreading."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from features.families import FAMILIES
from features.family import snapshots
from tests.oracle.histories import CUTOFF, History, Row, spine_of, tables_of

MONTHLY = tuple(range(200, 0, -28))
"""Days ago of purchases that repeat in every period of 30 days."""


def line(age: int, **more: object) -> Row:
    moment = CUTOFF - timedelta(days=age)
    return {"customer_id": "a", "occurred_at": moment, "amount": Decimal(10), **more}


def event(time: str, age: int, **more: object) -> Row:
    return {"customer_id": "a", time: CUTOFF - timedelta(days=age), **more}


def features(**rows: list[Row]) -> dict[str, Any]:
    """Compute the features of one customer."""
    columns = {table: list(found[0]) for table, found in rows.items()}
    tables = tables_of(History(rows, columns), "loyalty")
    made = snapshots(FAMILIES, tables, spine_of([("a", CUTOFF)], shared=True))
    (found,) = made.table.to_pandas().to_dict("records")
    return dict(found)


def wallet(age: int, period: float, amount: int) -> Row:
    return event("observed_at", age, period_days=period, amount=Decimal(amount))


@pytest.mark.parametrize(
    ("ages", "rate"),
    [([90], 0), ([90, 61], 1 / 3), ([90, 60], 1 / 3), ([90, 61, 60, 30], 1), ([40, 20, 5], 1)],
)
def test_a_repeat_rate_counts_complete_periods(ages: list[int], rate: float) -> None:
    found = features(transactions=[line(age) for age in ages])
    assert found["repeat_rate"] == pytest.approx(rate)


def test_a_customer_of_less_than_a_period_has_no_repeat_rate() -> None:
    found = features(transactions=[line(29), line(3)])
    assert found["repeat_rate"] != found["repeat_rate"]


def test_the_share_of_wallet_kept_is_over_the_days_that_each_wallet_covers() -> None:
    lines = [line(age) for age in (41, 35, 11, 10)]
    # 20 of 40 in the ten days before the first; then 10 of 80: the day of the survey is not in it.
    wallets = [wallet(31, 10.0, 40), wallet(10, 1.0, 80)]
    found = features(transactions=lines, wallets=wallets)
    assert found["rival_indifference"] == pytest.approx((10 / 80) / (20 / 40))


@pytest.mark.parametrize(
    ("ages", "tolerance"),
    # Bought every 10 days before; the complaint was 50 days ago.
    [([80, 70, 60, 45], 1.0), ([80, 70, 60, 1], 0.0), ([80, 70, 60], 0.0)],
)
def test_tolerance_is_buying_again_within_twice_the_usual_time(
    ages: list[int], tolerance: float
) -> None:
    complaint = event("opened_at", 50)
    found = features(transactions=[line(age) for age in ages], complaints=[complaint])
    assert found["complaint_tolerance"] == tolerance


def test_tolerance_is_unknown_until_the_time_has_passed() -> None:
    found = features(
        transactions=[line(age) for age in (40, 30, 21)], complaints=[event("opened_at", 19)]
    )
    assert found["complaint_tolerance"] != found["complaint_tolerance"]


def kind(discount: int | None = None, ages: tuple[int, ...] = MONTHLY, **rows: Any) -> list[str]:  # noqa: ANN401 - rows of any table
    off = None if discount is None else Decimal(discount)
    found = features(transactions=[line(age, discount=off) for age in ages], **rows)
    return [found["loyalty_type"], found["loyalty_evidence"]]


def test_habit_alone_is_inertia() -> None:
    assert kind() == ["inertia", "repeat rate"]


def test_one_who_buys_only_at_a_discount_is_loyal_to_the_price() -> None:
    surveys = [event("answered_at", 5, nps=10.0)]
    assert kind(2, surveys=surveys) == ["price", "full-price share"]


def test_one_who_buys_on_promotion_days_is_loyal_to_the_incentive() -> None:
    lines = [line(age, discount=Decimal(0)) for age in MONTHLY]
    lines += [line(age, discount=Decimal(1), product_id="p") for age in MONTHLY]
    rows = [{"product_id": None, **row} for row in lines]
    found = features(transactions=rows)
    assert [found["loyalty_type"], found["loyalty_evidence"]] == ["incentive", "promotion share"]


@pytest.mark.parametrize(
    ("nps", "ages", "expected"),
    [
        (9.0, MONTHLY, ["trust", "promoter"]),
        (8.0, MONTHLY, ["inertia", "repeat rate"]),
        (9.0, (200,), ["latent", "promoter"]),
        (8.0, (200,), ["none", "none"]),
    ],
)
def test_trust_and_latent_loyalty_need_attachment(
    nps: float, ages: tuple[int, ...], expected: list[str]
) -> None:
    assert kind(ages=ages, surveys=[event("answered_at", 5, nps=nps)]) == expected


def test_referring_others_is_attachment() -> None:
    referrals = [event("occurred_at", 5, referred_id="b")]
    assert kind(referrals=referrals) == ["trust", "referrals"]


@pytest.mark.parametrize(
    ("nps", "expected"), [(6.0, ["monopoly", "wallet share"]), (7.0, ["inertia", "repeat rate"])]
)
def test_the_whole_wallet_of_a_dissatisfied_customer_is_monopoly(
    nps: float, expected: list[str]
) -> None:
    surveys = [event("answered_at", 5, nps=nps)]
    assert kind(surveys=surveys, wallets=[wallet(5, 365.0, 80)]) == expected
