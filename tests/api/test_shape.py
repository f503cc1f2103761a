from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from serving.api.operations import OPERATIONS
from tests.api.served import open_service

pytestmark = pytest.mark.anyio


def named(path: str) -> str:
    """Give a path in the place of its template."""
    return re.sub(r"\{\w+\}", "x", path)


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
PATHS = [named(o.path) for o in OPERATIONS] + ["/docs", "/openapi.json"]
BAD = [
    ("GET", "/", {}, 404),
    ("GET", "/v1", {}, 404),
    ("GET", "/v1/customers//score", {}, 404),
    ("GET", "/v1/nothing", {}, 404),
    ("POST", "/v1/predict", {}, 415),
    ("POST", "/v1/scores:lookup", {"content-type": "application/json"}, 400),
    ("GET", "/v1/customers/nobody/score", {}, 404),
    ("GET", "/v1/risk-list?limit=x", {}, 422),
    ("GET", "/v1/runs?limit=x", {}, 422),
    ("POST", "/v1/contacts", {"content-type": "application/json"}, 400),
    ("GET", "/v1/plans/0123456789abcdef", {}, 404),
    ("GET", "/v1/plans/%00", {}, 404),
]


def check_shape(found: httpx.Response) -> None:
    assert found.headers["content-type"] == "application/json"
    assert set(found.json()) == {"code", "message", "details", "request_id"}
    assert found.json()["request_id"] == found.headers["x-request-id"]
    assert re.fullmatch("[a-z_]+", found.json()["code"])
    for detail in found.json()["details"]:
        assert set(detail) == {"location", "problem"}


@pytest.mark.parametrize(("method", "path", "headers", "status"), BAD)
async def test_every_refusal_has_one_shape(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    found = await client.request(method, path, headers=headers)
    assert found.status_code == status
    check_shape(found)


@pytest.mark.parametrize("path", PATHS)
async def test_other_methods_are_refused_with_those_allowed(
    client: httpx.AsyncClient, path: str
) -> None:
    (allowed,) = {o.method for o in OPERATIONS if named(o.path) == path} or {"GET"}
    for method in METHODS:
        if method != allowed:
            found = await client.request(method, path)
            assert found.status_code == 405, method
            assert found.headers["allow"] == allowed
            check_shape(found)


async def test_what_nobody_foresaw_has_the_shape_too(shop: Path) -> None:
    async with open_service(shop) as client:
        # No name of BentoML's own routes leads past the API.
        for path in ("/healthz", "/schema.json", "/docs.json", "/static_content/x", "/readyz/"):
            found = await client.get(path)
            assert found.status_code == 404
            check_shape(found)


@pytest.mark.parametrize("given", ["abc-123", "a" * 128, "A.b_c:d"])
async def test_a_request_id_is_taken_over(client: httpx.AsyncClient, given: str) -> None:
    found = await client.get("/v1/nothing", headers={"X-Request-ID": given})
    assert found.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", "a" * 129, "a b", "x\ty", "<script>", "é"])
async def test_a_request_id_that_would_harm_a_log_is_not(
    client: httpx.AsyncClient, given: str
) -> None:
    found = await client.get("/v1/nothing", headers={b"X-Request-ID": given.encode("latin-1")})
    assert re.fullmatch("[0-9a-f]{32}", found.json()["request_id"])
