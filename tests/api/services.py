"""Services in processes of their own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

KEEPWELL = Path(sys.executable).with_name("keepwell")
BENTOML = Path(sys.executable).with_name("bentoml")
START_S = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def started(
    command: list[str | Path],
    url: str,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    ready: str = "/readyz",
) -> Iterator[httpx.Client]:
    """Start a service, and stop it with its workers."""
    with log.open("w") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=folder
        )
        try:
            with httpx.Client(base_url=url, timeout=60) as client:
                _wait(client, process, log, ready)
                yield client
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        finally:
            process.kill()
            process.wait()


def _wait(client: httpx.Client, process: subprocess.Popen[bytes], log: Path, ready: str) -> None:
    until = time.monotonic() + START_S
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        try:
            if client.get(ready).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.3)
