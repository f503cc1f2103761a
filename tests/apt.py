"""What a test needs from Debian's packages, installed where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess


def can_install() -> bool:
    """Tell whether packages can be installed here: by root, on a Debian."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(package: str) -> str | None:
    """Install a package and give None, or why that failed."""
    quick = ["install", "-y", "-qq", "--no-install-recommends", package]
    for step in (["update", "-qq"], quick):
        done = subprocess.run(
            ["apt-get", *step],  # noqa: S607 - wherever apt-get is
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return f"apt-get {step[0]} failed: {done.stderr.strip()}"
    return None
