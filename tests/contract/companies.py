"""Companies whose tables are put into every engine, and how what comes out is compared."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

import pandas as pd
import pyarrow as pa
from ibis import ir
from ibis.backends import BaseBackend
from pandas.testing import assert_frame_equal

from features.tables import Loaded
from tests.oracle.histories import FULL, Columns, History, arrow, random_history

NOW = datetime(2030, 1, 1)  # noqa: DTZ001 - local time, as everywhere within
ZONE = "America/New_York"
"""Not the zone of an engine's own, and one whose clock changes."""

Loader = Callable[..., Loaded]


def history(columns: Columns = FULL) -> History:
    """Make a history, the same every time."""
    return random_history(random.Random(7), columns, lines=40)  # noqa: S311 - no secret


def company(made: History) -> dict[str, pa.Table]:
    """Give a history's tables, without the column of lists, which not every engine holds."""
    tables = {name: arrow(made, name) for name in made.rows}
    return {
        n: t.drop_columns([c for c in t.column_names if c == "tags"]) for n, t in tables.items()
    }


def frame(table: ir.Table) -> pd.DataFrame:
    """Read snapshots in their order."""
    rows: pd.DataFrame = table.to_pyarrow().to_pandas()
    return rows.sort_values(["cutoff", "customer_id"], ignore_index=True)


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare every cell: nulls, texts and flags exactly, numbers within 1e-9."""
    assert_frame_equal(found, expected, check_dtype=False, check_exact=False, rtol=1e-9, atol=1e-9)


def disconnect(backend: BaseBackend) -> None:
    """End a connection, unless it is Spark's, which is one session for all."""
    if backend.name != "pyspark":
        backend.disconnect()
