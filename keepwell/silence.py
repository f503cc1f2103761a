"""Keep what libraries print for their own developers out of what a command prints."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_OUTPUT = 1


@contextmanager
def silenced() -> Iterator[None]:
    """Send what compiled libraries write to standard output nowhere.

    HiGHS now and then prints a line of its own debugging, which none of its options turns off.
    """
    sys.stdout.flush()
    kept, nowhere = os.dup(_OUTPUT), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _OUTPUT)
    try:
        yield
    finally:
        ctypes.CDLL(None).fflush(None)  # what it has written may wait in a buffer
        os.dup2(kept, _OUTPUT)
        os.close(nowhere)
        os.close(kept)
