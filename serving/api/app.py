"""The ASGI application: finds the operation, lets the caller in, answers, counts, logs."""

from __future__ import annotations

import logging
import time

import orjson

from serving.api import metrics
from serving.api.handlers import Parts
from serving.api.messages import Answer, Receive, Request, Scope, Send, refusal, respond
from serving.api.metrics import Meter
from serving.api.openapi import document
from serving.api.operations import OPERATIONS, Operation, Router
from serving.api.page import POLICY, page
from serving.api.problems import INTERNAL, ApiProblem, of_store
from serving.errors import StoreError

_access = logging.getLogger("keepwell.access")


class Api:
    """Answers every request.

    Parameters
    ----------
    parts : Parts
    version : str
        Of Keepwell, for the documentation.
    """

    def __init__(self, parts: Parts, version: str) -> None:
        self.parts = parts
        made = document(OPERATIONS, version)
        self._openapi = orjson.dumps(made)
        self._page = page(made)
        self._router = Router((*OPERATIONS, *self._documents()))
        self._meter = Meter()
        self._logs = parts.settings.access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        What nobody foresaw is answered in the one shape too, and then goes on to the server's log.
        """
        started = time.perf_counter()
        request = Request(scope, receive)
        answer = refusal(INTERNAL, request.id)
        try:
            answer = await self._answer(request)
        finally:
            self._note(request, answer.status, started)
            await respond(send, answer, request.id)

    def close(self) -> None:
        """Let go of threads and connections."""
        self.parts.published.close()
        self.parts.threads.shutdown(wait=False, cancel_futures=True)

    async def _answer(self, request: Request) -> Answer:
        try:
            operation = self._router.find(request)
            self._admit(request, operation)
            return await operation.handler(self.parts, request)
        except ApiProblem as problem:
            return self._refuse(request, problem)
        except StoreError as error:
            return self._refuse(request, of_store(error))

    def _admit(self, request: Request, operation: Operation) -> None:
        if operation.open:
            return
        self.parts.access.admit(request, operation.role)
        if request.caller:
            self.parts.limit.take(request.caller)

    def _refuse(self, request: Request, problem: ApiProblem) -> Answer:
        metrics.REJECTED.labels(problem.code).inc()
        return refusal(problem, request.id)

    def _note(self, request: Request, status: int, started: float) -> None:
        known = request.method if request.route != "unknown" else "any"
        method = known if known in _METHODS else "any"
        took = self._meter.count(request.route, method, status, started)
        if self._logs:
            _access.info(
                "%s %s %d %.1fms request=%s key=%s",
                method,
                request.route,
                status,
                1000 * took,
                request.id,
                request.caller or "-",
            )

    def _documents(self) -> tuple[Operation, ...]:
        async def openapi(_: Parts, __: Request) -> Answer:
            return Answer(self._openapi)

        async def docs(_: Parts, __: Request) -> Answer:
            headers = {"Content-Security-Policy": POLICY}
            return Answer(self._page, media="text/html; charset=utf-8", headers=headers)

        return (
            Operation("GET", "/openapi.json", openapi, "application/json"),
            Operation("GET", "/docs", docs, "text/html"),
        )


_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
