"""The body of a request, before any model sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serving.online.problems import RequestProblem
from serving.online.schemas import read

Json = dict[str, Any]


def told() -> Json:
    return {"customer_id": "k1", "as_of": "2024-07-01", "history": {"transactions": []}}


def named() -> Json:
    return {"customer_id": "k2", "features": {"tenure_days": 3}}


@pytest.mark.parametrize(
    ("body", "place", "said"),
    [
        ({"customers": [], "explain": False}, "customers", "List should have at least 1 item"),
        ({"customers": [named()] * 1001}, "customers", "1,001 customers; give at most 1,000"),
        ({"customers": [named()], "explian": True}, "body", 'unknown key "explian". Did you mean'),
        ({"customers": [named()], "explain": 1}, "explain", "Input should be a valid boolean"),
        ({"customers": [{**named(), "feature": 1}]}, "customers[0]", 'unknown key "feature". Did'),
        (
            {"customers": [{**told(), **named()}]},
            "customers[0]",
            "give either history or features, not both",
        ),
        ({"customers": [{"customer_id": 1}]}, "customers[0]", "give either history or features"),
        ({"customers": [{**told(), "as_of": None}]}, "customers[0]", "as_of is missing"),
        ({"customers": [{**told(), "as_of": 5}]}, "customers[0].as_of", "a day is written"),
        (
            {"customers": [{**named(), "customer_id": " "}]},
            "customers[0].customer_id",
            "an id must",
        ),
        ({"customers": [{**named(), "customer_id": 1.0}]}, "customers[0].customer_id", "an id is"),
        (
            {"customers": [{**named(), "customer_id": "x" * 257}]},
            "customers[0].customer_id",
            "an id of 257",
        ),
        ([], "body", "Input should be"),
    ],
)
def test_requests_that_are_refused(body: object, place: str, said: str) -> None:
    with pytest.raises(RequestProblem) as caught:
        read(json.dumps(body).encode())
    assert caught.value.code == "invalid_request"
    first = caught.value.details[0]
    assert first.location == place
    assert first.problem.startswith(said)


@pytest.mark.parametrize("body", [b"", b"{", b'{"customers": NaN}', b"\xff", b"[" * 999])
def test_bodies_that_are_not_json(body: bytes) -> None:
    with pytest.raises(RequestProblem, match="the body is not valid JSON") as caught:
        read(body)
    assert caught.value.code == "invalid_json"
