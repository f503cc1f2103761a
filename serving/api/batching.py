"""Predictions for requests that come at the same time, worked out together.

A query over the histories of eight customers takes hardly longer than over one's. Nobody waits for
a batch to fill: what has come while the threads were busy is the next batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import orjson

from serving.api import metrics
from serving.api.reload import Live
from serving.online.problems import RequestProblem
from serving.online.schemas import MOST_CUSTOMERS, PredictRequest, read

Answered = bytes | RequestProblem

_MOST_BYTES = 500_000
"""Bodies of a batch together; a larger one is a batch of its own."""


def predicted(live: Live, body: bytes) -> bytes:
    """Answer one request.

    Parameters
    ----------
    live : Live
    body : bytes
        JSON.

    Raises
    ------
    RequestProblem
        When it cannot be answered.
    """
    return _answer(live, read(body))


def predicted_together(live: Live, bodies: Sequence[bytes]) -> list[Answered]:
    """Answer several requests, each as if it were alone.

    Returns
    -------
    list of bytes or RequestProblem
        In the order of the bodies.
    """
    metrics.TOGETHER.observe(len(bodies))
    wanted = [_read(body) for body in bodies]
    sound = [w for w in wanted if isinstance(w, PredictRequest)]
    items = _items(live, sound)
    if items is None:
        return [w if isinstance(w, RequestProblem) else _try(live, w) for w in wanted]
    parts = iter(items)
    return [w if isinstance(w, RequestProblem) else next(parts) for w in wanted]


def _items(live: Live, wanted: Sequence[PredictRequest]) -> list[bytes] | None:
    """Answer sound requests by one prediction; None where they have to be answered alone."""
    customers = [c for w in wanted for c in w.customers]
    alike = len({w.explain for w in wanted}) == 1 and len(customers) <= MOST_CUSTOMERS
    if not alike or len(wanted) == 1:
        return None
    try:
        found = live.predictor.predict(customers, explain=wanted[0].explain)
    except RequestProblem:
        return None  # one of them is to blame, and is told so when it is alone
    answers, start = [], 0
    for request in wanted:
        metrics.BATCH.observe(len(request.customers))
        end = start + len(request.customers)
        answers.append(orjson.dumps({"items": found[start:end]}))
        start = end
    return answers


def _read(body: bytes) -> PredictRequest | RequestProblem:
    try:
        return read(body)
    except RequestProblem as problem:
        return problem


def _try(live: Live, wanted: PredictRequest) -> Answered:
    try:
        return _answer(live, wanted)
    except RequestProblem as problem:
        return problem


def _answer(live: Live, wanted: PredictRequest) -> bytes:
    metrics.BATCH.observe(len(wanted.customers))
    items = live.predictor.predict(wanted.customers, explain=wanted.explain)
    return orjson.dumps({"items": items})


@dataclass(frozen=True)
class _Waiting:
    live: Live
    body: bytes
    answer: asyncio.Future[bytes]


class Batches:
    """Hands requests to threads, those that have come meanwhile as one.

    Parameters
    ----------
    threads : ThreadPoolExecutor
    runners : int
        Batches at the same time.
    """

    def __init__(self, threads: ThreadPoolExecutor, runners: int) -> None:
        self._threads = threads
        self._queue: deque[_Waiting] = deque()
        self._idle = runners
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Count the requests that no thread has taken yet."""
        return len(self._queue)

    async def ask(self, live: Live, body: bytes) -> bytes:
        """Answer a request.

        Raises
        ------
        RequestProblem
            When it cannot be answered; others of its batch are.
        """
        waiting = _Waiting(live, body, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._idle:
            self._idle -= 1
            task = asyncio.create_task(self._run())
            self._tasks.add(task)  # the loop itself would not keep it alive
            task.add_done_callback(self._tasks.discard)
        return await waiting.answer

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            batch = self._next()
            work = loop.run_in_executor(
                self._threads, predicted_together, batch[0].live, [w.body for w in batch]
            )
            # Whatever a thread raises is every waiting request's, and the runner goes on.
            await asyncio.wait([work])
            for place, waiting in enumerate(batch):
                _settle(waiting.answer, work, place)
        self._idle += 1

    def _next(self) -> list[_Waiting]:
        batch = [self._queue.popleft()]
        size = len(batch[0].body)
        while self._queue and self._queue[0].live is batch[0].live:
            size += len(self._queue[0].body)
            if size > _MOST_BYTES:
                break
            batch.append(self._queue.popleft())
        return batch


def _settle(
    answer: asyncio.Future[bytes], work: asyncio.Future[list[Answered]], place: int
) -> None:
    if answer.done():  # its caller has gone
        return
    if work.cancelled():
        answer.cancel()
        return
    error = work.exception()
    found = error if error is not None else work.result()[place]
    if isinstance(found, BaseException):
        answer.set_exception(found)
    else:
        answer.set_result(found)
