"""Working a search out: how long, and how many trials at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event

from training.tune_study import Desk, HaltedError, Search

_TICK = 0.5
"""Seconds between two looks at Ctrl-C, which a handler of some library may not wake a wait for."""


@dataclass(frozen=True)
class Order:
    """How long to search.

    Parameters
    ----------
    trials : int
        Finished ones of each study, those of earlier searches included.
    timeout : float
        Seconds after which no trial begins.
    jobs : int
        Trials at a time.
    """

    trials: int
    timeout: float = math.inf
    jobs: int = 1


def search(
    desk: Desk,
    wanted: Sequence[Search],
    order: Order,
    on_trial: Callable[[], None],
    on_interrupt: Callable[[], None] = lambda: None,
) -> None:
    """Work trials out until there are enough or the time is over.

    Parameters
    ----------
    desk : Desk
    wanted : sequence of Search
    order : Order
    on_trial : callable
        Called after each trial, by one thread or process at a time.
    on_interrupt : callable
        Called on Ctrl-C, before the folds that are being fitted are waited for.
    """
    end = time.monotonic() + order.timeout
    halt = Event()

    def worker() -> None:
        while time.monotonic() < end and not halt.is_set():
            if (taken := desk.take(wanted, order.trials)) is None:
                return
            try:
                desk.work(*taken, halt.is_set)
            except HaltedError:
                return
            with desk.alone():
                on_trial()

    # Never in the main thread: Ctrl-C would break off a write there and leave its database locked.
    with desk.at_work(), ThreadPoolExecutor(order.jobs) as pool:
        try:
            left = {pool.submit(worker) for _ in range(order.jobs)}
            while left:
                done, left = wait(left, _TICK, FIRST_COMPLETED)
                for future in done:
                    future.result()
        except KeyboardInterrupt:
            on_interrupt()
            raise
        finally:
            halt.set()
