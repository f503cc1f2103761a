"""Plans over the API: the same as on the command line, at once or later."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from serving.api import plan_handlers
from serving.store import RunInfo, Store
from serving.targeting.offers import Offers
from serving.targeting.order import Order
from serving.targeting.plan import COLUMNS
from serving.targeting.planning import plan_from
from tests.api.served import open_service, store_url
from tests.serving.targeting.made import offers

pytestmark = pytest.mark.anyio

ASKED = {"budget": 3.0, "control": 0.4}


def publish(folder: Path, offered: Offers | None) -> None:
    """Publish the scores of the shop with some offers."""
    scores = pd.read_parquet(folder / "scores.parquet")
    info = RunInfo(
        as_of=pd.Timestamp(scores["as_of"].iloc[0]).date(),
        model_name="shop",
        model_version="1",
        currency="EUR",
        churn_horizon=30,
        value_horizon=30,
    )
    with Store.open(store_url(folder)) as store:
        store.publish(info, [scores], offered)


@pytest.fixture
def offered(shop: Path) -> Path:
    publish(shop, offers({"call": [5.0, 4.0, 3.0, 2.0], "voucher": [1.0, 9.0, None, 1.0]}))
    return shop


async def test_a_small_plan_is_made_at_once(offered: Path) -> None:
    async with open_service(offered) as client:
        made = await client.post("/v1/plans", json=ASKED)
        assert made.status_code == 201
        told = made.json()
        assert (told["status"], told["problem"], told["budget"]) == ("done", None, 3.0)
        assert [item["customer_id"] for item in told["items"]] == ["a", "b", "c"]
        again = await client.get(made.headers["location"])
        assert again.json() == told
        page = await client.get(made.headers["location"], params={"limit": 1, "offset": 1})
        assert [item["action"] for item in page.json()["items"]] == ["voucher"]
        assert page.json()["next_offset"] == 2
        sheet = await client.get(made.headers["location"], params={"format": "csv"})
    lines = sheet.text.lstrip("\ufeff").splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == 4
    with Store.open(store_url(offered)) as store:
        _, plan = plan_from(store, Order(3.0, 0.4))
    assert told["items"] == plan.rows.to_dict("records")
    assert told["facts"]["expected_profit"] == plan.facts.expected_profit


async def test_a_large_plan_is_made_meanwhile(
    offered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_handlers, "AT_ONCE", 1)
    async with open_service(offered) as client:
        made = await client.post("/v1/plans", json=ASKED)
        assert made.status_code == 202
        poor = await client.post("/v1/plans", json={"budget": 0.5})
        assert poor.status_code == 202
        done = await finished(client, made.headers["location"])
        failed = await finished(client, poor.headers["location"])
    assert (done["status"], len(done["items"])) == ("done", 3)
    assert (failed["status"], failed["facts"], failed["items"]) == ("failed", None, [])
    assert failed["problem"].startswith("budget = 0.5: nobody can be contacted for that.")


async def finished(client: httpx.AsyncClient, place: str) -> dict[str, Any]:
    """Ask until a plan is no longer at work."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        told: dict[str, Any] = (await client.get(place)).json()
        if told["status"] != "running":
            return told
    raise TimeoutError(place)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"budget": 0.5}, 422, "no_plan"),
        ({"budget": 0}, 422, "invalid_request"),
        ({"budget": -1}, 422, "invalid_request"),
        ({"budget": 5, "control": 1}, 422, "invalid_request"),
        ({"budgt": 5}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
    ],
)
async def test_what_cannot_be_planned_is_refused(
    offered: Path, asked: dict[str, float], status: int, code: str
) -> None:
    async with open_service(offered) as client:
        refused = await client.post("/v1/plans", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_scores_without_offers_cannot_be_planned_with(shop: Path) -> None:
    async with open_service(shop) as client:
        refused = await client.post("/v1/plans", json=ASKED)
    assert refused.status_code == 422
    assert "have no offers; describe [actions] in keepwell.toml" in refused.json()["message"]


async def test_a_plan_is_kept_as_long_as_its_run(offered: Path) -> None:
    async with open_service(offered) as client:
        made = await client.post("/v1/plans", json=ASKED)
        for _ in range(5):
            publish(offered, None)
        gone = await client.get(made.headers["location"])
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_plan")
