"""Requests and answers, as thin as they can be: the hot path goes through here."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from serving.api.problems import ApiProblem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON = "application/json"
_GOOD_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


@dataclass(frozen=True)
class Answer:
    """What is sent back.

    Parameters
    ----------
    body : bytes
    status : int
    media : str
        Content type.
    headers : mapping of str to str
    """

    body: bytes
    status: int = 200
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def answer_json(content: object) -> Answer:
    """Answer plain Python values as JSON."""
    return Answer(orjson.dumps(content))


def refusal(problem: ApiProblem, request_id: str) -> Answer:
    """Answer with a problem."""
    return Answer(problem.body(request_id), problem.status, headers=problem.headers)


class Request:
    """A request as it comes in.

    Parameters
    ----------
    scope, receive
        Of ASGI.
    """

    __slots__ = ("caller", "headers", "id", "method", "path", "receive", "route", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.id = _request_id(self.headers.get(b"x-request-id"))
        self.route = "unknown"
        self.caller = ""


def _request_id(given: bytes | None) -> str:
    """Take the caller's id over if it is harmless in a log; else make one."""
    if given is not None and _GOOD_ID.fullmatch(given):
        return given.decode()
    return secrets.token_hex(16)


async def respond(send: Send, answer: Answer, request_id: str) -> None:
    """Send an answer."""
    headers = [
        (b"content-type", answer.media.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"x-request-id", request_id.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *((name.lower().encode(), text.encode("latin-1")) for name, text in answer.headers.items()),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
