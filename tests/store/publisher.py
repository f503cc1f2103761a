"""Publish batches until killed: a program for the tests, run in a process of its own.

Arguments: the store's URL, and a file that is made once half of the scores are with the database.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from serving.store import Store
from tests.store.made import info, scores

ROWS = 70_000  # more than the store sends at once, so that the database has begun


def halves(signal: Path) -> Iterator[pd.DataFrame]:
    """Yield one half, then wait for what never comes."""
    yield scores([f"n{n}" for n in range(ROWS)])
    signal.touch()
    time.sleep(60)
    yield scores([f"m{n}" for n in range(ROWS)])


if __name__ == "__main__":
    with Store.open(sys.argv[1]) as store:
        store.publish(info(version="2"), halves(Path(sys.argv[2])))
