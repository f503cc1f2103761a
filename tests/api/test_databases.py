from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.served import features, histories, open_service, publish
from tests.disks import small_disk
from tests.postgres import new_database

pytestmark = pytest.mark.anyio


async def pages(client: httpx.AsyncClient, limit: int) -> list[dict[str, Any]]:
    """Walk through the whole risk list."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
        answer = await client.get("/v1/risk-list", params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        cursor = page["next_cursor"]
    return found


def fill(disk: Path) -> None:
    """Leave no room on a disk."""
    with (disk / "everything else").open("wb", buffering=0) as rest:
        try:
            while rest.write(b"." * 4_096):
                pass
        except OSError as full:
            assert full.errno == errno.ENOSPC  # noqa: PT017 - how else would the loop end


def without_age(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in item.items() if k not in ("age_s", "run")} for item in items]


async def test_postgresql_serves_what_sqlite_serves(shop_once: Path, server: str) -> None:
    url = new_database(server)
    run = publish(shop_once, url=url)
    async with open_service(shop_once) as client:
        expected = await pages(client, 50)
    async with open_service(shop_once, store=url) as client:
        found = await pages(client, 7)
        assert without_age(found) == without_age(expected)
        assert {item["run"] for item in found} == {run.id}
        name = found[0]["customer_id"]
        one = (await client.get(f"/v1/customers/{name}/score")).json()
        looked = await client.post("/v1/scores:lookup", json={"ids": [name]})
        assert without_age(looked.json()["items"]) == without_age([one])
        chosen = {"format": "csv", "attributes[region]": "north", "limit": "1000"}
        listed = await client.get("/v1/risk-list", params=chosen)
        assert len(listed.text.splitlines()) == 1 + sum(
            item["attributes"]["region"] == "north" for item in expected
        )
        assert [r["run"] for r in (await client.get("/v1/runs")).json()["items"]] == [run.id]


async def test_a_postgresql_that_went_away(shop_once: Path, server: str) -> None:
    url = new_database(server)
    publish(shop_once, url=url)
    gone = url.replace("@127.0.0.1:", "@127.0.0.1:1")
    async with open_service(shop_once, store=gone) as client:
        answer = await client.get("/v1/risk-list")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        body = {"customers": histories(shop_once, 1)}
        assert (await client.post("/v1/predict", json=body)).status_code == 200
        assert (await client.get("/readyz")).json()["problems"] == ["store"]


async def test_a_full_disk_stops_no_reader(shop_once: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8) as disk:
        shutil.copy(shop_once / "keepwell.db", disk / "keepwell.db")
        async with open_service(shop_once, store=f"sqlite:///{disk}/keepwell.db") as client:
            assert (await client.get("/v1/risk-list")).status_code == 200
            fill(disk)
            answer = await client.get("/v1/risk-list")
            assert answer.status_code == 200, answer.text
            row = {"customer_id": "x", "features": await features(client)}
            predicted = await client.post("/v1/predict", json={"customers": [row]})
            assert predicted.status_code == 200
            assert (await client.get("/metrics")).status_code == 200
