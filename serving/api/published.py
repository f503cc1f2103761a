"""The score store as the API uses it: opened when it answers, asked beside the event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from serving.errors import (
    ContradictingContacts,
    InvalidCursor,
    StaleCursor,
    StoreBusy,
    StoreError,
    StoreUnavailable,
    UnknownPlan,
    UnknownRun,
)
from serving.settings import StoreSettings
from serving.store import Store

_THREADS = 8
_PAUSE_S = 1.0
_ANSWERS = (
    UnknownRun,
    UnknownPlan,
    StaleCursor,
    InvalidCursor,
    ContradictingContacts,
    StoreBusy,
)
_log = logging.getLogger("keepwell.serving")
_Found = TypeVar("_Found")


class Published:
    """Published scores, or word that they cannot be read now.

    Threads of their own keep a database that hangs from holding predictions up, and a database
    that is down is asked once a second, not by every request.

    Parameters
    ----------
    url : str
    settings : StoreSettings
    """

    def __init__(self, url: str, settings: StoreSettings) -> None:
        self._url = url
        self._settings = settings
        self._store: Store | None = None
        self._opening = Lock()
        self._threads = ThreadPoolExecutor(_THREADS, "store")
        self._failed = float("-inf")
        self.down = False

    async def ask(self, question: Callable[[Store], _Found]) -> _Found:
        """Ask the store.

        Raises
        ------
        StoreError
            As the store does.
        """
        if self.down and time.monotonic() - self._failed < _PAUSE_S:
            message = "the score store did not answer a moment ago"
            raise StoreUnavailable(message)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._ask, question)

    def close(self) -> None:
        """Close the store."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._store is not None:
            self._store.close()

    def _ask(self, question: Callable[[Store], _Found]) -> _Found:
        try:
            found = question(self._opened())
        except _ANSWERS:
            self.down = False
            raise
        except StoreError as error:
            if not self.down:
                _log.error("%s", error)
            self.down, self._failed = True, time.monotonic()
            raise
        self.down = False
        return found

    def _opened(self) -> Store:
        with self._opening:
            if self._store is None:
                keep, days = self._settings.keep_runs, self._settings.history_days
                self._store = Store.open(self._url, keep_runs=keep, history_days=days)
            return self._store
