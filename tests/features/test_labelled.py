from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.errors import InputError
from features.inferred import feature_names, infer
from features.labelled import Flat, read_labelled
from features.settings import DataSettings, LabelledSettings
from features.sources import connect
from tests.flat import people


def read(folder: Path, table: pd.DataFrame, amount: str | None = None, **settings: Any) -> Flat:  # noqa: ANN401 - any setting
    """Read a table as a flat file."""
    table.to_parquet(folder / "people.parquet")
    meant = {"outcome": "Churn", "positive": "Yes", "columns": {"customer_id": "Customer"}}
    section = LabelledSettings.model_validate({"source": "people.parquet", **meant, **settings})
    data = DataSettings()
    return read_labelled(connect(data, folder), section, data, folder, amount)


def test_columns_become_features_of_their_type(tmp_path: Path) -> None:
    flat = read(tmp_path, people())
    kinds = {f.name: (f.dtype, f.unit) for f in flat.features}
    assert kinds == {
        "Contract_type": ("category", "category"),
        "Calls": ("float64", "own"),
        "Total_charges": ("float64", "own"),
        "Senior": ("float64", "own"),
        "Since": ("float64", "days"),
        "Price": ("float64", "own"),
    }
    assert flat.frame["Total_charges"].isna().sum() == 11
    (said,) = flat.report.warnings
    assert said == (
        "Total charges is text whose values are all numbers: taken as a number, 11 blank ones are "
        "missing"
    )
    first = flat.frame.set_index("customer_id").loc["0050-X"]
    theirs = people().set_index("Customer").loc["0050-X"]
    assert first["Since"] == (theirs["Since"] - pd.Timestamp("1970-01-01")).days
    assert first["Contract_type"] == theirs["Contract type"]


def test_empty_outcomes_are_to_be_scored(tmp_path: Path) -> None:
    flat = read(tmp_path, people())
    theirs = people()["Churn"].map({"Yes": 1.0, "No": 0.0})
    np.testing.assert_array_equal(flat.frame["churned"], theirs)
    assert len(flat.labelled()) == 360
    assert flat.counts.endswith("40 to be scored")


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    flat = read(tmp_path, people())
    shuffled = read(tmp_path, people().sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(flat.frame, shuffled.frame)


def test_csv_is_read_as_parquet_is(tmp_path: Path) -> None:
    flat = read(tmp_path, people())
    people().to_csv(tmp_path / "people.csv", index=False)
    other = read(tmp_path, people(), source="people.csv")
    pd.testing.assert_frame_equal(flat.frame, other.frame)


def test_without_an_id_rows_are_numbered_in_the_order_of_the_file(tmp_path: Path) -> None:
    table = people(rows=1_200).drop(columns="Customer")
    flat = read(tmp_path, table, columns={})
    by_row = flat.frame.set_index("customer_id")
    assert by_row.loc[["1", "2", "1200"], "Price"].tolist() == [
        table["Price"].iloc[n] for n in (0, 1, 1199)
    ]


def test_identifiers_are_left_out_and_told(tmp_path: Path) -> None:
    table = people().assign(mail=[f"{n}@x" for n in range(400)], account=np.arange(400) * 7 + 10**6)
    flat = read(tmp_path, table, columns={})
    assert not {"Customer", "mail", "account"} & set(flat.features.names)
    said = " ".join(flat.report.warnings)
    for name in ("Customer", "mail", "account"):
        assert f"{name} has 400 values in 400 rows, like an identifier, which can leak" in said
    assert "give it as a DOUBLE in tables.labelled.query" in said


def test_ignored_columns_are_no_features(tmp_path: Path) -> None:
    flat = read(tmp_path, people(), ignore=["Calls", "price"])
    assert flat.features.names == ["Contract_type", "Total_charges", "Senior", "Since"]


def test_an_amount_is_a_value_and_no_ordinary_feature(tmp_path: Path) -> None:
    flat = read(tmp_path, people(), '"Price" * 12', ignore=["Price"])
    assert flat.features["amount"].family == "value"
    np.testing.assert_allclose(flat.frame["amount"], people()["Price"] * 12)


def test_a_boolean_and_a_number_may_be_the_outcome(tmp_path: Path) -> None:
    table = people()
    expected = read(tmp_path, table).frame["churned"]
    numbers = table["Churn"].map({"Yes": 1.0, "No": 0.0})
    for outcome, positive in (
        (numbers, 1),
        (numbers, "1"),
        (numbers.map({1.0: True, 0.0: False}), True),
    ):
        found = read(tmp_path, table.assign(Churn=outcome), positive=positive)
        pd.testing.assert_series_equal(found.frame["churned"], expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"outcome": "Chrun"}, r'labelled.outcome: the source has no column "Chrun". Did you mean'),
        (
            {"ignore": ["Cals"]},
            r'labelled.ignore: the source has no column "Cals". Did you mean "C',
        ),
        (
            {"positive": "yes"},
            r"""positive = 'yes': Churn has no such value. Did you mean "Yes"\? Its values: No """,
        ),
        ({"where": "Churn = 'No'", "positive": "No"}, "every row with an outcome says No"),
        ({"where": "trim(Churn) = ''"}, "no row has a value, so there is nothing to learn from"),
        ({"where": "1 = 0"}, "tables.labelled is empty"),
        ({"columns": {"customer_id": "Custmer"}}, 'Did you mean "Customer"'),
        ({"columns": {"customer_id": "Calls"}}, r"repeats the key \(customer_id\)"),
        ({"ignore": ["Contract type", "Calls", "Total charges", "Senior", "Since", "Price"]}, "no"),
    ],
)
def test_mistakes_are_told_with_their_remedy(
    tmp_path: Path,
    settings: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, people(), **settings)


