"""A shop with a champion and published scores, and its service in this process."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from tests.api.served import make_service, open_service, publish
from tests.api.services import free_port


@pytest.fixture(scope="session")
def shop_once(scored_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish once; the folder must not be changed."""
    folder = tmp_path_factory.mktemp("api") / "shop"
    shutil.copytree(scored_once, folder)
    publish(folder)
    return folder


@pytest.fixture
def shop(shop_once: Path, tmp_path: Path) -> Path:
    """Give a copy of the shop, to be changed; the bundle's files stay with the first one."""
    return Path(shutil.copytree(shop_once, tmp_path / "shop"))


@pytest.fixture(scope="session")
async def client(shop_once: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Open one service for all tests that only read."""
    async with open_service(shop_once) as found:
        yield found


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def address(shop_once: Path) -> Iterator[str]:
    """Serve the shop from a thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEEPWELL_CONFIG", str(shop_once / "keepwell.toml"))
        port = free_port()
        config = uvicorn.Config(make_service().to_asgi(), port=port, log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        until = time.monotonic() + 60
        while not server.started and time.monotonic() < until:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(30)
