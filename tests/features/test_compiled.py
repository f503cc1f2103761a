from __future__ import annotations

import duckdb
import pytest

from features.compiled import without_filters

ROWS = (
    "(VALUES (1, 2.5, 'a', true), (2, NULL, 'a', true), (3, 4.0, 'b', false), (4, 8.0, NULL, NULL))"
)

AGGREGATES = (
    "sum(x)",
    "min(x)",
    "max(n)",
    "avg(x)",
    "count(*)",
    "count(x)",
    "count(DISTINCT t)",
    "bool_or(n > 1)",
    "sum(n + x) - sum(n)",
)


@pytest.mark.parametrize("aggregate", AGGREGATES)
@pytest.mark.parametrize("condition", ["c", "n > 1 AND x < 5", "n > 100"])
def test_an_aggregate_over_some_rows_stays_what_it_is(aggregate: str, condition: str) -> None:
    filtered = aggregate.replace(")", f") FILTER (WHERE {condition})")
    sql = f"SELECT {filtered} FROM {ROWS} AS r(n, x, t, c)"  # noqa: S608 - made up above
    rewritten = without_filters(sql)
    assert "FILTER" in sql
    assert "FILTER" not in rewritten
    assert duckdb.sql(rewritten).fetchall() == duckdb.sql(sql).fetchall()
