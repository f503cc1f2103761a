from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.bundle import FORMAT
from models.registry import Registry, Version
from tests.api.served import features, histories, open_service

pytestmark = pytest.mark.anyio


def registry(folder: Path) -> Registry:
    return Registry(f"sqlite:///{folder}/mlruns/mlflow.db", "shop")


def second(folder: Path) -> Version:
    """Register the champion's bundle again, with another notion of the customers' worth."""
    found = registry(folder)
    first = found.champion()
    assert first is not None
    copy = folder / "second"
    source = Path(first.source.removeprefix("file://"))
    shutil.copytree(source, copy)
    return found.register(first.run_id, copy.as_uri())


def promote(folder: Path, version: Version) -> None:
    registry(folder).promote(version, "better")


@asynccontextmanager
async def watching(shop: Path, seconds: float) -> AsyncIterator[httpx.AsyncClient]:
    config = shop / "keepwell.toml"
    config.write_text(config.read_text() + f"\n[serving]\nwatch_seconds = {seconds}\n")
    async with open_service(shop) as client:
        yield client


async def live(client: httpx.AsyncClient) -> str:
    version: str = (await client.get("/v1/models")).json()["live"]["version"]
    return version


async def test_a_reload_takes_the_new_champion_over(shop: Path) -> None:
    new = second(shop)
    async with watching(shop, 3_600.0) as client:
        assert (await client.post("/v1/models:reload")).json() == {"changed": False, "version": "1"}
        promote(shop, new)
        assert await live(client) == "1"
        assert (await client.post("/v1/models:reload")).json() == {"changed": True, "version": "2"}
        told = (await client.get("/v1/models")).json()
        assert told["live"]["version"] == "2"
        assert [c["version"] for c in told["champions"]] == ["1", "2"]
        assert told["champions"][0]["until"] == told["champions"][1]["since"]
        text = (await client.get("/metrics")).text
        assert 'keepwell_model_live{version="2"} 1.0' in text
        assert 'keepwell_model_live{version="1"} 0.0' in text


async def test_a_swap_under_load_fails_no_request_and_mixes_no_versions(shop: Path) -> None:
    new = second(shop)
    async with watching(shop, 0.2) as client:
        bodies = await _bodies(client, shop)
        answers: list[httpx.Response] = []
        done = asyncio.Event()

        async def ask(body: dict[str, Any]) -> None:
            while not done.is_set():
                answers.append(await client.post("/v1/predict", json=body))
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(ask(body)) for body in bodies]
        await _until(lambda: len(answers) > 20)
        promote(shop, new)
        await _until(lambda: _version_of(answers[-1]) == "2")
        seen = len(answers)
        await _until(lambda: len(answers) > seen + 20)
        done.set()
        await asyncio.gather(*tasks)
    assert {found.status_code for found in answers} == {200}
    versions = [{item["model_version"] for item in found.json()["items"]} for found in answers]
    assert {len(of_one) for of_one in versions} == {1}
    assert set.union(*versions) == {"1", "2"}


async def _bodies(client: httpx.AsyncClient, shop: Path) -> list[dict[str, Any]]:
    row = {"customer_id": "x", "features": await features(client)}
    return [{"customers": [row]}, {"customers": [row] * 200}, {"customers": histories(shop, 20)}]


async def _until(condition: Any) -> None:  # noqa: ANN401 - a function without arguments
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is awaited sets no event
            await asyncio.sleep(0.02)


def _version_of(found: httpx.Response) -> str:
    version: str = found.json()["items"][0]["model_version"]
    return version


async def test_a_bad_bundle_is_refused_and_the_one_before_goes_on(shop: Path) -> None:
    new = second(shop)
    damaged = next((shop / "second").glob("churn*.txt"))
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-100])
    async with watching(shop, 3_600.0) as client:
        row = {"customer_id": "x", "features": await features(client)}
        promote(shop, new)
        found = await client.post("/v1/models:reload")
        assert (found.status_code, found.json()["code"]) == (409, "champion_refused")
        assert f"{damaged.name} has changed since it was written" in found.json()["message"]
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        told = (await client.get("/v1/models")).json()
        assert (told["status"], told["live"]["version"]) == ("degraded", "1")
        assert damaged.name in told["problem"]
        assert "keepwell_model_degraded 1.0" in (await client.get("/metrics")).text
        served = await client.post("/v1/predict", json={"customers": [row]})
        assert _version_of(served) == "1"
        damaged.write_bytes(whole)
        assert (await client.post("/v1/models:reload")).json() == {"changed": True, "version": "2"}
        assert (await client.get("/readyz")).json()["status"] == "ok"


@pytest.mark.parametrize(
    "harm", ["no bundle.json", "no JSON", "a list", "another format", "a lost key", "no folder"]
)
async def test_any_harm_to_a_bundle_is_noticed(shop: Path, harm: str) -> None:
    new = second(shop)
    file = shop / "second" / "bundle.json"
    text = file.read_text()
    match harm:
        case "no bundle.json":
            file.unlink()
        case "no JSON":
            file.write_text(text[:50])
        case "a list":
            file.write_text("[]")
        case "another format":
            file.write_text(text.replace(f'"format": {FORMAT}', '"format": 99'))
        case "a lost key":
            file.write_text(text.replace('"definition"', '"meaning"'))
        case "no folder":
            shutil.rmtree(shop / "second")
    async with watching(shop, 3_600.0) as client:
        promote(shop, new)
        assert (await client.post("/v1/models:reload")).status_code == 409
        assert await live(client) == "1"


async def test_the_registry_may_be_gone_for_a_while(shop: Path) -> None:
    async with watching(shop, 3_600.0) as client:
        database = shop / "mlruns" / "mlflow.db"
        content = database.read_bytes()
        database.write_bytes(b"no database" * 100)
        assert (await client.post("/v1/models:reload")).status_code == 409
        assert (await client.get("/readyz")).json()["problems"] == ["model"]
        assert await live(client) == "1"
        database.write_bytes(content)
        assert (await client.post("/v1/models:reload")).status_code == 200
        assert (await client.get("/readyz")).json()["problems"] == []
