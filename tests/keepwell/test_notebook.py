"""The guide for notebooks runs from its beginning to its end, and prints what it says."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "notebook.md"
BLOCK = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
NEXT = "=== next ===\n"
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def test_the_guide_prints_what_it_says(tmp_path: Path) -> None:
    blocks = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    script = f"print({NEXT!r}, end='')\n".join(code for code, _ in blocks)
    told = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=told,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split(NEXT)
    assert len(printed) == len(blocks) > 8
    checker = doctest.OutputChecker()
    wrong = [
        f"{code}\nprinted:\n{got}\nthe guide says:\n{wanted}"
        for (code, wanted), got in zip(blocks, printed, strict=True)
        if not checker.check_output(wanted, got, LENIENT)
    ]
    assert not wrong, "\n".join(wrong)
