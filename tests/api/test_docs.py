from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from serving.api.openapi import document
from serving.api.operations import OPERATIONS
from serving.client import ApiError, Client

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_example_in_the_documentation_runs(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "api.md").read_text(), re.DOTALL)
    exec(code.replace("http://127.0.0.1:3000", address), {})  # noqa: S102 - our own documentation
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(" at risk")
    assert lines[1].startswith("1 ")
    assert lines[-1] == "404 unknown_customer"


def test_the_client_gives_whole_lists_and_typed_answers(address: str) -> None:
    with Client(address) as client:
        items = list(client.risk_items(limit=77))
        assert [item.rank for item in items] == list(range(1, 201))
        assert client.score(items[0].customer_id).value_at_risk == items[0].value_at_risk
        found = client.lookup([items[1].customer_id, "a/b"])
        assert (found.items[0].customer_id, found.unknown) == (items[1].customer_id, ["a/b"])
        assert client.runs().items[0].run == items[0].run
        assert client.models().live.version == "1"
        assert client.reload().changed is False
        with pytest.raises(ApiError, match="no such customer"):
            client.score("a/b?c#d")
        with pytest.raises(ApiError, match=r"customers\[0\]: .*history or features"):
            client.predict([{"customer_id": "x"}])


async def test_the_document_is_served_and_complete(client: httpx.AsyncClient) -> None:
    found = (await client.get("/openapi.json")).json()
    assert found["openapi"] == "3.1.0"
    assert found["paths"] == document(OPERATIONS, "0")["paths"]
    told = (DOCS / "api.md").read_text()
    for path in found["paths"]:
        assert re.sub(r"\{\w+\}", "{id}", path) in told


async def test_the_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    found = await client.get("/docs")
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert found.headers["content-security-policy"].startswith("default-src 'none'")
    assert "POST /v1/predict" in found.text
    assert not re.search(r"(src|href)=.?https?://|<script", found.text)


def test_every_code_is_documented() -> None:
    folder = Path(__file__).resolve().parents[2] / "serving"
    code = re.compile(r'ApiProblem\(\s*\d+,\s*"(\w+)"|RequestProblem\("(\w+)"')
    used = {
        found
        for path in folder.rglob("*.py")
        for groups in code.findall(path.read_text())
        for found in groups
        if found
    }
    told = set(re.findall(r"`(\w+)`", (DOCS / "api.md").read_text()))
    assert len(used) > 12
    assert used <= told
