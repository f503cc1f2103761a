"""What a piece of work takes, measured in a fresh process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

TO_GB = 1e9 if sys.platform == "darwin" else 1e6


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of the processors, and the peak of resident memory in GB.

    The clock counts what other programs on the machine do; the processors' time hardly does.
    Imports are not counted as time, but as memory.
    """

    seconds: float
    processor: float
    memory: float


def report(work: Callable[[], object]) -> None:
    """Do some work and print what it took, for :func:`measured` to read."""
    start, before = time.perf_counter(), time.process_time()
    work()
    seconds, processor = time.perf_counter() - start, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / TO_GB
    print(json.dumps(asdict(Cost(seconds, processor, peak))))  # noqa: T201 - read by the parent


def measured(module: str, *arguments: object) -> Cost:
    """Run a module that calls :func:`report`.

    Raises
    ------
    subprocess.CalledProcessError
        When it fails; its own words are on the error stream.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def best(costs: list[Cost]) -> Cost:
    """Take the least of each figure of several runs of the same work."""
    figures = zip(*(asdict(cost).values() for cost in costs), strict=True)
    return Cost(*map(min, figures))
