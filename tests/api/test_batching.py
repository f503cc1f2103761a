from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.served import histories

pytestmark = pytest.mark.anyio


async def ask(client: httpx.AsyncClient, **body: Any) -> httpx.Response:  # noqa: ANN401 - JSON
    return await client.post("/v1/predict", json=body)


async def together(client: httpx.AsyncClient) -> float:
    """Count the batches that held more than one request so far."""
    lines = (await client.get("/metrics")).text.splitlines()
    buckets = {
        line.split('"')[1]: float(line.split()[-1])
        for line in lines
        if line.startswith("keepwell_predict_requests_together_bucket")
    }
    return buckets["+Inf"] - buckets["1.0"]


async def test_requests_at_the_same_time_are_answered_as_if_alone(
    client: httpx.AsyncClient, shop_once: Path
) -> None:
    given = histories(shop_once, 24)
    alone = [(await ask(client, customers=[one])).json() for one in given]
    before = await together(client)
    found = await asyncio.gather(*(ask(client, customers=[one]) for one in given))
    assert [answer.json() for answer in found] == alone
    assert await together(client) > before


async def test_a_bad_request_harms_no_other(client: httpx.AsyncClient, shop_once: Path) -> None:
    good = histories(shop_once, 12)
    late = {**good[0], "as_of": "2000-01-01"}
    wanted = [[one] for one in good] + [[good[1], late]] + [[one] for one in good]
    found = await asyncio.gather(*(ask(client, customers=each) for each in wanted))
    statuses = [answer.status_code for answer in found]
    assert statuses == [200] * 12 + [422] + [200] * 12
    (detail,) = found[12].json()["details"]
    assert detail["location"] == "customers[1].as_of"


async def test_only_those_who_asked_get_reasons(client: httpx.AsyncClient, shop_once: Path) -> None:
    given = histories(shop_once, 16)
    wanted = [(one, n % 2 == 0) for n, one in enumerate(given)]
    found = await asyncio.gather(
        *(ask(client, customers=[one], explain=explain) for one, explain in wanted)
    )
    items = [answer.json()["items"][0] for answer in found]
    assert ["reasons" in item for item in items] == [explain for _, explain in wanted]


async def test_broken_json_among_others(client: httpx.AsyncClient, shop_once: Path) -> None:
    headers = {"Content-Type": "application/json"}
    broken = client.post("/v1/predict", content=b'{"history"', headers=headers)
    good = [ask(client, customers=[one]) for one in histories(shop_once, 8)]
    found = await asyncio.gather(*good[:4], broken, *good[4:])
    assert [answer.status_code for answer in found] == [200] * 4 + [400] + [200] * 4
    assert found[4].json()["code"] == "invalid_json"
