"""Commands in processes of their own, which can be killed on their way."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.support import Shop

# A process started in the background ignores interruptions, and hands that on to its children.
COMMAND = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from keepwell.cli import main; sys.exit(main())"
)


def start(shop: Shop, command: str) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-u", "-c", COMMAND, command, "--config", str(shop.config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def stop(process: subprocess.Popen[str], stage: str, how: signal.Signals) -> str:
    """Send a signal as soon as a stage begins, and give what was said afterwards."""
    assert process.stdout is not None
    said = ""
    while not said.startswith(stage):
        said = process.stdout.readline()
        assert said, f"ended before {stage}"
    process.send_signal(how)
    return process.communicate(timeout=120)[0]


def check_registry(shop: Shop) -> None:
    """Whatever happened, the champion is the last promotion and can be loaded."""
    champion, history = shop.registry.champion(), shop.registry.history()
    assert champion is not None
    assert champion.number == history[-1].version
    shop.registry.load(champion)


def leftovers(shop: Shop) -> Iterable[Path]:
    """Give what runs left in the work folder."""
    return list((shop.folder / ".keepwell").glob("run-*"))
