"""A company's tables are read alike from whatever engine they are in, and mistakes told alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from features.errors import InputError
from features.keeping import fingerprint
from features.labelled import read_labelled
from features.settings import DataSettings, LabelledSettings
from features.sources import connect
from tests.contract.companies import Loader, disconnect
from tests.contract.places import Place

TEXTS = [
    ("A", "2024-01-05", "12.50"),
    ("A", "2024-01-05 23:59:59.123456", "-3"),
    ("B", "2024-01-05T10:00:00", " 7 "),
    ("B", "2024-01-05 23:30:00-05:00", "1e3"),
    ("C", "2024-01-06 04:30:00Z", "0.00005"),
    (" ", "2024-01-05", "1"),
    ("D", "5 January", "1"),
    ("D", "2024-02-30", "1"),
    ("D", "now", "1"),
    ("D", "", "1"),
    ("E", "2024-01-05", "much"),
    ("E", "2024-01-05", "NaN"),
    ("E", "2024-01-05", "1e15"),
    ("E", "2024-01-05", None),
    ("F", "2035-01-05", "1"),
]
"""Transactions of which each after the fifth has something else that cannot be read."""


def lines(
    rows: Sequence[tuple[str, object, object]], amount: pa.DataType, at: pa.DataType
) -> pa.Table:
    columns = [list(column) for column in zip(*rows, strict=True)]
    types = (pa.string(), at, amount)
    arrays = [pa.array(c, t) for c, t in zip(columns, types, strict=True)]
    return pa.table(dict(zip(("customer_id", "occurred_at", "amount"), arrays, strict=True)))


def rows(table: object) -> list[Mapping[str, object]]:
    found = table.order_by(table.columns).to_pyarrow()  # type: ignore[attr-defined]
    listed: list[Mapping[str, object]] = found.to_pylist()
    return listed


def test_texts(files: Place, other: Place, loaded: Loader) -> None:
    tables = {"transactions": lines(TEXTS, pa.string(), pa.string())}
    ours, theirs = (loaded(place, tables) for place in (files, other))
    report = ours.reports["transactions"]
    assert report.kept == 5
    assert theirs.reports["transactions"].rejected == report.rejected
    assert rows(theirs.tables["transactions"]) == rows(ours.tables["transactions"])


def test_moments_are_told_in_local_time(files: Place, other: Place, loaded: Loader) -> None:
    winter, summer = (datetime(2024, month, 5, 3, tzinfo=UTC) for month in (1, 7))
    made = [("A", winter, Decimal(1)), ("B", summer, Decimal(2))]
    tables = {"transactions": lines(made, pa.decimal128(18, 4), pa.timestamp("us", "UTC"))}
    expected = [datetime(2024, 1, 4, 22), datetime(2024, 7, 4, 23)]  # noqa: DTZ001 - local
    for place in (files, other):
        found = rows(loaded(place, tables).tables["transactions"])
        assert [row["occurred_at"] for row in found] == expected


def test_a_key_rejects_repeats(files: Place, other: Place, loaded: Loader) -> None:
    made = [("A", datetime(2024, 1, day), Decimal(day)) for day in (1, 2, 2, 3)]  # noqa: DTZ001
    tables = {"transactions": lines(made, pa.decimal128(18, 4), pa.timestamp("us"))}
    for place in (files, other):
        kept = loaded(place, tables)
        said = "rows that equal another row in every mapped column: 1"
        assert any(said in warning for warning in kept.reports["transactions"].warnings)
        keyed = loaded(place, tables, key=("customer_id", "occurred_at"))
        assert keyed.reports["transactions"].rejected == {
            "repeats the key (customer_id, occurred_at)": 1
        }


def test_the_fingerprint_knows_content_but_not_order(other: Place, loaded: Loader) -> None:
    made = [("A", datetime(2024, 1, 1), Decimal(1)), ("B", datetime(2024, 1, 1), Decimal(2))]  # noqa: DTZ001
    changed = [made[0], ("B", datetime(2024, 1, 1), Decimal(3))]  # noqa: DTZ001
    prints = [
        fingerprint(
            loaded(
                other, {"transactions": lines(m, pa.decimal128(18, 4), pa.timestamp("us"))}
            ).tables
        )
        for m in (made, made[::-1], changed)
    ]
    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


def test_rejected_rows_are_written_as_they_were_read(
    other: Place, loaded: Loader, tmp_path: Path
) -> None:
    loaded(other, {"transactions": lines(TEXTS, pa.string(), pa.string())})
    written = (tmp_path / "quarantine" / "transactions.csv").read_text(encoding="utf-8")
    assert written.count("\n") == 1 + len(TEXTS) - 5
    assert "5 January" in written


def test_a_remedy_is_in_the_engines_own_sql(other: Place, loaded: Loader) -> None:
    tables = {"transactions": lines([("D", "5 January", "1")], pa.string(), pa.string())}
    with pytest.raises(InputError) as raised:
        loaded(other, tables)
    (said,) = (line for line in str(raised.value).splitlines() if "is not a time" in line)
    assert "such as '5 January'" in said
    assert 'TO_TIMESTAMP(CAST("occurred_at" AS ' in said.replace("STRING", "VARCHAR")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"columns": {"amount": "amuont"}}, 'no column "amuont". Did you mean "amount"?'),
        ({"columns": {"amount": "amount +"}}, "neither a column of the source nor an SQL expr"),
        ({"where": "amuont > 0"}, "tables.transactions.where = 'amuont > 0': the source has no"),
        ({"source": "nowhere", "query": None}, 'tables.transactions.source = "nowhere": no table'),
        ({"source": "lines.csv", "query": None}, 'read by data.engine = "duckdb://" alone'),
        ({"query": "SELECT 1 +", "source": None}, "tables.transactions.query: "),
    ],
)
def test_a_mistake_is_named(
    other: Place, loaded: Loader, table: Mapping[str, object], said: str
) -> None:
    made = [("A", datetime(2024, 1, 1), Decimal(1))]  # noqa: DTZ001
    tables = {"transactions": lines(made, pa.decimal128(18, 4), pa.timestamp("us"))}
    with pytest.raises(InputError) as raised:
        loaded(other, tables, **table)
    assert said in str(raised.value)


def test_a_flat_file(files: Place, other: Place, tmp_path: Path) -> None:
    table = pa.table({"who": ["1", "2", "3"], "age": [30, 40, None], "left": ["yes", "no", None]})
    frames = []
    for place in (files, other):
        where = place.put({"flat": table})["flat"]
        data = DataSettings(engine=place.engine)
        told = {"columns": {"customer_id": "who"}, "outcome": "left", "positive": "yes"}
        section = LabelledSettings.model_validate({**where, **told})
        backend = connect(data, tmp_path)
        frames.append(read_labelled(backend, section, data, tmp_path, None).frame)
        disconnect(backend)
    assert frames[1].equals(frames[0])
