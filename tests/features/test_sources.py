"""Reading files, tables and queries through the real engine."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pandas as pd
import pytest

from features.errors import InputError
from features.keeping import fingerprint
from features.loading import load
from features.settings import DataSettings, TableSettings
from features.sources import connect
from features.tables import Loaded

NOW = datetime(2024, 1, 1)  # noqa: DTZ001 - local time, as everywhere within
COLUMNS = {"customer_id": "id", "occurred_at": "day", "amount": "amount"}
Reader = Callable[..., Loaded]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    def reader(data: DataSettings | None = None, **table: Any) -> Loaded:  # noqa: ANN401 - TOML
        chosen = data or DataSettings()
        tables = {"transactions": TableSettings(**{"columns": COLUMNS, **table})}
        return load(connect(chosen, tmp_path), tables, chosen, tmp_path, NOW)

    return reader


def rows(loaded: Loaded) -> list[dict[str, Any]]:
    table = loaded.tables["transactions"]
    found: list[dict[str, Any]] = table.order_by(table.columns).to_pyarrow().to_pylist()
    return found


def values(loaded: Loaded, column: str) -> list[Any]:
    return [row[column] for row in rows(loaded)]


def write_csv(path: Path, *lines: str) -> None:
    path.write_text("\n".join(["id,day,amount", *lines]) + "\n", encoding="utf-8")


def test_a_csv_becomes_the_canonical_table(read: Reader, tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", "1,2023-01-05 10:00:00,2.50", "2,2023-01-06,-1")
    loaded = read(source="a.csv")
    assert rows(loaded) == [
        {
            "customer_id": "1",
            "occurred_at": datetime(2023, 1, 5, 10),  # noqa: DTZ001
            "amount": Decimal("2.5000"),
        },
        {
            "customer_id": "2",
            "occurred_at": datetime(2023, 1, 6),  # noqa: DTZ001
            "amount": Decimal("-1.0000"),
        },
    ]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (["00012", "7"], ["00012", "7"]),
        (["12345678901234567890", "1"], ["1", "12345678901234567890"]),
        (["12346.0", "7.0"], ["12346", "7"]),
        (["A-1", "2.0"], ["2.0", "A-1"]),
    ],
)
def test_csv_ids_stay_the_text_they_are(
    read: Reader, tmp_path: Path, written: list[str], kept: list[str]
) -> None:
    write_csv(tmp_path / "a.csv", *(f"{one},2023-01-05,1" for one in written))
    assert values(read(source="a.csv"), "customer_id") == sorted(kept)


@pytest.mark.parametrize(
    ("ids", "kept"),
    [
        ([12346.0, 7.5], ["12346", "7.5"]),
        ([12, 13], ["12", "13"]),
        ([Decimal("12.00"), Decimal("12.50")], ["12", "12.50"]),
        ([UUID(int=1).bytes.hex(), " 7 "], [" 7 ", UUID(int=1).bytes.hex()]),
    ],
)
def test_parquet_ids_of_any_type_become_text(
    read: Reader, tmp_path: Path, ids: list[Any], kept: list[str]
) -> None:
    frame = pd.DataFrame({"id": ids, "day": "2023-01-05", "amount": 1.0})
    frame.to_parquet(tmp_path / "a.parquet")
    assert values(read(source="a.parquet"), "customer_id") == kept


def test_a_float_id_that_is_no_number_is_missing(read: Reader, tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [1.0, float("nan")], "day": "2023-01-05", "amount": 1.0})
    frame.to_parquet(tmp_path / "a.parquet")
    loaded = read(DataSettings(max_rejected=0.5), source="a.parquet")
    assert loaded.reports["transactions"].rejected == {"customer_id is missing": 1}


def test_column_names_with_spaces_and_other_case_need_no_quotes(
    read: Reader, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(
        "Customer ID,Invoice Date,Qty,Unit Price\n00012,2023-01-05,3,1.25\n", encoding="utf-8"
    )
    columns = {
        "customer_id": "Customer ID",
        "occurred_at": "invoice date",
        "amount": 'Qty * "Unit Price"',
    }
    loaded = read(source="a.csv", columns=columns)
    assert values(loaded, "customer_id") == ["00012"]
    assert values(loaded, "amount") == [Decimal("3.7500")]


def test_an_id_is_a_number_in_conditions_and_text_in_the_table(
    read: Reader, tmp_path: Path
) -> None:
    write_csv(tmp_path / "a.csv", "0,2023-01-05,1", "12,2023-01-05,1")
    loaded = read(source="a.csv", where="id > 0")
    assert values(loaded, "customer_id") == ["12"]
    assert loaded.reports["transactions"].left_out == 1


def test_required_columns_of_the_same_name_need_no_mapping(read: Reader, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("customer_id,occurred_at,amount\n1,2023-01-05,1\n", "utf-8")
    assert len(rows(read(source="a.csv", columns={}))) == 1


def test_globs_and_gzip_are_read_together(read: Reader, tmp_path: Path) -> None:
    write_csv(tmp_path / "part-1.csv", "1,2023-01-05,1")
    with gzip.open(tmp_path / "part-2.csv.gz", "wt") as file:
        file.write("amount,day,id\n5,2023-01-06,00002\n")
    assert values(read(source="part-*"), "customer_id") == ["00002", "1"]


def test_times_become_local_times_of_the_zone(read: Reader, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"id": ["a"], "day": [datetime(2023, 7, 1, 12, tzinfo=UTC)], "amount": [1]}
    )
    frame.to_parquet(tmp_path / "a.parquet")
    write_csv(tmp_path / "a.csv", "a,2023-07-01T12:00:00Z,1", "b,2023-07-01T12:00:00,1")
    paris = DataSettings(timezone="Europe/Paris")
    summer, naive = datetime(2023, 7, 1, 14), datetime(2023, 7, 1, 12)  # noqa: DTZ001
    assert values(read(paris, source="a.parquet"), "occurred_at") == [summer]
    assert values(read(paris, source="a.csv"), "occurred_at") == [summer, naive]


def test_a_query_joins_files_beside_the_configuration(
    read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_csv(elsewhere / "a.csv", "wrong,2023-01-05,1")
    write_csv(tmp_path / "a.csv", "00012,2023-01-05,1")
    pd.DataFrame({"who": ["00012"], "kind": ["tea"]}).to_parquet(tmp_path / "b.parquet")
    monkeypatch.chdir(elsewhere)
    loaded = read(
        query="SELECT a.*, kind FROM 'a.csv' JOIN 'b.parquet' b ON a.id = who;",
        columns={**COLUMNS, "category": "kind"},
    )
    assert values(loaded, "customer_id") == ["00012"]
    assert values(loaded, "category") == ["tea"]


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "it's [2023] *"
    folder.mkdir()
    write_csv(folder / "a.csv", "1,2023-01-05,1")
    pd.DataFrame({"who": [1]}).to_parquet(folder / "b.parquet")
    data = DataSettings()
    for origin in (
        {"source": "a.csv"},
        {"source": "*.csv"},
        {"query": "FROM 'a.csv' JOIN 'b*.parquet' ON id = who"},
    ):
        tables = {"transactions": TableSettings.model_validate({"columns": COLUMNS, **origin})}
        loaded = load(connect(data, folder), tables, data, folder, NOW)
        assert values(loaded, "customer_id") == ["1"]


def test_a_users_database_is_read_and_left_as_it_was(read: Reader, tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(path) as database:
        database.execute(
            "CREATE TABLE sales AS SELECT 1 AS id, DATE '2023-01-05' AS day, 2 AS amount"
        )
    before = path.read_bytes()
    loaded = read(DataSettings(engine="duckdb://shop.duckdb"), source="sales")
    assert values(loaded, "amount") == [Decimal("2.0000")]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"source": "salse.csv"}, 'there is no file "salse.csv" in'),
        ({"source": "salse.csv"}, 'Did you mean "sales.csv"?'),
        ({"source": "salse"}, "nor a table of the engine"),
        ({"source": "x-*.csv"}, 'no file matches "x-*.csv"'),
        ({"source": "empty.csv"}, "empty.csv is empty: it has no header and no rows"),
        ({"source": "header.csv"}, "tables.transactions is empty: the source has no rows"),
        ({"source": "sales.csv", "where": "id = 5"}, "where leaves out all 2 rows"),
        ({"source": "latin.csv"}, "the file is not UTF-8; convert it"),
        ({"source": "fake.parquet"}, "tables.transactions: Invalid Input Error"),
        ({"source": "sales.csv", "key": ["idd"]}, 'tables.transactions.key has "idd"'),
        ({"query": "SELECT * FROM 'salse.csv'"}, 'Did you mean "sales.csv"?'),
        ({"query": "SELEC 1"}, "tables.transactions.query: Parser Error: syntax error"),
    ],
)
def test_what_cannot_be_read_is_named(
    read: Reader, tmp_path: Path, table: dict[str, Any], said: str
) -> None:
    write_csv(tmp_path / "sales.csv", "1,2023-01-05,1", "2,2023-01-05,1")
    write_csv(tmp_path / "header.csv")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "fake.parquet").write_text("no parquet", "utf-8")
    (tmp_path / "latin.csv").write_bytes("id,day,amount\nJosé,2023-01-05,1\n".encode("latin-1"))
    with pytest.raises(InputError) as raised:
        read(**table)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"amount": "amuont * 2"}, "tables.transactions.columns.amount = 'amuont * 2': the source"),
        (
            {"amount": "amuont * 2"},
            'has no column "amuont". Did you mean "amount"? Columns: id, day',
        ),
        ({"amount": "amount 2"}, "neither a column of the source nor an SQL expression"),
        ({"amount": "note * 2"}, "A text column needs a cast, such as TRY_CAST"),
        ({"amount": "note * 2"}, "Here note is VARCHAR."),
        ({"amount": "CAST(note AS INT)"}, "Use TRY_CAST in the SQL expression"),
        (
            {"occurred_at": "amount + 1"},
            "1 x occurred_at is not a time (such as '2'); read it with",
        ),
        (
            {"occurred_at": "amount + 1"},
            "strptime(CAST((amount + 1) AS VARCHAR), '%d/%m/%Y %H:%M')",
        ),
        ({"amount": "day > '2020'"}, "columns.amount holds boolean, not a number"),
    ],
)
def test_a_wrong_column_is_named_with_the_remedy(
    read: Reader, tmp_path: Path, columns: dict[str, str], said: str
) -> None:
    text = "id,day,amount,note\n1,2023-01-05,1,x\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read(source="a.csv", columns={**COLUMNS, **columns})
    assert said in str(raised.value)


def test_an_unmapped_required_column_is_named(read: Reader, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,day\n1,2023-01-05\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"amount is not mapped.*one of: id, day"):
        read(source="a.csv", columns={"customer_id": "id", "occurred_at": "day"})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"engine": "duckbd://"}, 'write one of "duckdb://..."'),
        ({"engine": "mysql://me:secret@host/db"}, '"mysql://me:***@host/db" is no engine'),
        ({"engine": "duckdb://none.duckdb"}, 'there is no file "none.duckdb"'),
        ({"memory_limit": "much"}, "data.memory_limit: "),
    ],
)
def test_an_engine_that_cannot_be_used_is_named(
    tmp_path: Path, data: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as raised:
        connect(DataSettings(**data), tmp_path)
    assert said in str(raised.value)


def test_the_fingerprint_knows_content_but_not_order(read: Reader, tmp_path: Path) -> None:
    lines = ["1,2023-01-05,1", "2,2023-01-06,2", "2,2023-01-06,2"]
    prints = []
    for content in (lines, lines[::-1], lines[:2], [*lines[:2], "2,2023-01-06,3"]):
        write_csv(tmp_path / "a.csv", *content)
        prints.append(fingerprint(read(source="a.csv").tables))
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_nothing_is_left_behind(read: Reader, tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", "1,2023-01-05,1")
    read(source="a.csv")
    assert os.listdir(tmp_path) == ["a.csv"]  # noqa: PTH208 - names, not paths
