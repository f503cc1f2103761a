"""Made-up transactions of any number, in a Parquet file, in about the order of time.

A million lines of 20,000 customers are drawn by hashes; a larger file holds them again and again
for further customers, so that memory is bounded. A customer has 50 lines on average, half of them
20 at most and some 500, in orders of one to six lines over three years; 3 % are returns. All
optional columns are there but ``recorded_at``.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

BLOCK = 1_000_000
PER_CUSTOMER = 50
AS_OF = date(2025, 1, 1)
"""The midnight after the last transaction."""

_BLOCK = """
CREATE TEMP TABLE block AS
WITH numbered AS (
    SELECT i AS line, 4 * (i // 12) + [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3][i % 12 + 1] AS placed
    FROM range({block}) AS t (i)
), drawn AS (
    SELECT *, (hash(placed, 1) % 1_000_000) / 1e6 AS who, (hash(line, 2) % 10_000) / 1e4 AS price,
        hash(line, 3) % 1_000 AS odds, hash(line, 4) AS thing, hash(placed, 5) AS way
    FROM numbered
)
SELECT CAST(floor({customers} * 9 * who / (1 + 8 * who)) AS INTEGER) AS customer, placed,
    TIMESTAMP '2022-01-01' + to_seconds(placed * 1096 * 86_400 // {orders}) AS occurred_at,
    CAST(round(exp(2 + 2 * price), 2) * if(odds < 30, -1, 1) AS DECIMAL(18, 4)) AS amount,
    'product ' || thing % 5_000 AS product_id,
    'category ' || thing % 40 AS category,
    CAST(1 + odds % 3 AS DOUBLE) AS quantity,
    CAST(if(odds % 10 = 0, round(exp(2 * price), 2), 0) AS DECIMAL(18, 4)) AS discount,
    CAST(round(exp(1 + 2 * price), 2) AS DECIMAL(18, 4)) AS margin,
    'channel ' || way % 4 AS channel
FROM drawn
"""

_COPY = """
COPY (
    SELECT CAST(100_000_000 + customer + {customers} * repeat AS VARCHAR) AS customer_id,
        occurred_at, amount, CAST(placed + {orders} * repeat AS VARCHAR) AS order_id,
        product_id, category, quantity, discount, margin, channel
    FROM block, range({repeats}) AS r (repeat)
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


def transactions(rows: int, folder: Path) -> Path:
    """Give a file of transactions, which is made unless it is there.

    Parameters
    ----------
    rows : int
        At least one million and a multiple of that, above it.
    folder : Path
        Made when missing; 10 bytes a row are needed.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        When ``rows`` is not a multiple of a million.
    """
    if rows < BLOCK or rows % BLOCK:
        raise ValueError(f"{rows:,} transactions: give a multiple of {BLOCK:,}")
    path = folder / f"transactions-{rows // BLOCK}m.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        _write(part, rows // BLOCK)
        part.rename(path)
    return path


def _engine() -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect()
    engine.execute("SET memory_limit = '2GB'; SET preserve_insertion_order = false")
    engine.execute("SET enable_progress_bar = false")
    return engine


def _write(path: Path, repeats: int) -> None:
    sizes = {"customers": BLOCK // PER_CUSTOMER, "orders": BLOCK // 12 * 4 + 4}
    with _engine() as engine:
        engine.execute(_BLOCK.format(block=BLOCK, **sizes))
        engine.execute(_COPY.format(path=path, repeats=repeats, **sizes))


def customers(path: Path) -> Path:
    """Give the file with the customers of a file of transactions, made unless it is there."""
    found = path.with_suffix(".customers.parquet")
    if not found.exists():
        part = found.with_suffix(".part")
        with _engine() as engine:
            distinct = f"SELECT DISTINCT customer_id FROM '{path}'"  # noqa: S608 - a path of ours
            engine.execute(f"COPY ({distinct}) TO '{part}' (FORMAT parquet)")
        part.rename(found)
    return found
