from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.columns import LAYOUTS, Kind
from keepwell.cli import main
from keepwell.settings import load_settings
from keepwell.simulate.actions import ACTIONS
from keepwell.simulate.leaving import EVERY, FIRST
from keepwell.simulate.story import HORIZON
from tests.simulated import Company

TYPES = {
    Kind.ID: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.TIME: pa.timestamp("us"),
    Kind.MONEY: pa.decimal128(18, 4),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.bool_(),
}
ATTRIBUTES = ["region", "income", "household_size", "age", "source"]
TIMES = {
    "transactions": ["occurred_at"],
    "complaints": ["opened_at", "resolved_at"],
    "contacts": ["contacted_at", "responded_at"],
    "activities": ["occurred_at"],
    "surveys": ["answered_at"],
    "wallets": ["observed_at"],
    "referrals": ["occurred_at"],
    "subscriptions": ["started_at", "ended_at"],
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_canonical_column_is_there_with_its_type(company: Company, name: str) -> None:
    schema = pq.read_schema(company.folder / f"{name}.parquet")
    wanted = LAYOUTS[name].columns
    own = ATTRIBUTES if name == "customers" else []
    assert schema.names == [*wanted, *own]
    assert {c: schema.field(c).type for c in wanted} == {c: TYPES[k] for c, k in wanted.items()}


@pytest.mark.parametrize("name", LAYOUTS)
def test_only_outcomes_and_points_are_ever_missing(company: Company, name: str) -> None:
    table = pq.read_table(company.folder / f"{name}.parquet")
    assert table.num_rows > 100
    missing = {c for c in table.column_names if table[c].null_count}
    allowed = {
        "complaints": {"resolved_at", "satisfaction", "compensation", "cost"},
        "contacts": {"responded_at", "redeemed_cost"},
        "subscriptions": {"ended_at"},
        "activities": {"points_balance"},
    }
    assert missing == allowed.get(name, set())


def test_the_configuration_maps_every_column_and_says_what_is_true(company: Company) -> None:
    settings = load_settings(company.folder / "keepwell.toml")
    mapped = {name: list(table.columns) for name, table in settings.tables.given.items()}
    columns = {name: list(layout.columns) for name, layout in LAYOUTS.items()}
    columns["customers"] += ATTRIBUTES
    assert mapped == columns
    assert (settings.churn.kind, settings.churn.horizon) == ("inactivity", HORIZON)
    assert settings.population.active_within == 120
    assert "2,000 customers, 2023-01-02 to 2024-12-31" in (
        company.folder / "keepwell.toml"
    ).read_text(encoding="utf-8")


def test_check_rejects_no_row_and_warns_of_nothing(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--config", str(company.folder / "keepwell.toml")]) == 0
    said = capsys.readouterr().out
    assert "rejected " not in said.replace("rejected ┃", "")
    assert "warning" not in said


@pytest.mark.parametrize("name", TIMES)
def test_nothing_happens_before_joining_after_leaving_or_after_the_end(
    company: Company, name: str
) -> None:
    joined = company.table("customers").set_index("customer_id")["joined_at"]
    table = company.table(name)
    for column in TIMES[name]:
        rows = table[table[column].notna()]
        assert (rows[column] < company.as_of).all()
        assert (rows[column] >= rows["customer_id"].map(joined)).all()
        left = rows["customer_id"].map(company.truth["left_at"])
        assert (rows[column] <= left).all()
        if column != "ended_at":
            assert (rows[column] < left).all()
    assert (table["recorded_at"] >= table[TIMES[name][0]]).all()


def test_the_referred_are_customers_who_came_that_day(company: Company) -> None:
    referrals = company.table("referrals")
    joined = company.table("customers").set_index("customer_id")["joined_at"]
    assert referrals["referred_id"].is_unique
    assert (referrals["referred_id"].map(joined) == referrals["occurred_at"].dt.floor("D")).all()
    assert (referrals["customer_id"].map(joined) < referrals["occurred_at"]).all()


def test_a_return_undoes_a_line_bought_before(company: Company) -> None:
    lines = company.table("transactions")
    key = ["order_id", "product_id"]
    back = lines[lines["amount"] < 0].merge(lines[lines["amount"] > 0], on=key)
    assert len(back) == (lines["amount"] < 0).sum() > 100
    assert (back["amount_x"] == -back["amount_y"]).all()
    assert (back["occurred_at_x"] > back["occurred_at_y"]).all()
    assert (lines["discount"] >= 0).all()


def test_campaigns_have_half_control_and_leave_a_customer_in_peace(company: Company) -> None:
    contacts = company.table("contacts")
    assert set(contacts["action"]) == {action.name for action in ACTIONS}
    sizes = contacts.groupby([contacts["contacted_at"].dt.floor("D"), "action"])["treated"]
    assert ((2 * sizes.sum() - sizes.count()).abs() <= 1).all()
    assert len(sizes) == len(ACTIONS) * len(range(FIRST, company.story.days, EVERY))
    control = contacts[~contacts["treated"]]
    assert control["responded_at"].isna().all()
    assert (control["cost"] == 0).all()
    ordered = contacts.sort_values(["customer_id", "contacted_at"])
    rest = ordered.groupby("customer_id")["contacted_at"].diff().dropna()
    assert rest.min() > pd.Timedelta(days=HORIZON - 1)


def test_points_are_those_of_the_spend_before(company: Company) -> None:
    lines, visits = company.table("transactions"), company.table("activities")
    one = visits[(visits["kind"] == "login") & (visits["points_balance"] > 0)].iloc[-1]
    own = lines[(lines["customer_id"] == one["customer_id"]) & (lines["amount"] > 0)]
    spent = own[own["occurred_at"] < one["occurred_at"]]["amount"].sum()
    assert one["points_balance"] == int(spent) % 500


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--customers", "0"], "--customers 0: give at least 1"),
        (["--months", "5"], "--months 5: give 6 to 120"),
        (["--months", "121"], "--months 121: give 6 to 120"),
        (["--seed", "-1"], "--seed -1: give 0 or more"),
        (["--end", "2999-01-01"], "--end 2999-01-01 is not past"),
        (["--end", "soon"], "does not match"),
        (["--customers", "many"], "unable to parse string as an integer"),
    ],
)
def test_a_wrong_option_is_refused(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "company"
    assert main(["simulate", *options, "--out", str(out)]) == 2
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not out.exists()


def test_a_folder_with_something_in_it_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["simulate", "--out", str(tmp_path)]) == 2
    assert f"--out {tmp_path} is not empty; name another folder" in capsys.readouterr().err
    assert main(["simulate", "--out", str(tmp_path / "mine.txt")]) == 2
    assert "is a file; name a folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("customers", [1, 7])
def test_a_tiny_company_can_be_simulated(customers: int, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "tiny")]
    assert main(["simulate", "--customers", str(customers), "--months", "6", *out]) == 0
    truth = pd.read_parquet(tmp_path / "tiny" / "truth.parquet")
    assert len(truth) == customers
    assert np.isfinite(truth.select_dtypes("number")).all(axis=None)
