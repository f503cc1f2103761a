"""Requests to the predictor of the made-up shop."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from serving.online.predictor import Predictor
from serving.online.schemas import read

Json = dict[str, Any]
AS_OF = "2024-07-01"
NOW = datetime(2024, 7, 1, 15)  # noqa: DTZ001 - local time


def told(**changes: object) -> Json:
    """Give a customer with a sound history; a changed table replaces the sound one."""
    history: Json = {
        "transactions": [
            {"occurred_at": "2024-06-01T10:00:00", "amount": 20},
            {"occurred_at": "2024-05-01", "amount": "10.50"},
        ],
        "customers": [{"region": "north"}],
        "complaints": [{"opened_at": "2024-06-02T10:00:00", "resolved_at": None}],
    }
    return {"customer_id": "k1", "as_of": AS_OF, "history": {**history, **changes}}


def ask(predictor: Predictor, *customers: Json, **more: object) -> list[Json]:
    body = json.dumps({"customers": list(customers), **more}).encode()
    request = read(body)
    return predictor.predict(request.customers, explain=request.explain)
