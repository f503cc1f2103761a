from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from serving.columns import COLUMNS

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="session")
def scores(shop_once: Path) -> pd.DataFrame:
    return pd.read_parquet(shop_once / "scores.parquet")


async def listed(client: httpx.AsyncClient, **query: object) -> dict[str, Any]:
    """Give a page of the risk list."""
    found = await client.get("/v1/risk-list", params={k: str(v) for k, v in query.items()})
    assert found.status_code == 200, found.text
    page: dict[str, Any] = found.json()
    return page


async def test_a_score_is_flat_and_has_the_columns_of_the_batch(
    client: httpx.AsyncClient, scores: pd.DataFrame
) -> None:
    first = scores.iloc[0]
    found = (await client.get(f"/v1/customers/{first['customer_id']}/score")).json()
    assert set(found) == {*COLUMNS, "run", "age_s"}
    assert found["churn_probability"] == first["churn_probability"]
    assert found["as_of"] == str(pd.Timestamp(first["as_of"]).date())
    assert found["model_version"] == "1"
    assert 0 <= found["age_s"] < 3_600


@pytest.mark.parametrize("name", ["nobody", "a%2Fb", "%F0%9F%92%A9", "..%2F..%2Fetc", "%00x", "é"])
async def test_an_unknown_customer(client: httpx.AsyncClient, name: str) -> None:
    found = await client.get(f"/v1/customers/{name}/score")
    assert found.status_code == (422 if name == "%00x" else 404)
    assert found.json()["code"] == ("invalid_request" if name == "%00x" else "unknown_customer")


async def test_a_lookup_keeps_the_order_and_names_the_unknown(
    client: httpx.AsyncClient, scores: pd.DataFrame
) -> None:
    one, two = scores["customer_id"].tolist()[5], scores["customer_id"].tolist()[2]
    found = await client.post("/v1/scores:lookup", json={"ids": [one, "nobody", two, one]})
    page = found.json()
    assert [item["customer_id"] for item in page["items"]] == [one, two]
    assert page["unknown"] == ["nobody"]
    assert {item["run"] for item in page["items"]} == {page["run"]}


@pytest.mark.parametrize(
    "body", [{"ids": []}, {"ids": ["x"] * 1_001}, {"ids": [1.5]}, {"ids": "x"}, {}, {"id": ["x"]}]
)
async def test_a_lookup_of_something_else(client: httpx.AsyncClient, body: Any) -> None:  # noqa: ANN401
    found = await client.post("/v1/scores:lookup", json=body)
    assert (found.status_code, found.json()["code"]) == (422, "invalid_request")


