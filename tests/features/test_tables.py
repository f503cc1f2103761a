"""The contracts: types, rules and what optional tables and columns mean."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import ibis
import pandas as pd
import pandera.errors
import pytest

from features.columns import LAYOUTS
from features.errors import InputError
from features.loading import load
from features.settings import DataSettings, TableSettings
from features.sources import connect
from features.tables import Loaded, schema

NOW = datetime(2024, 1, 1)  # noqa: DTZ001 - local time, as everywhere within
SALES = pd.DataFrame(
    {"customer_id": ["a", "b"], "occurred_at": pd.Timestamp("2023-05-01"), "amount": [1.0, 2.0]}
)


def read(
    folder: Path, required: str | None = None, /, **frames: pd.DataFrame | TableSettings
) -> Loaded:
    tables = {}
    base = {} if required else {"transactions": SALES}
    for name, frame in {**base, **frames}.items():
        if isinstance(frame, TableSettings):
            tables[name] = frame
            continue
        frame.to_parquet(folder / f"{name}.parquet")
        columns = {str(column): str(column) for column in frame.columns}
        tables[name] = TableSettings(source=f"{name}.parquet", columns=columns)
    data = DataSettings(max_rejected=0.9)
    return load(connect(data, folder), tables, data, folder, NOW, required)


def test_every_canonical_column_has_its_type(tmp_path: Path) -> None:
    made = {"string": "7", "timestamp(6)": pd.Timestamp("2023-05-01"), "boolean": True}
    for name, layout in LAYOUTS.items():
        values = {column: made.get(kind.dtype, 7) for column, kind in layout.columns.items()}
        if name == "referrals":
            values["referred_id"] = "8"
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


def test_absent_tables_are_told_in_one_line_and_not_made_up(tmp_path: Path) -> None:
    loaded = read(tmp_path)
    assert list(loaded.tables) == ["transactions"]
    assert loaded.warnings == (
        (
            "tables that are not given, and the features that are absent: "
            "customers (attributes), "
            "complaints (complaints), wallets (observed wallets), contacts (contacts and "
            "responses), "
            "subscriptions (contracts and renewals), activities (activities), surveys "
            "(satisfaction), "
            "referrals (referrals)"
        ),
    )


def test_there_may_be_no_transactions(tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer_id": ["a"], "started_at": [pd.Timestamp("2023-05-01")]})
    loaded = read(tmp_path, "subscriptions", subscriptions=frame)
    assert list(loaded.tables) == ["subscriptions"]
    assert "absent: transactions (purchases and spend), customers" in loaded.warnings[0]


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_optional_tables_may_be_empty_and_say_so(tmp_path: Path, form: str) -> None:
    tables = {}
    for name, layout in LAYOUTS.items():
        frame = pd.DataFrame(columns=list(layout.columns))
        if form == "csv":
            frame.to_csv(tmp_path / f"{name}.csv", index=False)
        else:
            frame.to_parquet(tmp_path / f"{name}.parquet")
        columns = {column: column for column in layout.columns}
        tables[name] = TableSettings(source=f"{name}.{form}", columns=columns)
    del tables["transactions"]
    loaded = read(tmp_path, "transactions", transactions=SALES, **tables)
    for name, layout in LAYOUTS.items():
        if name == "transactions":
            continue
        types = {column: ibis.dtype(kind.dtype) for column, kind in layout.columns.items()}
        assert dict(loaded.tables[name].schema()) == types
        report = loaded.reports[name]
        assert (report.read, report.kept, report.customers, report.first) == (0, 0, 0, None)
        assert report.warnings == (
            (
                "the source has no rows, which is taken to mean that nothing of the kind happened; "
                "check that it is the right file or table"
            ),
        )
    assert loaded.warnings == (
        (
            "customers without a row in the customers table: transactions (2 of 2); their "
            "attributes "
            "are missing"
        ),
    )


def test_a_table_of_which_where_leaves_nothing_says_so(tmp_path: Path) -> None:
    pd.DataFrame({"customer_id": ["a", "b"], "opened_at": pd.Timestamp("2023-05-01")}).to_parquet(
        tmp_path / "c.parquet"
    )
    report = read(
        tmp_path, complaints=TableSettings(source="c.parquet", where="customer_id = 'x'")
    ).reports["complaints"]
    assert (report.read, report.left_out) == (0, 2)
    assert report.warnings[0].startswith("where leaves out all 2 rows, which is taken to mean that")
    assert report.warnings[0].endswith("; check the condition")


@pytest.mark.parametrize(("required", "named"), [(None, "transactions"), ("subscriptions",) * 2])
def test_the_required_table_may_not_be_empty(
    tmp_path: Path, required: str | None, named: str
) -> None:
    columns = LAYOUTS[named].required
    with pytest.raises(InputError, match=f"^tables.{named} is empty: the source has no rows; che"):
        read(tmp_path, required, **{named: pd.DataFrame(columns=list(columns))})


def test_customers_without_history_are_told(tmp_path: Path) -> None:
    loaded = read(tmp_path, customers=pd.DataFrame({"customer_id": ["a"], "age": [30]}))
    assert loaded.reports["customers"].warnings[0].startswith("attributes are as extracted today")


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


def test_optional_flags_that_are_none_are_told(tmp_path: Path) -> None:
    days = pd.Timestamp("2023-05-01")
    frame = pd.DataFrame({"customer_id": ["a", "b", "c"], "started_at": days})
    frame["auto_renew"] = ["Y", "perhaps", ""]
    loaded = read(tmp_path, subscriptions=frame)
    assert loaded.reports["subscriptions"].warnings == (
        "auto_renew: values that are neither yes nor no, taken as missing: 1",
    )
    flags = loaded.tables["subscriptions"].order_by("customer_id").auto_renew.to_pyarrow()
    assert flags.to_pylist() == [True, None, None]


@pytest.mark.parametrize(
    ("written", "flags"),
    [
        ("True False", [True, False]),
        ("yes NO", [True, False]),
        ("t f", [True, False]),
        ("1 0", [True, False]),
        ("1.0 0.0", [True, False]),
    ],
)
def test_flags_of_a_csv_file(tmp_path: Path, written: str, flags: list[bool]) -> None:
    rows = [f"{n},2023-05-01,mail,{flag}" for n, flag in enumerate(written.split())]
    text = "\n".join(["customer_id,contacted_at,action,treated", *rows])
    (tmp_path / "c.csv").write_text(text, encoding="utf-8")
    loaded = read(tmp_path, contacts=TableSettings(source="c.csv"))
    table = loaded.tables["contacts"].order_by("customer_id")
    assert table.treated.to_pyarrow().to_pylist() == flags
    turned = TableSettings(source="c.csv", columns={"treated": "customer_id = 1"})
    table = read(tmp_path, contacts=turned).tables["contacts"].order_by("customer_id")
    assert table.treated.to_pyarrow().to_pylist() == [False, True]


def test_flags_of_numbers(tmp_path: Path) -> None:
    days = pd.Timestamp("2023-05-01")
    frame = pd.DataFrame({"customer_id": ["a", "b", "c"], "started_at": days})
    frame["auto_renew"] = [1.0, 0.0, float("nan")]
    loaded = read(tmp_path, subscriptions=frame)
    assert loaded.reports["subscriptions"].warnings == ()
    flags = loaded.tables["subscriptions"].order_by("customer_id").auto_renew.to_pyarrow()
    assert flags.to_pylist() == [True, False, None]


def test_a_text_that_stands_for_every_row(tmp_path: Path) -> None:
    pd.DataFrame({"customer_id": ["a"], "contacted_at": pd.Timestamp("2023-05-01")}).to_parquet(
        tmp_path / "c.parquet"
    )
    columns = {"action": "'voucher'", "treated": "true"}
    loaded = read(tmp_path, contacts=TableSettings(source="c.parquet", columns=columns))
    (row,) = loaded.tables["contacts"].to_pyarrow().to_pylist()
    assert (row["action"], row["treated"]) == ("voucher", True)


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
