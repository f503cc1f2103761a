"""Folders that are made once, by whichever of a session's processes asks first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

Made = Callable[[str, Callable[[Path], object]], Path]


def once(factory: pytest.TempPathFactory) -> Made:
    """Return a function that makes a folder of a name, or gives it where it has been made.

    The folder is every process's: it must not be changed.
    """
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return made
