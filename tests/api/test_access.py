from __future__ import annotations

import re
import stat
from pathlib import Path

import httpx
import pytest

from features.errors import InputError
from keepwell.cli import main
from serving.api.auth import check_binding, is_loopback
from serving.api.keys import KeyFile, Role
from serving.api.operations import OPERATIONS
from tests.api.served import open_service

pytestmark = pytest.mark.anyio


def named(path: str) -> str:
    """Give a path in the place of its template."""
    return re.sub(r"\{\w+\}", "00001", path)


CLOSED = [(o.method, named(o.path)) for o in OPERATIONS if not o.open] + [
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
]
ROLES = [(o.method, named(o.path), o.role) for o in OPERATIONS if o.role]


def key_file(folder: Path) -> KeyFile:
    return KeyFile(folder / "keepwell-keys.json")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(("method", "path"), CLOSED)
@pytest.mark.parametrize(
    "headers",
    [
        {"Forwarded": "for=1.2.3.4"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Host": "localhost"},
        {"X-Forwarded-Proto": "https"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "shop.example"},
        {"Host": "127.0.0.1.nip.example"},
        {"Host": "localhost@shop.example"},
        {"Host": ""},
        {"Origin": "https://shop.example"},
        {"Origin": "null"},
    ],
)
async def test_without_keys_nothing_that_may_be_from_elsewhere_is_served(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    found = await client.request(method, path, headers=headers)
    assert (found.status_code, found.json()["code"]) == (403, "keys_needed")
    assert "keepwell keys create" in found.json()["message"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:3000", "127.0.0.1:80", "[::1]:3000"])
async def test_without_keys_this_machine_is_served(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/v1/runs", headers={"Host": host})).status_code == 200


async def test_without_keys_another_machine_is_not(shop: Path) -> None:
    async with open_service(shop, peer="10.0.0.7") as client:
        found = await client.get("/v1/runs")
        assert (found.status_code, found.json()["code"]) == (403, "keys_needed")
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200


async def test_roles_open_what_they_name_and_nothing_else(shop: Path) -> None:
    file = key_file(shop)
    keys = {role: file.create(role.value, [role]) for role in Role}
    async with open_service(shop, base="https://shop.example", peer="10.0.0.7") as client:
        for method, path, needed in ROLES:
            assert (await client.request(method, path)).status_code == 401
            for role, key in keys.items():
                found = await client.request(method, path, headers=bearer(key))
                assert (found.status_code == 403) == (role is not needed), (path, role)
                assert found.status_code != 401
        metrics = await client.get("/metrics", headers=bearer(keys[Role.READ]))
        assert metrics.status_code == 200


async def test_wrong_keys_are_not_let_in(shop: Path) -> None:
    key = key_file(shop).create("app", [Role.READ])
    async with open_service(shop) as client:
        assert (await client.get("/v1/runs", headers=bearer(key))).status_code == 200
        for wrong in (
            {},
            bearer(key[:-1]),
            bearer(key + "x"),
            bearer("kw_00000000_" + key.split("_", 2)[2]),
            bearer(""),
            bearer("Ærø"),
            {"Authorization": f"Basic {key}"},
            {"Authorization": key},
        ):
            sent = {k.encode(): v.encode("latin-1") for k, v in wrong.items()}
            found = await client.get("/v1/runs", headers=sent)
            assert (found.status_code, found.json()["code"]) == (401, "unauthorized"), wrong
            assert found.headers["www-authenticate"] == "Bearer"


async def test_a_revoked_key_is_refused_and_the_last_one_leaves_the_door_closed(
    shop: Path,
) -> None:
    file = key_file(shop)
    key = file.create("app", [Role.READ])
    async with open_service(shop) as client:
        assert (await client.get("/v1/runs", headers=bearer(key))).status_code == 200
        file.revoke("app")
        await _a_second_later()
        assert (await client.get("/v1/runs", headers=bearer(key))).status_code == 401
        file.path.unlink()
        await _a_second_later()
        assert (await client.get("/v1/runs")).status_code == 401


async def test_a_damaged_file_of_keys_lets_nobody_in(shop: Path) -> None:
    key_file(shop).path.write_text("{", encoding="utf-8")
    async with open_service(shop) as client:
        assert (await client.get("/v1/runs")).status_code == 401
        assert (await client.get("/livez")).status_code == 200


async def test_a_key_made_later_closes_the_door(shop: Path) -> None:
    async with open_service(shop) as client:
        assert (await client.get("/v1/runs")).status_code == 200
        key_file(shop).create("app", [Role.READ])
        await _a_second_later()
        assert (await client.get("/v1/runs")).status_code == 401


async def _a_second_later() -> None:
    import anyio  # noqa: PLC0415 - its plugin asks to be first

    await anyio.sleep(1.1)


async def test_requests_are_limited_by_key(shop: Path) -> None:
    config = shop / "keepwell.toml"
    config.write_text(config.read_text() + "\n[serving]\nrequests_per_second = 3.0\n")
    one, two = (key_file(shop).create(n, [Role.READ]) for n in ("one", "two"))
    async with open_service(shop) as client:
        found = [(await client.get("/v1/runs", headers=bearer(one))) for _ in range(6)]
        assert [f.status_code for f in found[:3]] == [200] * 3
        assert found[-1].status_code == 429
        assert found[-1].json()["code"] == "too_many_requests"
        assert found[-1].headers["retry-after"] == "1"
        assert (await client.get("/v1/runs", headers=bearer(two))).status_code == 200


def test_keys_are_hashed_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    file = key_file(tmp_path)
    key = file.create("app", [Role.PREDICT, Role.READ])
    assert key.startswith("kw_")
    assert key.split("_", 2)[2] not in file.path.read_text()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [(k.name, k.roles) for k in file.list()] == [("app", (Role.PREDICT, Role.READ))]


def test_the_commands_for_keys(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(shop / "keepwell.toml")]
    made = ["keys", "create", "app", "--role", "read", "--role", "predict", *config]
    assert main(made) == 0
    key = capsys.readouterr().out.strip()
    assert main(["keys", "list", *config]) == 0
    shown = capsys.readouterr().out
    assert "predict, read" in shown
    assert key.split("_", 2)[2] not in shown
    assert main(made) == 2
    assert 'there is a key "app" already' in capsys.readouterr().err
    assert main(["keys", "create", "b", "--role", "owner", *config]) == 2
    assert "the roles are read, predict, write, admin" in capsys.readouterr().err
    assert main(["keys", "revoke", "app", *config]) == 0
    assert main(["keys", "revoke", "app", *config]) == 2
    assert 'there is no key "app"' in capsys.readouterr().err


def test_it_refuses_to_be_open_to_others_without_keys(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(shop / "keepwell.toml")
    assert main(["serve", "--host", "0.0.0.0", "--config", config]) == 2  # noqa: S104 - refused
    said = capsys.readouterr().err
    assert "there are no API keys, and 0.0.0.0 is open to other machines" in said
    assert "keepwell keys create" in said


def test_with_keys_it_may_be_open(tmp_path: Path) -> None:
    file = key_file(tmp_path)
    check_binding("127.0.0.1", file)
    check_binding("::1", file)
    with pytest.raises(InputError, match="keepwell keys create"):
        check_binding("::", file)
    file.create("app", [Role.READ])
    check_binding("::", file)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "::ffff:127.0.0.1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "::", "8.8.8.8", "localhost.example", "", "127.1"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)
