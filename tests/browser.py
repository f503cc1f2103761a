"""A real browser: what it makes of a page, on a narrow screen."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.apt import can_install, install

_NAMES = ("chromium", "chromium-browser", "google-chrome")

_FRAME = """<!DOCTYPE html><title></title><body style="margin:0">
<iframe style="border:0;width:{width}px;height:{height}px" srcdoc="{page}"></iframe>
<script>onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  const broken = [...page.images].filter(image => !image.naturalWidth).length;
  const {{clientWidth, scrollWidth}} = page.documentElement;
  document.title = `seen ${{clientWidth}} ${{scrollWidth}} ${{page.images.length}} ${{broken}}`;
}}</script>
"""
"""A window has a least width of its own; a frame may be as narrow as a phone."""


class NoBrowser(RuntimeError):  # noqa: N818 - named for what it says
    """Why no browser can be started here."""


@dataclass(frozen=True)
class Seen:
    """What a browser made of a page.

    Parameters
    ----------
    width, needed : int
        Pixels that the page had, and that its content takes.
    images, broken : int
    said : tuple of str
        Lines in the console.
    """

    width: int
    needed: int
    images: int
    broken: int
    said: tuple[str, ...]


def look(page: str, width: int, picture: Path, height: int = 2_000) -> Seen:
    """Open a page in a frame of this width, and take a picture of it.

    Raises
    ------
    NoBrowser
        When Chromium is missing and cannot be installed, or does not start.
    """
    program = _program()
    with tempfile.TemporaryDirectory(prefix="keepwell-browser-") as folder:
        frame = Path(folder, "frame.html")
        content = html.escape(page, quote=True)
        frame.write_text(_FRAME.format(width=width, height=height, page=content), encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        options.append("--enable-logging=stderr")
        size, profile = f"--window-size={width},{height}", f"--user-data-dir={folder}/profile"
        shown = [f"--screenshot={picture}", "--dump-dom", frame.as_uri()]
        done = subprocess.run(
            [program, *options, size, profile, *shown],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    found = re.search(r"<title>seen (\d+) (\d+) (\d+) (\d+)</title>", done.stdout)
    if found is None:
        raise NoBrowser(f"{program} showed nothing: {done.stderr.strip()[-500:]}")
    said = tuple(line for line in done.stderr.splitlines() if ":CONSOLE" in line)
    had, needed, images, broken = (int(number) for number in found.groups())
    return Seen(had, needed, images, broken, said)


def _program() -> str:
    found = _find()
    if found is None and can_install():
        if problem := install("chromium"):
            raise NoBrowser(problem)
        found = _find()
    if found is None:
        raise NoBrowser("Chromium is not here; install it (Debian: apt-get install chromium)")
    return found


def _find() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
