"""The configuration: what it may say, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import InputError
from keepwell.settings import TRACKING_VARIABLE, Settings, load_settings
from keepwell.starting import TEMPLATE

TABLES = '[tables.transactions]\nsource = "a.parquet"\n'
ONLINE_RETAIL = """
name = "online-retail"
currency = "GBP"
seed = 7

[data]
engine = "duckdb://"

[tables.transactions]
source = "invoices.parquet"
where = "CustomerID IS NOT NULL"
[tables.transactions.columns]
customer_id = "CustomerID"
occurred_at = "InvoiceDate"
amount = "Quantity * UnitPrice"
order_id = "InvoiceNo"
product_id = "StockCode"

[population]
active_within = "365d"

[churn]
kind = "inactivity"
horizon = "90d"
gap = "0d"

[value]
horizon = "12w"

[training]
cutoffs = 12
every = "30d"
"""


def settings_of(folder: Path, text: str) -> Settings:
    path = folder / "keepwell.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def test_a_whole_configuration(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, ONLINE_RETAIL)
    assert (settings.name, settings.currency, settings.seed) == ("online-retail", "GBP", 7)
    assert settings.tables["transactions"].columns["amount"] == "Quantity * UnitPrice"
    assert (settings.churn.horizon, settings.churn.gap, settings.value.horizon) == (90, 0, 84)
    assert (settings.population.active_within, settings.training.every) == (365, 30)
    assert settings.folder == tmp_path.resolve()


def test_the_defaults(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, TABLES)
    assert (settings.name, settings.currency, settings.seed) == ("keepwell", "XXX", 7)
    assert (settings.data.engine, settings.data.timezone) == ("duckdb://", "UTC")
    assert settings.data.max_rejected == 0.05
    assert (settings.churn.horizon, settings.value.horizon) == (None, None)
    assert (settings.training.cutoffs, settings.training.every) == (12, 30)
    assert settings.scoring.reasons == 10_000


def test_the_template_is_a_valid_configuration_with_every_key(tmp_path: Path) -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    settings_of(tmp_path, text)
    lines = (line.removeprefix("# ") for line in text.splitlines())
    wide = [line for line in lines if line.startswith("[") or " = " in line.split("#")[0]]
    # Of source and query a table has one: the template's query stands for nothing here.
    full = "\n".join(line for line in wide if not line.startswith("query"))
    settings = settings_of(tmp_path, full)
    assert set(settings.tables) == {"transactions", "customers", "complaints"}
    assert settings.training.model_fields_set == set(type(settings.training).model_fields)
    assert settings.churn.model_fields_set == set(type(settings.churn).model_fields)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sed = 1\n" + TABLES, 'unknown key sed. Did you mean "seed"?'),
        (TABLES + "colums = {}", 'unknown key tables.transactions.colums. Did you mean "columns"?'),
        (TABLES + "[churn]\ngpa = 1", 'unknown key churn.gpa. Did you mean "gap"?'),
        (TABLES + '[tables.complaint]\nsource = "x"', 'Did you mean "complaints"?'),
        (
            TABLES + '[tables.transactions.columns]\ncustomerid = "x"',
            'unknown column "customerid". Did you mean "customer_id"?',
        ),
        ("seed = 1", "tables is missing; add a [tables.transactions] section"),
        ('[tables.customers]\nsource = "x"', "the transactions table is missing"),
        ('seed = "1"\n' + TABLES, "seed = '1': write a whole number without quotes"),
        (TABLES + 'key = "a"', "tables.transactions.key = 'a': write a list"),
        (TABLES + 'query = "x"', "give either source (a file or table) or query"),
        (TABLES + '[churn]\nhorizon = "3m"', "'3m' is not a duration; write days or weeks"),
        (TABLES + '[churn]\nhorizon = "0d"', "churn.horizon: 0 days is not a usable duration"),
        (TABLES + '[churn]\ngap = "-1d"', "churn.gap: -1 days is before the cutoff"),
        (TABLES + '[churn]\nkind = "partial"', 'kind "partial" is not available yet'),
        (TABLES + '[data]\ntimezone = "Europe/Pari"', 'Did you mean "Europe/Paris"?'),
        (TABLES + "[data]\nmax_rejected = 5", "data.max_rejected = 5"),
        ('currency = "eur"\n' + TABLES, "write an ISO 4217 code of three capitals"),
        ('name = "a/b"\n' + TABLES, "name = 'a/b': use letters"),
        ("data = 3\n" + TABLES, "data = 3: write a section of keys"),
        ("seed = \n", "is not valid TOML: Invalid value (at line 1, column 8)"),
    ],
)
def test_mistakes_are_told_with_the_key_and_the_remedy(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(InputError) as raised:
        settings_of(tmp_path, text)
    assert said in str(raised.value)
    assert str(raised.value).startswith("keepwell.toml")


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        settings_of(tmp_path, 'sed = 1\nseed = "x"\n' + TABLES)
    assert len(str(raised.value).splitlines()) == 2


def test_a_missing_configuration_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="write one with `keepwell init`"):
        load_settings(tmp_path / "keepwell.toml")


def test_the_tracking_uri_is_beside_the_file_unless_the_variable_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, TABLES)
    monkeypatch.delenv(TRACKING_VARIABLE, raising=False)
    assert settings.tracking_uri == f"sqlite:///{tmp_path.resolve()}/mlruns/mlflow.db"
    monkeypatch.setenv(TRACKING_VARIABLE, "http://mlflow:5000")
    assert settings.tracking_uri == "http://mlflow:5000"


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, TABLES)
    with pytest.raises(ValueError, match="frozen"):
        settings.seed = 8  # type: ignore[misc]
