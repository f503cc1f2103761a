"""The configuration: what it may say, and how its mistakes are told."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from features.columns import LAYOUTS
from features.errors import InputError
from features.settings import Section, TablesSettings
from keepwell.settings import TRACKING_VARIABLE, Settings, load_settings
from keepwell.starting import TEMPLATE
from serving.targeting.settings import ActionSettings, Level

TABLES = '[tables.transactions]\nsource = "a.parquet"\n'
PARTIAL = TABLES + '[churn]\nkind = "partial"\n'
CONTRACTS = """
[tables.subscriptions]
source = "a.parquet"
[tables.subscriptions.columns]
ended_at = "end"
price = "price"
"""
LABELLED = '[tables.labelled]\nsource = "a.csv"\noutcome = "Churn"\npositive = "Yes"\n'
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
    assert settings.tables.given["transactions"].columns["amount"] == "Quantity * UnitPrice"
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


def full_template() -> dict[str, Any]:
    """Read the template with every commented key."""
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    bare = (line.removeprefix("# ") for line in lines)
    # Of source and query a table has one: the template's query stands for nothing here.
    wide = [line for line in bare if line.startswith("[") or " = " in line.split("#")[0]]
    return tomllib.loads("\n".join(line for line in wide if not line.startswith("query")))


def test_the_template_is_a_valid_configuration(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, TEMPLATE.read_text(encoding="utf-8"))
    assert list(settings.tables.given) == ["transactions"]


def test_the_template_has_every_table_and_column() -> None:
    tables = TablesSettings.model_validate(full_template()["tables"])
    assert tables.model_fields_set == set(TablesSettings.model_fields) == {*LAYOUTS, "labelled"}
    for name, table in tables.given.items():
        assert set(LAYOUTS[name].columns) <= set(table.columns), name


def test_the_template_has_every_section_and_key() -> None:
    content = full_template()
    for name, field in Settings.model_fields.items():
        section = field.annotation
        assert name in content
        if name != "tables" and isinstance(section, type) and issubclass(section, Section):
            settings = section.model_validate(content[name])
            assert settings.model_fields_set == set(section.model_fields), name


def test_the_template_has_an_action_of_every_level() -> None:
    actions = TypeAdapter(dict[str, ActionSettings]).validate_python(full_template()["actions"])
    assert list(dict.fromkeys(a.level for a in actions.values())) == [*get_args(Level)]
    given = {key for action in actions.values() for key in action.model_fields_set}
    assert given == set(ActionSettings.model_fields)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sed = 1\n" + TABLES, 'unknown key sed. Did you mean "seed"?'),
        (TABLES + "colums = {}", 'unknown key tables.transactions.colums. Did you mean "columns"?'),
        (TABLES + "[churn]\ngpa = 1", 'unknown key churn.gpa. Did you mean "gap"?'),
        (
            TABLES + '[tables.complaint]\nsource = "x"',
            'unknown key tables.complaint. Did you mean "complaints"? Known keys: transactions, ',
        ),
        (
            TABLES + '[tables.transactions.columns]\ncustomerid = "x"',
            'unknown column "customerid". Did you mean "customer_id"?',
        ),
        (
            TABLES + '[tables.complaints]\nsource = "x"\n[tables.complaints.columns]\n"a b" = "x"',
            'tables.complaints: columns has a column "a b"; name it with letters, digits and',
        ),
        ("seed = 1", "tables is missing; add a [tables.transactions] section"),
        (
            '[tables.customers]\nsource = "x"',
            (
                "tables: nothing tells who left; add a [tables.transactions], a "
                "[tables.subscriptions] or a [tables.labelled] section"
            ),
        ),
        ("[tables]\ntransactions = 3", "tables.transactions = 3: write a section of keys"),
        ('seed = "1"\n' + TABLES, "seed = '1': write a whole number without quotes"),
        (TABLES + 'key = "a"', "tables.transactions.key = 'a': write a list"),
        (TABLES + 'query = "x"', "give either source (a file or table) or query"),
        (TABLES + '[churn]\nhorizon = "3m"', "'3m' is not a duration; write days or weeks"),
        (TABLES + '[churn]\nhorizon = "0d"', "churn.horizon: 0 days is not a usable duration"),
        (TABLES + '[churn]\ngap = "-1d"', "churn.gap: -1 days is before the cutoff"),
        (
            TABLES + '[churn]\nkind = "lapsed"',
            "churn.kind = 'lapsed': write 'inactivity', 'subscription', 'partial' or 'labelled'",
        ),
        (PARTIAL + "share = 0", "churn.share = 0: Input should be greater than 0"),
        (PARTIAL + "share = 1.1", "churn.share = 1.1: Input should be less than or equal to 1"),
        (PARTIAL + "norm_windows = 0", "churn.norm_windows = 0: Input should be greater than or"),
        (TABLES + '[value]\nmeasure = "gross"', "value.measure = 'gross': write 'net' or 'margin'"),
        (TABLES + '[features]\nfamilies = "a.py"', "features.families = 'a.py': write a list"),
        (TABLES + '[data]\ntimezone = "Europe/Pari"', 'Did you mean "Europe/Paris"?'),
        (TABLES + "[data]\nmax_rejected = 5", "data.max_rejected = 5"),
        (TABLES + '[training]\nengine = "ray"', "training.engine = 'ray': write 'local' or 'dask'"),
        (
            TABLES + '[training]\nengine = "dask"\nscheduler = "host:8786"',
            "training.scheduler = 'host:8786': write the address of a Dask scheduler, such as",
        ),
        (
            TABLES + '[training]\nscheduler = "tcp://host:8786"',
            'training: scheduler is given, but engine is not "dask"; set engine = "dask"',
        ),
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


@pytest.mark.parametrize(
    ("text", "kind", "given"),
    [
        (TABLES, "inactivity", ["transactions"]),
        (PARTIAL + "share = 1\nnorm_windows = 1", "partial", ["transactions"]),
        (CONTRACTS + '[churn]\nkind = "subscription"\nregrace = 0', "subscription", None),
        (TABLES + CONTRACTS + '[churn]\nkind = "subscription"', "subscription", None),
        (LABELLED + '[churn]\nkind = "labelled"\n[value]\namount = "Paid"', "labelled", []),
    ],
)
def test_each_kind_of_churn_with_its_table(
    tmp_path: Path, text: str, kind: str, given: list[str] | None
) -> None:
    settings = settings_of(tmp_path, text)
    assert settings.churn.kind == kind
    assert given is None or list(settings.tables.given) == given


def test_the_defaults_of_every_kind(tmp_path: Path) -> None:
    churn = settings_of(tmp_path, TABLES).churn
    assert (churn.regrace, churn.share, churn.norm_windows) == (30, 0.5, 4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            CONTRACTS,
            (
                'churn.kind = "inactivity" needs the transactions table; add a '
                '[tables.transactions] section, or write [churn] kind = "subscription"'
            ),
        ),
        (
            CONTRACTS + '[churn]\nkind = "partial"',
            (
                'churn.kind = "partial" needs the transactions table; add a [tables.transactions] '
                'section, or write [churn] kind = "subscription"'
            ),
        ),
        (
            TABLES + '[churn]\nkind = "subscription"',
            (
                'churn.kind = "subscription" needs the subscriptions table; add a '
                '[tables.subscriptions] section, or write [churn] kind = "inactivity" or "partial"'
            ),
        ),
        (
            LABELLED,
            (
                'churn.kind = "inactivity" needs the transactions table; add a '
                '[tables.transactions] section, or write [churn] kind = "labelled"'
            ),
        ),
        (
            TABLES + LABELLED,
            (
                'tables.labelled is not used by churn.kind = "inactivity"; remove the section, or '
                'write [churn] kind = "labelled"'
            ),
        ),
        (
            TABLES + LABELLED + '[churn]\nkind = "labelled"',
            (
                'churn.kind = "labelled" uses [tables.labelled] alone; remove '
                "[tables.transactions], or choose another kind"
            ),
        ),
        (
            TABLES + "[churn]\nshare = 0.5",
            (
                'churn.share means nothing for churn.kind = "inactivity"; remove it, or write '
                '[churn] kind = "partial"'
            ),
        ),
        (
            PARTIAL + 'regrace = "9d"',
            (
                'churn.regrace means nothing for churn.kind = "partial"; remove it, or write '
                '[churn] kind = "subscription"'
            ),
        ),
        (
            LABELLED + '[churn]\nkind = "labelled"\nhorizon = "9d"',
            (
                'churn.horizon means nothing for churn.kind = "labelled"; remove it, or write '
                '[churn] kind = "inactivity" or "partial" or "subscription"'
            ),
        ),
        (
            CONTRACTS + '[churn]\nkind = "subscription"\n[population]\nactive_within = "9d"',
            (
                'population.active_within means nothing for churn.kind = "subscription"; '
                'remove it, or write [churn] kind = "inactivity" or "partial"'
            ),
        ),
        (
            TABLES + '[value]\namount = "Paid"',
            (
                'value.amount means nothing for churn.kind = "inactivity"; remove it, or write '
                '[churn] kind = "labelled"'
            ),
        ),
        (
            TABLES + '[value]\nmeasure = "margin"',
            (
                'value.measure = "margin" needs the margin of each transaction; map margin in '
                '[tables.transactions.columns], or write measure = "net"'
            ),
        ),
        (
            CONTRACTS.replace("price", "plan") + '[churn]\nkind = "subscription"',
            (
                "the value of a customer is told by prices where there are no transactions; map "
                "price in [tables.subscriptions.columns], or add a [tables.transactions] section"
            ),
        ),
        (
            CONTRACTS.replace("ended_at", "plan") + '[churn]\nkind = "subscription"',
            (
                'churn.kind = "subscription" needs to know when subscriptions ended; map '
                "ended_at in [tables.subscriptions.columns]"
            ),
        ),
    ],
)
def test_sections_that_do_not_agree(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        settings_of(tmp_path, text)
    assert str(raised.value) == f"keepwell.toml: {said}"


def test_every_disagreement_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        settings_of(tmp_path, TABLES + '[churn]\nshare = 1\n[value]\nmeasure = "margin"')
    lines = str(raised.value).splitlines()
    assert [line.split(" ")[:2] for line in lines] == [
        ["keepwell.toml:", "churn.share"],
        ["keepwell.toml:", "value.measure"],
    ]


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


ACTION = TABLES + '[actions.call]\nlevel = "social"\ncontact_cost = 1\n'
SELLING = ACTION + 'category = "coffee"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ACTION.replace("social", "socal"), "actions.call.level = 'socal': write 'financial', "),
        (ACTION.replace("= 1", "= -1"), "actions.call.contact_cost: -1 is negative; a cost is"),
        (ACTION + "incentive_cost = -0.5", "actions.call.incentive_cost: -0.5 is negative;"),
        (ACTION + "capcity = 5", 'unknown key actions.call.capcity. Did you mean "capacity"?'),
        (ACTION + 'eligible = "p >"', "actions.call.eligible: 'p >' cannot be read"),
        (TABLES + '[actions.call]\nlevel = "social"', "actions.call.contact_cost is missing; say"),
        (TABLES + "[actions.call]\ncontact_cost = 1", "actions.call.level is missing; say what"),
        (ACTION.replace("actions.call", 'actions."a call"'), "actions.a call: name an action with"),
        (ACTION + "lift = 0.2", "actions.call: lift: of which first purchases? Name what is off"),
        (SELLING + "lift = 20", "actions.call.lift: 20 is not above 0 and at most 10; a lift is a"),
        (SELLING + "lift = 0", "actions.call.lift: 0 is not above 0 and at most 10"),
        (SELLING + "acceptance = 0.3", "actions.call: category and acceptance: what the offer of"),
        (SELLING, "actions.call.category: nothing tells to whom it is new; map category under "),
        (SELLING.replace(TABLES, LABELLED), "actions.call.category: nothing tells to whom it is"),
    ],
)
def test_a_mistake_in_an_action_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as found:
        settings_of(tmp_path, text)
    assert said in str(found.value)
