from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import orjson
import pandas as pd
import pytest

from models.segment_words import RULES
from serving.columns import NUMBERS, SEGMENTS
from tests.api.served import features, histories

pytestmark = pytest.mark.anyio


async def test_a_history_and_the_nightly_batch_give_the_same_numbers(
    client: httpx.AsyncClient, shop_once: Path
) -> None:
    found = await client.post("/v1/predict", json={"customers": histories(shop_once)})
    assert found.status_code == 200, found.text
    batch = pd.read_parquet(shop_once / "scores.parquet")
    served = pd.DataFrame(found.json()["items"])
    assert list(served["customer_id"]) == list(batch["customer_id"])
    for name in NUMBERS:
        assert batch[name].notna().all(), name
        assert served[name].tolist() == pytest.approx(batch[name].tolist(), rel=1e-9)
    for name in (*SEGMENTS, *RULES):
        assert served[name].tolist() == batch[name].tolist(), name
    assert set(served["grade"]) == {"A", "B", "C"}
    due = [None if pd.isna(day) else str(day) for day in batch["next_purchase_expected_at"]]
    assert served["next_purchase_expected_at"].tolist() == due
    assert any(due)


async def test_the_items_say_which_model_and_when(
    client: httpx.AsyncClient, shop_once: Path
) -> None:
    (sent,) = histories(shop_once, 1)
    found = await client.post("/v1/predict", json={"customers": [sent]})
    (item,) = found.json()["items"]
    assert item["model_version"] == "1"
    assert item["as_of"] == sent["as_of"]
    assert item["in_population"] is True
    assert "reasons" not in item


async def test_reasons_come_on_request(client: httpx.AsyncClient, shop_once: Path) -> None:
    body = {"customers": histories(shop_once, 20), "explain": True}
    items = (await client.post("/v1/predict", json=body)).json()["items"]
    assert any(item["reasons"] for item in items)
    assert all(len(item["reasons"]) <= 3 for item in items)


async def test_features_and_history_may_be_mixed(
    client: httpx.AsyncClient, shop_once: Path
) -> None:
    told = histories(shop_once, 1)
    named = {"customer_id": "x", "features": await features(client)}
    found = await client.post("/v1/predict", json={"customers": [named, *told, named]})
    assert [i["customer_id"] for i in found.json()["items"]] == ["x", told[0]["customer_id"], "x"]


async def test_an_unknown_feature_is_told_with_the_nearest_known(
    client: httpx.AsyncClient,
) -> None:
    sent = await features(client)
    sent["days_since_purchas"] = sent.pop("days_since_purchase")
    found = await client.post(
        "/v1/predict", json={"customers": [{"customer_id": "x", "features": sent}]}
    )
    assert found.status_code == 422
    assert found.json()["code"] == "invalid_features"
    assert "days_since_purchas" in found.text
    assert 'Did you mean \\"days_since_purchase\\"?' in found.text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_no_number_is_not_a_feature(client: httpx.AsyncClient, number: str) -> None:
    sent = orjson.dumps({"customers": [{"customer_id": "x", "features": await features(client)}]})
    bad = sent.replace(b":1.0", f":{number}".encode(), 1)
    found = await client.post(
        "/v1/predict", content=bad, headers={"Content-Type": "application/json"}
    )
    assert found.status_code in {400, 422}
    assert found.json()["code"] in {"invalid_json", "invalid_features", "invalid_request"}


async def test_a_thousand_and_one_customers_are_too_many(client: httpx.AsyncClient) -> None:
    row = {"customer_id": "x", "features": await features(client)}
    found = await client.post("/v1/predict", json={"customers": [row] * 1_000})
    assert found.status_code == 200
    found = await client.post("/v1/predict", json={"customers": [row] * 1_001})
    assert found.status_code == 422
    assert found.json()["details"] == [
        {"location": "customers", "problem": "1,001 customers; give at most 1,000 a request"}
    ]


async def test_dates_after_as_of_are_refused(client: httpx.AsyncClient, shop_once: Path) -> None:
    (sent,) = histories(shop_once, 1)
    sent["history"]["transactions"][0]["occurred_at"] = sent["as_of"]
    found = await client.post("/v1/predict", json={"customers": [sent]})
    assert found.status_code == 422
    (detail,) = found.json()["details"]
    assert detail["location"] == "customers[0].history.transactions[0].occurred_at"
    assert "is not before as_of" in detail["problem"]


async def test_an_empty_history_is_refused(client: httpx.AsyncClient, shop_once: Path) -> None:
    (sent,) = histories(shop_once, 1)
    found = await client.post(
        "/v1/predict", json={"customers": [{**sent, "history": {"transactions": []}}]}
    )
    assert found.status_code == 422
    assert "is empty" in found.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b'{"customers": []}', 422, "invalid_request"),
        (b'{"customers": {}}', 422, "invalid_request"),
        (b"[]", 422, "invalid_request"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b'{"customers": [{"customer_id": "x"}]}', 422, "invalid_request"),
        (b"[" * 100_000, 400, "invalid_json"),
    ],
)
async def test_a_body_that_is_no_request(
    client: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    found = await client.post(
        "/v1/predict", content=body, headers={"Content-Type": "application/json"}
    )
    assert (found.status_code, found.json()["code"]) == (status, code)


async def test_a_body_of_50_megabytes_is_refused_before_it_is_read(
    client: httpx.AsyncClient,
) -> None:
    read = 0

    async def parts() -> Any:  # noqa: ANN401 - an asynchronous iterator
        nonlocal read
        for _ in range(50):
            read += 1
            yield b" " * 1_000_000

    headers = {"Content-Type": "application/json"}
    found = await client.post("/v1/predict", content=b" " * 50_000_000, headers=headers)
    assert (found.status_code, found.json()["code"]) == (413, "body_too_large")
    assert "16 MB" in found.json()["message"]
    found = await client.post("/v1/predict", content=parts(), headers=headers)
    assert found.status_code == 413
    assert read < 20


async def test_another_content_type_is_refused(client: httpx.AsyncClient) -> None:
    found = await client.post("/v1/predict", content=b"{}", headers={"Content-Type": "text/plain"})
    assert (found.status_code, found.json()["code"]) == (415, "unsupported_media_type")
