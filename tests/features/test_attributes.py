"""The company's own columns: their types, their words, and their validity in time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa
import pytest

from features.attributes import attributes
from features.families import families_for
from features.grains import attribute_names
from features.panel import features_at
from tests.oracle.histories import CUTOFF, engine, spine_of

DAY = timedelta(days=1)
TIME = pa.timestamp("us")


def customers(**columns: pa.Array) -> ibis.Table:
    table = pa.table(
        {"customer_id": pa.array(["a"] * len(next(iter(columns.values())))), **columns}
    )
    return engine().create_table("attribute_customers", table, overwrite=True)


def features(table: ibis.Table) -> dict[str, Any]:
    line = {
        "customer_id": ["a"],
        "occurred_at": pa.array([CUTOFF - DAY], TIME),
        "amount": pa.array([Decimal(1)], pa.decimal128(18, 4)),
    }
    lines = engine().create_table("attribute_lines", pa.table(line), overwrite=True)
    tables = {"transactions": lines, "customers": table}
    made = features_at(tables, spine_of([("a", CUTOFF)], shared=True))
    (row,) = made.table.to_pyarrow().to_pylist()
    return {name: row[name] for name in made.features.names if name.startswith("attribute_")}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["north"]), "north"),
        (pa.array([30], pa.int64()), 30.0),
        (pa.array([2.5]), 2.5),
        (pa.array([True]), 1.0),
        (pa.array([CUTOFF - 9 * DAY], TIME), 9.0),
        (pa.array([CUTOFF], TIME), None),
        (pa.array([CUTOFF + DAY], TIME), None),
        (pa.array([None], pa.string()), None),
    ],
)
def test_each_type_becomes_a_feature(column: pa.Array, expected: object) -> None:
    assert features(customers(mine=column)) == {"attribute_mine": expected}


def test_text_is_a_category_and_gives_no_reason() -> None:
    (feature,) = attributes(customers(home_region=pa.array(["x"]))).features
    assert (feature.dtype, feature.unit, feature.family) == ("category", "category", "attributes")
    assert feature.doc == "The customer's home region."
    assert feature.reason is None


@pytest.mark.parametrize("name", ["age", "cutoff", "is_last", "churned", "value"])
@pytest.mark.parametrize("dated", [True, False])
def test_an_attribute_may_be_called_like_any_column(name: str, *, dated: bool) -> None:
    valid = {"valid_from": pa.array([CUTOFF - 5 * DAY], TIME)} if dated else {}
    assert features(customers(**valid, **{name: pa.array([47])})) == {f"attribute_{name}": 47.0}


def test_the_version_valid_at_the_cutoff_holds() -> None:
    moments = [CUTOFF - 9 * DAY, CUTOFF - DAY, CUTOFF]
    table = customers(plan=pa.array(["old", "held", "later"]), valid_from=pa.array(moments, TIME))
    assert features(table) == {"attribute_plan": "held"}


def test_a_version_that_is_not_valid_yet_is_unknown() -> None:
    table = customers(plan=pa.array(["later"]), valid_from=pa.array([CUTOFF], TIME))
    assert features(table) == {"attribute_plan": None}


def test_times_of_the_table_and_lists_are_no_attributes() -> None:
    table = customers(joined_at=pa.array([CUTOFF], TIME), tags=pa.array([["x"]]))
    assert attribute_names(table) == ["tags"]
    assert attributes(table).features == ()


def test_without_a_customers_table_there_is_no_such_family() -> None:
    assert "attributes" not in [family.name for family in families_for({})]
