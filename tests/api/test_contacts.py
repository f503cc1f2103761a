"""Contacts posted, told again, contradicted and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.api.keys import KeyFile, Role
from serving.client import ApiError, Client
from serving.store import Store
from serving.store.engine import PUBLISHING, writing
from tests.api.served import open_service, store_url

pytestmark = pytest.mark.anyio

CALL = {
    "key": "call-1",
    "customer_id": "00001",
    "action": "call",
    "treated": True,
    "contacted_at": "2023-10-20T10:00:00",
    "cost": 2.5,
}


async def post(client: httpx.AsyncClient, *contacts: dict[str, Any]) -> httpx.Response:
    return await client.post("/v1/contacts", json={"contacts": list(contacts)})


async def on_list(client: httpx.AsyncClient, **query: int) -> dict[str, dict[str, Any]]:
    found = await client.get("/v1/risk-list", params={"limit": 1_000, **query})
    return {item["customer_id"]: item for item in found.json()["items"]}


async def test_contacts_are_recorded_once_and_later_facts_added(shop: Path) -> None:
    async with open_service(shop) as client:
        everybody = await on_list(client)
        one, two = list(everybody)[:2]
        called = {**CALL, "customer_id": one}
        control = {**called, "customer_id": two, "treated": False}
        del control["key"], control["cost"]
        for expected in ({"new": 2, "updated": 0}, {"new": 0, "updated": 0}):
            found = await post(client, called, control)
            assert (found.status_code, found.json().items() >= expected.items()) == (200, True)
        answered = {**called, "responded_at": "2023-10-21T09:00:00+02:00", "redeemed_cost": "7.5"}
        assert (await post(client, answered)).json() == {"new": 0, "updated": 1, "unchanged": 0}
        assert (await on_list(client)).keys() == everybody.keys() - {one, two}
        shown = await on_list(client, rest_days=0)
        assert shown.keys() == everybody.keys()
        assert shown[one]["last_contacted_at"] == "2023-10-20T10:00:00+00:00"
        assert (shown[two]["last_action"], shown[one]["last_action"]) == ("call", "call")
        refused = await post(client, {**called, "treated": False}, {**CALL, "key": "other"})
        assert (refused.status_code, refused.json()["code"]) == (409, "contradicting_contacts")
        (detail,) = refused.json()["details"]
        said = "call-1: treated is treated in the store and control here"
        assert detail == {"location": "contacts[0]", "problem": said}
    with Store.open(store_url(shop)) as store:
        assert len(store.contacts()) == 2


@pytest.mark.parametrize(
    ("facts", "place", "said"),
    [
        ({"customer_id": "nobody"}, "contacts[1].customer_id", 'there is no customer "nobody"'),
        (
            {"responded_at": "2023-10-20T09:59:59"},
            "contacts[1].responded_at",
            "2023-10-20 09:59:59+00:00 is before the contact of 2023-10-20 10:00:00+00:00",
        ),
        ({"contacted_at": "2999-01-01T00:00:00Z"}, "contacts[1].contacted_at", "in the future"),
        ({"key": "call-1"}, "contacts[0].key", "call-1 stands 2 times; give it once"),
    ],
)
async def test_a_contact_that_cannot_be_is_refused(
    client: httpx.AsyncClient, facts: dict[str, Any], place: str, said: str
) -> None:
    found = await post(client, CALL, {**CALL, "key": "call-2", **facts})
    assert (found.status_code, found.json()["code"]) == (422, "invalid_contacts"), found.text
    assert found.json()["details"][0]["location"] == place
    assert said in found.json()["details"][0]["problem"]


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({"cost": -1}, "contacts[0]cost"),
        ({"cost": "NaN"}, "contacts[0]cost"),
        ({"contacted_at": "yesterday"}, "contacts[0]contacted_at"),
        ({"contacted_at": 5}, "contacts[0]contacted_at"),
        ({"contacted_at": "0001-01-01T00:00:00+14:00"}, "contacts[0]contacted_at"),
        ({"treated": "yes"}, "contacts[0]treated"),
        ({"action": " "}, "contacts[0]action"),
        ({"action": "a\0b"}, "contacts[0]action"),
        ({"arm": "control"}, "contacts[0]arm"),
    ],
)
async def test_a_wrong_field_is_named(
    client: httpx.AsyncClient, facts: dict[str, Any], place: str
) -> None:
    found = await post(client, {**CALL, **facts})
    assert (found.status_code, found.json()["code"]) == (422, "invalid_request"), found.text
    assert found.json()["details"][0]["location"].replace(".", "") == place


async def test_an_action_that_is_not_configured(shop: Path) -> None:
    with (shop / "keepwell.toml").open("a") as file:
        file.write("\n[actions.caller]\nlevel = 'social'\n")
    async with open_service(shop) as client:
        found = (await post(client, CALL)).json()["details"][0]["problem"]
    assert found == ('there is no [actions.call]. Did you mean "caller"? Known actions: caller')


async def test_it_needs_the_role_to_write(shop: Path) -> None:
    file = KeyFile(shop / "keepwell-keys.json")
    reader = file.create("reader", [Role.READ, Role.PREDICT])
    writer = file.create("writer", [Role.WRITE])
    async with open_service(shop) as client:
        client.headers["Authorization"] = f"Bearer {reader}"
        assert (await post(client, CALL)).json()["code"] == "forbidden"
        client.headers["Authorization"] = f"Bearer {writer}"
        assert (await post(client, CALL)).json()["new"] == 1


async def test_a_store_that_somebody_writes_to_is_busy_and_can_be_read(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.api.contact_handlers._WAIT_S", 0.1)
    async with open_service(shop) as client:
        with Store.open(store_url(shop)) as other, writing(other._engine, 1, PUBLISHING):  # noqa: SLF001
            found = await post(client, CALL)
            assert (found.status_code, found.json()["code"]) == (503, "store_busy")
            assert found.headers["retry-after"] == "5"
            assert (await client.get("/v1/runs")).status_code == 200


def test_the_client_records_contacts(address: str) -> None:
    with Client(address) as client, pytest.raises(ApiError, match=r"contacts\[0\].customer_id"):
        client.record_contacts([{**CALL, "customer_id": "nobody"}])
