"""The contracts: types, rules and what optional tables and columns mean."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import ibis
import pandas as pd
import pandera.errors
import pytest

from features.columns import LAYOUTS
from features.loading import load
from features.settings import DataSettings, TableSettings
from features.sources import connect
from features.tables import Loaded, schema

NOW = datetime(2024, 1, 1)  # noqa: DTZ001 - local time, as everywhere within
SALES = pd.DataFrame(
    {"customer_id": ["a", "b"], "occurred_at": pd.Timestamp("2023-05-01"), "amount": [1.0, 2.0]}
)


def read(folder: Path, **frames: pd.DataFrame) -> Loaded:
    tables = {}
    for name, frame in {"transactions": SALES, **frames}.items():
        frame.to_parquet(folder / f"{name}.parquet")
        columns = {str(column): str(column) for column in frame.columns}
        tables[name] = TableSettings(source=f"{name}.parquet", columns=columns)
    data = DataSettings(max_rejected=0.9)
    return load(connect(data, folder), tables, data, folder, NOW)


def test_every_canonical_column_has_its_type(tmp_path: Path) -> None:
    text, number, time = "7", 7, pd.Timestamp("2023-05-01")
    for name, layout in LAYOUTS.items():
        values = {
            column: {"string": text, "timestamp(6)": time}.get(kind.dtype, number)
            for column, kind in layout.columns.items()
        }
        loaded = read(tmp_path, **{name: pd.DataFrame({k: [v] for k, v in values.items()})})
        found = loaded.tables[name].schema()
        assert {c: ibis.dtype(k.dtype) for c, k in layout.columns.items()} == dict(found)


def test_attributes_keep_a_simple_type(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "region": ["north", ""],
            "age": [30, 40],
            "score": [0.5, float("nan")],
            "vip": [True, False],
            "born": pd.Timestamp("1990-01-01").date(),
        }
    )
    table = read(tmp_path, customers=frame).tables["customers"]
    kinds = [str(kind) for kind in table.schema().types[1:]]
    assert kinds == ["string", "int64", "float64", "boolean", "timestamp(6)"]
    found = table.order_by("customer_id").to_pyarrow().to_pylist()[1]
    assert (found["region"], found["score"]) == (None, None)


def test_the_report_tells_rows_customers_and_period(tmp_path: Path) -> None:
    report = read(tmp_path).reports["transactions"]
    assert (report.read, report.kept, report.left_out, report.customers) == (2, 2, 0, 2)
    assert report.first == report.last == datetime(2023, 5, 1)  # noqa: DTZ001
    assert report.rejected == {}
    assert report.quarantine is None


def test_absent_tables_are_told_and_not_made_up(tmp_path: Path) -> None:
    loaded = read(tmp_path)
    assert list(loaded.tables) == ["transactions"]
    assert loaded.warnings == (
        "no customers table: attribute features are absent",
        "no complaints table: complaint features are absent",
    )


def test_customers_without_history_and_unknown_customers_are_told(tmp_path: Path) -> None:
    loaded = read(tmp_path, customers=pd.DataFrame({"customer_id": ["a"], "age": [30]}))
    assert loaded.reports["customers"].warnings[0].startswith("attributes are as extracted today")
    assert loaded.warnings[0].startswith(
        "customers with transactions but without a row in the customers table: 1;"
    )


def test_customers_with_history_bring_no_warning(tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer_id": "a", "valid_from": pd.to_datetime(["2023", "2024"])})
    report = read(tmp_path, customers=frame).reports["customers"]
    assert (report.kept, report.customers, report.warnings) == (2, 1, ())


def test_exact_repeats_are_told_and_kept(tmp_path: Path) -> None:
    loaded = read(tmp_path, transactions=pd.concat([SALES, SALES.head(1)]))
    report = loaded.reports["transactions"]
    assert report.kept == 3
    assert "in every mapped column: 1; they are kept" in report.warnings[0]


def test_optional_numbers_that_are_none_are_told(tmp_path: Path) -> None:
    frame = SALES.assign(quantity=["3", "three"])
    loaded = read(tmp_path, transactions=frame)
    assert loaded.reports["transactions"].warnings == (
        "quantity: values that are not numbers, taken as missing: 1",
    )
    quantities = loaded.tables["transactions"].order_by("customer_id").quantity.to_pyarrow()
    assert quantities.to_pylist() == [3.0, None]


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"occurred_at": pd.Timestamp("2024-01-02")}, "occurred_at is in the future"),
        ({"customer_id": None}, "nullable"),
        ({"amount": 1.5}, "dtype"),
    ],
)
def test_the_schema_refuses_what_the_quarantine_should_have_taken(
    change: dict[str, object], check: str
) -> None:
    row = {"customer_id": "a", "occurred_at": pd.Timestamp("2023-01-01"), "amount": 1, **change}
    kinds = LAYOUTS["transactions"].required
    wanted = {c: ibis.dtype(k.dtype) for c, k in kinds.items() if c not in change or c != "amount"}
    table = ibis.memtable(pd.DataFrame([row]))
    table = table.cast({column: str(kind) for column, kind in wanted.items()})
    with pytest.raises(pandera.errors.SchemaErrors) as raised:
        schema("transactions", tuple(table.columns), NOW).validate(table, lazy=True)
    assert check in str(raised.value)