async def test_a_list_is_ordered_and_paged_without_gaps(
    client: httpx.AsyncClient, scores: pd.DataFrame
) -> None:
    names: list[str] = []
    page = await listed(client, limit=33)
    while True:
        assert [item["rank"] for item in page["items"]] == list(
            range(len(names) + 1, len(names) + 1 + len(page["items"]))
        )
        names += [item["customer_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        page = await listed(client, limit=33, cursor=page["next_cursor"])
    expected = scores.sort_values(["value_at_risk", "customer_id"], ascending=[False, True])
    assert names == expected["customer_id"].tolist()


@pytest.mark.parametrize("sort", ["churn_probability", "expected_value"])
async def test_other_orders(client: httpx.AsyncClient, sort: str) -> None:
    values = [item[sort] for item in (await listed(client, sort=sort))["items"]]
    assert values == sorted(values, reverse=True)


async def test_filters_are_met_by_everybody_listed(client: httpx.AsyncClient) -> None:
    query = {
        "min_probability": 0.4,
        "min_value": 1,
        "min_days_since_purchase": 10,
        "max_days_since_purchase": 80,
        "attributes[region]": "north",
    }
    items = (await listed(client, **query))["items"]
    assert items
    for item in items:
        assert item["churn_probability"] >= 0.4
        assert item["expected_value"] >= 1
        assert 10 <= item["days_since_purchase"] <= 80
        assert item["attributes"]["region"] == "north"


async def test_a_list_of_some_segments(client: httpx.AsyncClient, scores: pd.DataFrame) -> None:
    query = {"value_tier": "MVC", "grade": "A", "lifecycle_stage": "formation"}
    items = (await listed(client, limit=1_000, **query))["items"]
    asked = scores["value_tier"].eq("MVC") & scores["grade"].eq("A")
    asked &= scores["lifecycle_stage"].eq("formation")
    assert {item["customer_id"] for item in items} == set(scores[asked]["customer_id"])
    assert 0 < len(items) < len(scores)
    found = await client.get("/v1/risk-list?strategy=attack")
    assert (found.status_code, found.json()["code"]) == (422, "invalid_request")
    (detail,) = found.json()["details"]
    assert detail == {
        "location": "query.strategy",
        "problem": "Input should be 'defend', 'grow', 'maintain' or 'let go'",
    }


async def test_who_is_new_since_a_run(client: httpx.AsyncClient) -> None:
    page = await listed(client)
    assert (await listed(client, since_run=page["run"]))["items"] == []


async def test_a_download_opens_well_and_runs_nothing(client: httpx.AsyncClient) -> None:
    found = await client.get("/v1/risk-list?format=csv&limit=9&attributes[region]==south")
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    assert found.headers["content-disposition"].startswith('attachment; filename="risk-list-2023-')
    assert found.content.startswith(b"\xef\xbb\xbfrank,customer_id,")
    rows = list(csv.DictReader(io.StringIO(found.content.decode("utf-8-sig"))))
    assert [row["rank"] for row in rows] == [str(n) for n in range(1, 10)]
    assert {row["attribute_region"] for row in rows} == {"'=south"}
    assert {row["reason_1"] for row in rows} == {"'=HYPERLINK(1)"}
    cursor = found.headers["x-next-cursor"]
    query = {"cursor": cursor, "attributes[region]": "=south"}
    assert (await listed(client, **query))["items"][0]["rank"] == 10


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=0", "query.limit"),
        ("limit=1001", "query.limit"),
        ("limit=ten", "query.limit"),
        ("limit=1&limit=2", "given twice"),
        ("sort=name", "query.sort"),
        ("format=xml", "query.format"),
        ("min_probability=1.5", "query.min_probability"),
        ("min_value=nan", "query.min_value"),
        ("min_value=inf", "query.min_value"),
        ("since_run=99999999999", "query.since_run"),
        ("max_days_since_purchase=-1", "query.max_days_since_purchase"),
        ("limits=5", 'Did you mean \\"limit\\"?'),
        ("attribute[region]=north", 'Did you mean \\"attributes\\"?'),
        ("attributes=north", "unknown parameter"),
        ('attributes["]=1', "query.attributes"),
        ("attributes[x]=%00", "NUL"),
        ("cursor=" + "x" * 5_000, "query.cursor"),
        ("limit=%FF", "is not UTF-8"),
        ("&".join(f"attributes[a{n}]=1" for n in range(60)), "more than 50"),
    ],
)
async def test_a_wrong_query_is_told_by_parameter(
    client: httpx.AsyncClient, query: str, said: str
) -> None:
    found = await client.get(f"/v1/risk-list?{query}")
    assert (found.status_code, found.json()["code"]) == (422, "invalid_request"), found.text
    assert said in found.text


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("cursor=made-up", 422, "invalid_cursor"),
        ("since_run=9999", 404, "unknown_run"),
    ],
)
async def test_what_the_store_refuses(
    client: httpx.AsyncClient, query: str, status: int, code: str
) -> None:
    found = await client.get(f"/v1/risk-list?{query}")
    assert (found.status_code, found.json()["code"]) == (status, code)


async def test_runs_are_listed_newest_first(client: httpx.AsyncClient) -> None:
    runs = (await client.get("/v1/runs")).json()["items"]
    assert [run["run"] for run in runs] == sorted((run["run"] for run in runs), reverse=True)
    assert runs[0]["customers"] == 200
    assert runs[0]["kept"] is True
    assert len((await client.get("/v1/runs?limit=1")).json()["items"]) == 1


async def test_models_tell_what_is_live_and_since_when(client: httpx.AsyncClient) -> None:
    told = (await client.get("/v1/models")).json()
    assert told["status"] == "ok"
    assert told["live"]["version"] == "1"
    assert told["live"]["trained_through"] == "2023-10-28"
    assert 0 < told["live"]["measures"]["churn_roc_auc"] < 1
    assert told["live"]["definition"]["churn_horizon"] == 30
    (champion,) = told["champions"]
    assert (champion["version"], champion["until"]) == ("1", None)
    assert champion["since"] == told["live"]["live_since"]
