"""Every table of a history: its rows are checked; what the model lacks changes nothing."""

from __future__ import annotations

import pytest

from models.bundle import Bundle
from serving.online.predictor import Predictor
from serving.online.problems import RequestProblem
from tests.serving.online_requests import AS_OF, NOW, Json, ask, told


@pytest.fixture(scope="module")
def predictor(shop: Bundle) -> Predictor:
    return Predictor(shop, 3, clock=lambda: NOW)


ALL_TABLES = [
    (
        "wallets",
        {"observed_at": "2024-06-01", "period_days": 0, "amount": 5},
        "period_days",
        "period_days is not above zero",
    ),
    (
        "contacts",
        {"contacted_at": "2024-06-01", "action": "call", "treated": "perhaps"},
        "treated",
        "is neither yes nor no",
    ),
    (
        "contacts",
        {"contacted_at": "2024-06-01", "action": "call", "treated": None},
        "treated",
        "is missing",
    ),
    (
        "subscriptions",
        {"started_at": "2024-06-01", "ended_at": "2024-05-01"},
        "ended_at",
        "ended_at is before started_at",
    ),
    (
        "activities",
        {"occurred_at": "2024-06-01", "kind": "visit", "count": -1},
        "count",
        "count is negative",
    ),
    ("surveys", {"answered_at": "2024-06-01", "nps": 11}, "nps", "nps is not between 0 and 10"),
    (
        "referrals",
        {"referred_id": "k1", "occurred_at": "2024-06-01"},
        "referred_id",
        "referred_id is the customer's own",
    ),
    (
        "referrals",
        {"customer_id": "k5", "referred_id": "k6", "occurred_at": "2024-06-01"},
        "customer_id",
        "is another customer's",
    ),
    (
        "referred_transactions",
        {"customer_id": "k6", "occurred_at": "2024-06-01", "amount": 3},
        "customer_id",
        "is nobody whom the customer referred; name them in referrals",
    ),
]


@pytest.mark.parametrize(("table", "row", "cell", "said"), ALL_TABLES)
def test_rows_of_every_table_are_checked_as_in_the_batch(
    predictor: Predictor, table: str, row: Json, cell: str, said: str
) -> None:
    with pytest.raises(RequestProblem) as caught:
        ask(predictor, told(**{table: [row]}))
    found = [(d.location, d.problem) for d in caught.value.details]
    assert found == [(f"customers[0].history.{table}[0].{cell}", said)]


def test_rows_of_tables_that_the_model_does_not_have_change_nothing(predictor: Predictor) -> None:
    more = {
        "wallets": [{"observed_at": "2024-06-01", "period_days": 30, "amount": 5}],
        "contacts": [{"contacted_at": "2024-06-01", "action": "call", "treated": "Yes"}],
        "subscriptions": [{"started_at": "2024-06-01", "auto_renew": 1}],
        "activities": [{"occurred_at": "2024-06-01", "kind": "visit"}],
        "surveys": [{"answered_at": "2024-06-01", "csat": 3}],
        "referrals": [
            {"referred_id": "k6", "occurred_at": "2024-06-01"},
            {"customer_id": "k7", "referred_id": "k1", "occurred_at": "2024-01-01"},
        ],
        "referred_transactions": [{"customer_id": "k6", "occurred_at": "2024-06-02", "amount": 3}],
    }
    assert ask(predictor, told(**more)) == ask(predictor, told())


def test_attributes_hold_from_a_day_on(predictor: Predictor) -> None:
    rows = [
        {"region": "south", "valid_from": "2024-05-01"},
        {"region": "north", "valid_from": "2024-06-01"},
        {"region": "east", "valid_from": AS_OF},
    ]
    assert ask(predictor, told(customers=rows)) == ask(predictor, told())
    nobody = told(customers=[rows[2]])
    assert ask(predictor, nobody) == ask(predictor, told(customers=[]))
