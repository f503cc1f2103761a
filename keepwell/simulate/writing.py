"""A simulated company on disk: Parquet written a few blocks at a time, and its configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from string import Template

import pyarrow as pa
import pyarrow.parquet as pq

from features.columns import LAYOUTS
from features.errors import InputError
from keepwell.simulate.actions import configured
from keepwell.simulate.block import TRUTH, live, tables
from keepwell.simulate.story import BLOCK, Ints, Story

TEMPLATE = Path(__file__).with_name("company.toml")
CONFIG = "keepwell.toml"

CHUNK = 10
"""Blocks whose rows are written together, a row group a table."""

THREADS = 2

Tell = Callable[[], None]
"""Is called after each chunk."""


def prepare(folder: Path) -> None:
    """Make the folder.

    Raises
    ------
    InputError
        When it is not empty, or a file.
    """
    if folder.is_file():
        raise InputError(f"--out {folder} is a file; name a folder")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise InputError(f"--out {folder} is not empty; name another folder, or empty it")


def write(story: Story, folder: Path, tell: Tell, chunk: int = CHUNK) -> dict[str, int]:
    """Simulate a company and write it; give the rows of each file.

    Parameters
    ----------
    story : Story
    folder : Path
        Empty; gets ``<table>.parquet`` for each canonical table, ``truth.parquet`` and
        ``keepwell.toml``.
    tell : callable
        Called after each chunk.
    chunk : int
        Blocks in memory at a time; the rows that are written do not depend on it.
    """
    rows = dict.fromkeys([*LAYOUTS, TRUTH], 0)
    with ExitStack() as opened:
        writers: dict[str, pq.ParquetWriter] = {}
        for made in _chunks(story, chunk):
            for name, table in made.items():
                if name not in writers:
                    writer = _writer(folder / f"{name}.parquet", table.schema)
                    writers[name] = opened.enter_context(writer)
                writers[name].write_table(table)
                rows[name] += table.num_rows
            tell()
    text = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(_facts(story))
    (folder / CONFIG).write_text(text, encoding="utf-8")
    return rows


def chunks(story: Story, chunk: int = CHUNK) -> int:
    """Count the chunks that a company is written in."""
    return -(-story.customers // (BLOCK * chunk))


def _chunks(story: Story, chunk: int) -> Iterator[dict[str, pa.Table]]:
    def made(numbered: tuple[int, Ints]) -> dict[str, pa.Table]:
        return tables(live(story, *numbered))

    blocks = story.blocks()
    # Threads suffice: the arithmetic of arrays runs beside the interpreter.
    with ThreadPoolExecutor(THREADS) as pool:
        while some := list(islice(blocks, chunk)):
            yield _joined(list(pool.map(made, some)))


def _joined(parts: list[dict[str, pa.Table]]) -> dict[str, pa.Table]:
    return {name: pa.concat_tables([part[name] for part in parts]) for name in parts[0]}


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, schema, compression="zstd", store_decimal_as_integer=True)


def _facts(story: Story) -> dict[str, object]:
    return {
        "customers": f"{story.customers:,}",
        "months": story.months,
        "seed": story.seed,
        "start": story.start,
        "end": story.end,
        "as_of": story.as_of,
        "actions": configured(),
    }
