"""The rules for rows in JSON are those of the quarantine, rule by rule and value by value."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import Any

import ibis
import pyarrow as pa
import pytest

from features.columns import LAYOUTS, Kind
from features.tables import RULES, Rule
from serving.online.rules import PAST, check_of

NOW = datetime(2024, 7, 1, 15)  # noqa: DTZ001 - local time
VALUES: dict[Kind, tuple[Any, ...]] = {
    Kind.ID: ("a", "b"),
    Kind.NUMBER: (None, -1.0, -0.0, 0.0, 0.5, 10.0, 10.5),
    Kind.MONEY: (None, Decimal("-0.0001"), Decimal(0), Decimal(3)),
    Kind.TIME: (
        datetime(2024, 3, 1),  # noqa: DTZ001
        datetime(2024, 3, 1, 10),  # noqa: DTZ001
        datetime(2024, 3, 2),  # noqa: DTZ001
        None,
    ),
}
CHECKED = [(t, r) for t, rules in RULES.items() for r in rules if not r.name.endswith(PAST)]


@pytest.mark.parametrize(("table", "rule"), CHECKED, ids=[f"{t}-{r.name}" for t, r in CHECKED])
def test_a_rule_holds_online_where_it_holds_in_the_batch(table: str, rule: Rule) -> None:
    layout = LAYOUTS[table]
    kinds = {c: layout.kind(c) for c in rule.columns}
    choices = [
        [v for v in VALUES[kind] if v is not None or c in layout.optional]
        for c, kind in kinds.items()
    ]
    cells = list(product(*choices))
    schema = ibis.schema({"n": "int64", **{c: kind.dtype for c, kind in kinds.items()}})
    made = [dict(zip(schema.names, (n, *row), strict=True)) for n, row in enumerate(cells)]
    rows = ibis.memtable(pa.Table.from_pylist(made, schema.to_pyarrow()))
    held = rows.select("n", held=rule.holds(rows, NOW)).order_by("n").to_pyarrow()["held"]
    mine = [check_of(rule)(*row) for row in cells]
    assert mine == held.to_pylist()
    assert set(mine) == {True, False}


def test_the_other_rules_are_about_event_times() -> None:
    others = [(t, r.columns) for t, rules in RULES.items() for r in rules if r.name.endswith(PAST)]
    assert others
    assert all(columns == (LAYOUTS[table].time,) for table, columns in others)
