"""A simulated company as a reader of its files sees it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from keepwell.simulate.story import Story


@dataclass(frozen=True)
class Company:
    """A folder that ``keepwell simulate`` wrote."""

    folder: Path
    story: Story

    def table(self, name: str) -> pd.DataFrame:
        """Read a table; money as float."""
        frame: pd.DataFrame = pq.read_table(self.folder / f"{name}.parquet").to_pandas()
        for column in {"amount", "discount", "margin", "price", "cost"} & set(frame.columns):
            frame[column] = frame[column].astype(float)
        return frame

    @cached_property
    def truth(self) -> pd.DataFrame:
        """What is true, by customer."""
        return self.table("truth").set_index("customer_id")

    @property
    def as_of(self) -> pd.Timestamp:
        """The first moment that is not known."""
        return pd.Timestamp(self.story.as_of)

    def active(self, as_of: pd.Timestamp, days: int = 120) -> pd.Index[str]:
        """Give the customers who bought in the days before a moment."""
        lines = self.table("transactions")
        since = as_of - pd.Timedelta(days=days)
        recent = lines[(lines["occurred_at"] >= since) & (lines["occurred_at"] < as_of)]
        return pd.Index(recent[recent["amount"] > 0]["customer_id"].unique())
