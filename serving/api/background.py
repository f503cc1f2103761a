"""Work that outlives its request: a few pieces wait, one goes on at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from serving.api.problems import ApiProblem

_MOST = 8


class Background:
    """Pieces of work of one worker."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Semaphore(1)

    def check_room(self) -> None:
        """Refuse more than a few pieces.

        Raises
        ------
        ApiProblem
            When too many wait already (503).
        """
        if len(self._tasks) >= _MOST:
            message = f"{len(self._tasks)} plans are at work already; try again later"
            raise ApiProblem(503, "overloaded", message, headers={"Retry-After": "10"})

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do a piece of work when it is its turn."""
        task = asyncio.create_task(self._in_turn(work))
        self._tasks.add(task)  # a task that nobody holds may be collected before it is done
        task.add_done_callback(self._tasks.discard)

    async def _in_turn(self, work: Coroutine[Any, Any, None]) -> None:
        async with self._turn:
            await work
