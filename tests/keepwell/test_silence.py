"""What compiled libraries print, and what commands do."""

from __future__ import annotations

import ctypes
import sys

import pytest

from keepwell.silence import silenced


def test_only_what_is_printed_inside_is_lost(capfd: pytest.CaptureFixture[str]) -> None:
    libc = ctypes.CDLL(None)
    sys.stdout.write("before\n")
    with silenced():
        libc.puts(b"inside")
    sys.stdout.write("after\n")
    libc.fflush(None)
    assert capfd.readouterr().out.split() == ["before", "after"]


def test_an_error_passes(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="wrong"), silenced():
        raise ValueError("wrong")
    sys.stdout.write("after\n")
    assert capfd.readouterr().out.split() == ["after"]
