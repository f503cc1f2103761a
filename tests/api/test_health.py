from __future__ import annotations

import logging
import shutil
from pathlib import Path

import httpx
import pytest

from tests.api.served import features, histories, make_service, open_service

pytestmark = pytest.mark.anyio


@pytest.fixture
def down(shop: Path) -> Path:
    """Give a shop whose store is down: its file's place is taken by a folder."""
    (shop / "keepwell.db").unlink()
    (shop / "keepwell.db").mkdir()
    return shop


async def test_it_is_not_ready_before_the_models_are_loaded() -> None:
    transport = httpx.ASGITransport(make_service().to_asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        found = await client.get("/readyz")
        assert (found.status_code, found.json()["code"]) == (503, "not_ready")
        assert found.headers["retry-after"] == "5"


async def test_it_is_ready_with_models(client: httpx.AsyncClient) -> None:
    assert (await client.get("/livez")).json()["status"] == "ok"
    assert (await client.get("/readyz")).json() == {"status": "ok", "problems": []}


async def test_it_does_not_start_without_a_champion(shop: Path) -> None:
    shutil.rmtree(shop / "mlruns")
    with pytest.raises(Exception, match="no model of 'shop' has been promoted yet"):
        async with open_service(shop):
            pass


async def test_predictions_go_on_while_the_store_is_down(down: Path) -> None:
    async with open_service(down) as client:
        for path in ("/v1/customers/00001/score", "/v1/risk-list", "/v1/runs"):
            found = await client.get(path)
            assert (found.status_code, found.json()["code"]) == (503, "store_unavailable")
            assert found.headers["retry-after"] == "5"
            assert str(down) not in found.text
        found = await client.post("/v1/scores:lookup", json={"ids": ["x"]})
        assert found.status_code == 503
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (
            200,
            {"status": "degraded", "problems": ["store"]},
        )
        row = {"customer_id": "x", "features": await features(client)}
        assert (await client.post("/v1/predict", json={"customers": [row]})).status_code == 200
        assert "keepwell_store_up 0.0" in (await client.get("/metrics")).text


async def test_the_store_is_used_again_when_it_is_back(down: Path, shop_once: Path) -> None:
    async with open_service(down) as client:
        assert (await client.get("/v1/runs")).status_code == 503
        (down / "keepwell.db").rmdir()
        shutil.copy(shop_once / "keepwell.db", down)
        import anyio  # noqa: PLC0415 - its plugin asks to be first

        await anyio.sleep(1.1)
        assert (await client.get("/v1/runs")).status_code == 200
        assert (await client.get("/readyz")).json()["status"] == "ok"


async def test_nothing_published_is_no_fault(shop: Path) -> None:
    (shop / "keepwell.db").unlink()
    async with open_service(shop) as client:
        found = await client.get("/v1/risk-list")
        assert (found.status_code, found.json()["code"]) == (404, "unknown_run")
        assert "keepwell score" in found.json()["message"]
        assert (await client.get("/readyz")).json()["status"] == "ok"


async def test_metrics_count_by_route_and_tell_version_and_age(client: httpx.AsyncClient) -> None:
    before = await _counted(client)
    await client.get("/v1/customers/00001/score")
    await client.get("/v1/no-such-path")
    text = (await client.get("/metrics")).text
    assert await _counted(client) == before + 1
    assert 'keepwell_model_live{version="1"}' in text  # 0 where a test beside has reloaded
    assert "keepwell_predict_customers_bucket" in text
    assert 'keepwell_rejected_total{code="not_found"}' in text
    age = next(x for x in text.splitlines() if x.startswith("keepwell_score_age_seconds "))
    assert 0 <= float(age.split()[1]) < 3_600


async def _counted(client: httpx.AsyncClient) -> float:
    name = 'keepwell_requests_total{method="GET",route="/v1/customers/{customer_id}/score"'
    text = (await client.get("/metrics")).text
    return sum(float(x.split()[-1]) for x in text.splitlines() if x.startswith(name))


async def test_no_customer_stands_in_logs_or_metrics(
    client: httpx.AsyncClient, shop_once: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = histories(shop_once, 1)
    told[0]["customer_id"] = "Mrs-Secret"
    loggers = [logging.getLogger(name) for name in ("keepwell.access", "keepwell.serving")]
    for logger in loggers:
        logger.addHandler(caplog.handler)
    with caplog.at_level(logging.DEBUG):
        await client.get("/v1/customers/Mrs-Secret/score")
        await client.get("/v1/risk-list?attributes[name]=Mrs-Secret")
        await client.post("/v1/predict", json={"customers": told})
        await client.post("/v1/predict", json={"customers": [{"customer_id": "Mrs-Secret"}]})
        await client.post("/v1/scores:lookup", json={"ids": ["Mrs-Secret"]})
        await client.get("/v1/Mrs-Secret")
    for logger in loggers:
        logger.removeHandler(caplog.handler)
    said = [r.getMessage() for r in caplog.records if r.name.startswith("keepwell")]
    assert len(said) == 6
    assert "Mrs-Secret" not in " ".join(said)
    assert "Mrs-Secret" not in (await client.get("/metrics")).text
