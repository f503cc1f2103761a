"""The BentoML service: its workers and their life; every request goes to our own API."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

# Before BentoML is imported: it would report each start to its makers.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

import bentoml
import click
from bentoml.exceptions import BentoMLException

from features.errors import InputError
from serving.api.app import Api
from serving.api.auth import check_binding
from serving.api.keys import KeyFile
from serving.api.messages import App, Receive, Request, Scope, Send, refusal, respond
from serving.api.problems import not_ready
from serving.configuration import read_configuration
from serving.starting import make_api

WORKERS_VARIABLE = "KEEPWELL_WORKERS"
_log = logging.getLogger("keepwell.serving")


@dataclass
class Door:
    """What stands behind the middleware: nothing until the models are loaded."""

    api: Api | None = None


class Gateway:
    """Middleware that answers every request itself, before BentoML's own routes.

    BentoML's metrics and logs name each path, and ours hold customers: so its routes, metrics and
    access log are off, and the API has its own.
    """

    def __init__(self, app: App, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer HTTP; leave the rest, such as the start and the end, to BentoML."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._door.api is None:
            request = Request(scope, receive)
            await respond(send, refusal(not_ready(), request.id), request.id)
        else:
            await self._door.api(scope, receive, send)


class Served:
    """Predictions, published scores and risk lists: one worker's life."""

    door = Door()

    def __init__(self) -> None:
        configuration = read_configuration()
        _set_logs()
        if (host := listening()) is not None:
            check_binding(host, KeyFile(configuration.keys_path))
        self.api = make_api(configuration)
        self.api.parts.models.start()
        self._seconds = configuration.serving.watch_seconds
        self._watch: asyncio.Task[None] | None = None

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def refuse() -> None:
        """Refuse before any worker starts, which BentoML would start again and again."""
        host = chosen_host()
        if host is not None:
            try:
                check_binding(host, KeyFile(read_configuration().keys_path))
            except InputError as error:
                raise BentoMLException(str(error)) from None

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def begin(self) -> None:
        """Open the door, and watch the champion."""
        self.door.api = self.api
        if self.api.parts.models.watched:
            self._watch = asyncio.create_task(watch(self.api, self._seconds))

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def end(self) -> None:
        """Close what is open."""
        self.door.api = None
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        self.api.close()


def make_service() -> bentoml.Service[Any]:
    """Make a service with a door of its own; its configuration is read when it starts."""
    door = Door()
    made: bentoml.Service[Any] = bentoml.service(
        type("Served", (Served,), {"door": door, "__doc__": Served.__doc__}),
        name="Keepwell",
        workers=int(os.environ.get(WORKERS_VARIABLE, "1")),
        http={"host": "127.0.0.1"},  # BentoML's own default is open to other machines
        metrics={"enabled": False},
        logging={"access": {"enabled": False}},
        tracing={"excluded_urls": ".*"},
    )
    made.add_asgi_middleware(Gateway, door=door)
    return made


async def watch(api: Api, seconds: float) -> None:
    """Look the champion up for ever.

    Parameters
    ----------
    api : Api
    seconds : float
        Between two looks.
    """
    while True:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(api.parts.models.refresh)


def listening() -> str | None:
    """Give the address that this worker's socket listens on; None outside BentoML's workers."""
    if "--fd" not in sys.argv:
        return None
    descriptor = os.dup(int(sys.argv[sys.argv.index("--fd") + 1]))
    with socket.socket(fileno=descriptor) as found:
        return str(found.getsockname()[0])


def chosen_host() -> str | None:
    """Give the ``--host`` of the command that serves; None where there is none."""
    context = click.get_current_context(silent=True)
    return context.params.get("host") if context else None


def _set_logs() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    for name in ("keepwell.serving", "keepwell.access"):
        log = logging.getLogger(name)
        log.handlers[:], log.propagate = [handler], False
        log.setLevel(logging.INFO)
    # The server's own would hold whole paths, and so customers.
    logging.getLogger("uvicorn.access").disabled = True


Keepwell = make_service()
