"""What one caller may ask for: bodies of some size, and so many requests a second."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from serving.api.messages import Request
from serving.api.problems import ApiProblem

BODY_S = 30.0
"""Seconds that a body may take to arrive."""

MEGABYTE = 1_000_000
_MANY = 10_000


async def read_body(request: Request, most: int) -> bytes:
    """Read a JSON body.

    Parameters
    ----------
    request : Request
    most : int
        Bytes at most.

    Raises
    ------
    ApiProblem
        When it is too long (413), of another type (415) or does not arrive (408).
    """
    _check_type(request.headers.get(b"content-type", b""))
    announced = request.headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced[:20]) > most:
        raise _too_long(most)
    try:
        async with asyncio.timeout(BODY_S):
            return await _gather(request, most)
    except TimeoutError:
        message = f"the body did not arrive within {BODY_S:.0f} seconds"
        raise ApiProblem(408, "body_timeout", message, headers={"Connection": "close"}) from None


async def _gather(request: Request, most: int) -> bytes:
    parts, size = [], 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ApiProblem(400, "incomplete_body", "the connection ended before the body did")
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _too_long(most)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _check_type(given: bytes) -> None:
    # A browser asks before it sends JSON to another site: so no page can make one predict.
    kind = given.split(b";")[0].strip().lower()
    if kind != b"application/json":
        raise ApiProblem(
            415, "unsupported_media_type", "send the body as Content-Type: application/json"
        )


def _too_long(most: int) -> ApiProblem:
    message = f"the body is longer than {most / MEGABYTE:g} MB; send fewer customers at a time"
    return ApiProblem(413, "body_too_large", message, headers={"Connection": "close"})


class RateLimit:
    """A bucket of tokens for each key: it holds one second's worth.

    Parameters
    ----------
    per_second : float
    clock : callable
        Gives seconds that never go back.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_second
        self._most = max(1.0, per_second)
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> None:
        """Count a request.

        Raises
        ------
        ApiProblem
            When the bucket is empty (429).
        """
        now = self._clock()
        tokens, then = self._buckets.get(key, (self._most, now))
        tokens = min(self._most, tokens + (now - then) * self._rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            wait = max(1, math.ceil((1 - tokens) / self._rate))
            raise ApiProblem(
                429,
                "too_many_requests",
                f"more than {self._rate:g} requests a second with this key; wait {wait} s",
                headers={"Retry-After": str(wait)},
            )
        self._buckets[key] = (tokens - 1, now)
        if len(self._buckets) > _MANY:
            self._buckets.clear()