def test_a_third_outcome_is_not_taken_for_staying(tmp_path: Path) -> None:
    table = people()
    table.loc[100:102, "Churn"] = "Unknown"
    with pytest.raises(InputError, match=r"3 values \(.*Unknown \(3 rows\)\), and only two"):
        read(tmp_path, table)


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ('"Prise" * 12', r'value.amount = .* no column "Prise". Did you mean "Price"'),
        ('TRY_CAST("Total charges" AS DOUBLE)', "value.amount is missing in 11 rows .*coalesce"),
    ],
)
def test_an_amount_must_be_there_for_everybody(tmp_path: Path, amount: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, people(), amount)


def test_a_few_repeats_are_set_apart(tmp_path: Path) -> None:
    table = pd.concat([people(), people().iloc[50:53]])
    table = pd.concat([table, people().iloc[60:61].assign(Customer=None)])
    flat = read(tmp_path, table)
    assert flat.report.rejected == {
        "repeats the key (customer_id)": 3,
        "customer_id is missing": 1,
    }
    assert (flat.report.read, flat.report.kept) == (404, 400)
    assert flat.report.quarantine is not None
    assert len(pd.read_csv(flat.report.quarantine)) == 4
    assert read(tmp_path, people()).report.quarantine is None
    assert not flat.report.quarantine.exists()


def kind(*values: object) -> str:
    """Infer a column."""
    return infer(pa.chunked_array([pa.array(values)])).kind


def test_the_type_of_a_column() -> None:
    assert kind("1", " 2.5", None, "-3e2") == "number"
    assert kind("007", "12") == "category"
    assert kind("1", "two") == "category"
    assert kind("2020-01-31", None) == "days"
    assert kind(*[n > 0 for n in range(2)]) == "number"
    assert kind(None, None) == "none"
    assert kind([1], [2]) == "none"
    assert kind(*range(100)) == "identifier"
    assert kind(*[n + 0.5 for n in range(100)]) == "number"
    assert kind(*[str(n) for n in range(100)]) == "identifier"
    assert kind(*[str(n / 8) for n in range(100)]) == "number"


def test_names_of_features_are_plain_and_differ() -> None:
    names = feature_names(["Call Failure", "Call-Failure", "3G", "customer_id", "%", "Größe"])
    assert list(names.values()) == [
        "Call_Failure",
        "Call_Failure_2",
        "column_3G",
        "customer_id_2",
        "column",
        "Größe",
    ]
