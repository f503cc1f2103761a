"""An aggregate of some rows is the same, whether it is written with a filter or with a case."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import pytest
from ibis import ir
from ibis.backends import BaseBackend

from features.sources import in_memory

ROWS = ibis.table({"n": "int64", "x": "float64", "t": "string", "c": "boolean"}, name="r")
FILLED = (
    "INSERT INTO r VALUES (1, 2.5, 'a', true), (2, NULL, 'a', true), (3, 4.0, 'b', false), "
    "(4, 8.0, NULL, NULL)"
)
CONDITIONS = (ROWS["c"], (ROWS["n"] > 1) & (ROWS["x"] < 5), ROWS["n"] > 100)
AGGREGATES: dict[str, Callable[[ir.BooleanValue], ir.Value]] = {
    "sum": lambda c: ROWS["x"].sum(where=c),
    "min": lambda c: ROWS["x"].min(where=c),
    "max": lambda c: ROWS["t"].max(where=c),
    "mean": lambda c: ROWS["x"].mean(where=c),
    "rows": lambda c: ROWS.count(where=c),
    "count": lambda c: ROWS["x"].count(where=c),
    "distinct": lambda c: ROWS["t"].nunique(where=c),
    "any": lambda c: (ROWS["n"] > 1).any(where=c),
    "all": lambda c: (ROWS["n"] > 1).all(where=c),
}
OF_NULLS: dict[str, Callable[[ir.BooleanValue], ir.Value]] = {
    "first": lambda c: ROWS["t"].first(where=c, order_by=ROWS["n"]),
    "newest": lambda c: ROWS["t"].argmax(ROWS["n"], where=c),
    "list": lambda c: ROWS["n"].collect(where=c, order_by=ROWS["n"]),
}
"""What a null would take part in, so that only a filter leaves rows out."""


def result(backend: BaseBackend, value: ir.Value) -> tuple[object, str]:
    backend.create_table("r", schema=ROWS.schema())
    backend.raw_sql(FILLED)
    sql = str(backend.compile(ROWS.aggregate(found=value)))
    ((found,),) = backend.raw_sql(sql).fetchall()
    return found, sql


@pytest.mark.parametrize("condition", CONDITIONS, ids=["c", "and", "none"])
@pytest.mark.parametrize("name", [*AGGREGATES, *OF_NULLS])
def test_an_aggregate_over_some_rows_stays_what_it_is(
    name: str, condition: ir.BooleanValue
) -> None:
    value = {**AGGREGATES, **OF_NULLS}[name](condition)
    (plain, filtered), (found, sql) = (
        result(ibis.duckdb.connect(), value),
        result(in_memory(), value),
    )
    assert "FILTER" in filtered
    assert ("FILTER" in sql) == (name in OF_NULLS)
    assert found == plain
