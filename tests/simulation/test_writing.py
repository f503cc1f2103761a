from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from features.columns import LAYOUTS
from keepwell.simulate.story import BLOCK, Story
from keepwell.simulate.writing import chunks, write

FILES = [*LAYOUTS, "truth"]


def told() -> None:
    """Take no notice of progress."""


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    return tmp_path / "one", tmp_path / "other"


def test_the_same_seed_writes_the_same_bytes(folders: tuple[Path, Path]) -> None:
    story = Story(customers=300, months=12)
    counts = [write(story, folder, told) for folder in folders]
    assert counts[0] == counts[1]
    assert list(counts[0]) == FILES
    for name in [*(f"{file}.parquet" for file in FILES), "keepwell.toml"]:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_another_seed_is_another_company(folders: tuple[Path, Path]) -> None:
    for seed, folder in enumerate(folders):
        write(Story(customers=100, months=6, seed=seed), folder, told)
    one, other = (pq.read_table(folder / "truth.parquet") for folder in folders)
    assert not one["wallet"].equals(other["wallet"])


def test_the_chunk_size_changes_no_row(folders: tuple[Path, Path]) -> None:
    story = Story(customers=2 * BLOCK + 10, months=6)
    steps: list[int] = []
    write(story, folders[0], lambda: steps.append(1), chunk=1)
    write(story, folders[1], told, chunk=3)
    assert len(steps) == chunks(story, 1) == 3
    for file in FILES:
        one, other = (pq.read_table(folder / f"{file}.parquet") for folder in folders)
        assert one.equals(other)
    groups = [pq.ParquetFile(f / "transactions.parquet").num_row_groups for f in folders]
    assert groups == [3, 1]


def test_the_last_day_is_the_one_asked_for(folders: tuple[Path, Path]) -> None:
    story = Story(customers=200, months=12, end=date(2020, 2, 29))
    write(story, folders[0], told)
    times = pq.read_table(folders[0] / "transactions.parquet")["occurred_at"].to_pandas()
    assert (times.min().date(), times.max().date()) == (date(2019, 3, 2), date(2020, 2, 29))
