"""A simulated company on disk, and a larger one whose latent side is at hand."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from keepwell.cli import main
from keepwell.simulate.block import TRUTH, Life, live, tables
from keepwell.simulate.story import Story
from tests.simulated import Company

STORY = Story(customers=2_000)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = tmp_path_factory.mktemp("simulated") / "company"
    assert main(["simulate", "--customers", str(STORY.customers), "--out", str(folder)]) == 0
    return Company(folder, STORY)


@pytest.fixture(scope="session")
def lives() -> list[Life]:
    story = Story(customers=6_000, seed=1)
    return [live(story, block, number) for block, number in story.blocks()]


@pytest.fixture(scope="session")
def records(lives: list[Life]) -> dict[str, pd.DataFrame]:
    made = [tables(life) for life in lives]
    return {name: pa.concat_tables(m[name] for m in made).to_pandas() for name in made[0]}


@pytest.fixture(scope="session")
def truth(records: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return records[TRUTH]
