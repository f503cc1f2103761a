"""Contacts imported from files, and what becomes of them in scores, features and lists."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import keepwell
from serving.store import Store
from tests.support import Shop, sales

FILE = pd.DataFrame(
    {
        "customer_id": ["00001", "00002", "00003"],
        "action": ["call", "call", "voucher"],
        "treated": ["yes", "no", "true"],
        "contacted_at": ["2023-09-01T10:00", "2023-09-01 10:00:00", "2023-09-02T08:00:00+00:00"],
        "cost": ["2.5", "", "0.333333"],
    }
)


@pytest.fixture
def company(shop: Shop) -> Shop:
    """Set a shop up that has never trained."""
    shop.write(sales(60))
    return shop


def contacts(shop: Shop) -> pd.DataFrame:
    with Store.open(f"sqlite:///{shop.folder / 'keepwell.db'}") as store:
        return store.contacts()


def put(shop: Shop, frame: pd.DataFrame, name: str = "contacts.csv") -> Path:
    path = shop.folder / name
    frame.to_csv(path, index=False) if name.endswith(".csv") else frame.to_parquet(path)
    return path


def test_a_file_is_recorded_once_and_its_outcomes_are_added(company: Shop) -> None:
    path = put(company, FILE.assign(note="x", Cost2=1))
    said = company.does("contacts import", path).all
    assert "Recorded 3 contacts: 3 new, 0 told more than was known, 0 known already" in said
    assert 'columns that tell nothing of a contact: note; Cost2 Did you mean "cost"?' in said
    assert "0 new, 0 told more than was known, 3 known" in company.does("contacts import", path).all
    answered = FILE.assign(
        responded_at=["2023-09-03", "", ""], redeemed_cost=[5.0, float("nan"), float("nan")]
    )
    parquet = put(company, answered, "later.parquet")
    assert "0 new, 1 told more than" in company.does("contacts import", parquet).all
    found = contacts(company).set_index("customer_id")
    assert found["treated"].tolist() == [True, False, True]
    assert str(found.loc["00003", "cost"]) == "0.3333"
    assert found.loc["00001", "responded_at"] == pd.Timestamp("2023-09-03", tz="UTC")


def test_a_plan_is_recorded_as_carried_out(company: Shop) -> None:
    plan = pd.DataFrame(
        {
            "customer_id": ["00001", "00002"],
            "action": "call",
            "arm": ["treated", "control"],
            "cost": [3.5, 0.0],
            "expected_profit": [10.0, 9.0],
            "basis": "assumed",
            "reasons": "late",
        }
    )
    path = put(company, plan, "plan.csv")
    said = company.refuses("contacts import", path)
    assert "nothing says when the contacts were made; give a column contacted_at, or" in said
    for new in (2, 0):
        said = company.does("contacts import", path, "--contacted-at", "2023-09-01T09:30").all
        assert f"{new} new" in said
        assert "note:" not in said
    found = contacts(company)
    assert found["treated"].tolist() == [True, False]
    assert set(found["contacted_at"]) == {pd.Timestamp("2023-09-01 09:30", tz="UTC")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"customer_id": ["nobody", "00002", "00003"]},
            'row 1, customer_id: there is no customer "nobody": neither scored nor',
        ),
        (
            {"responded_at": "2023-08-31"},
            "row 1, responded_at: 2023-08-31 00:00:00+00:00 is before the contact of 2023-09-01",
        ),
        ({"contacted_at": "tomorrow"}, "row 1, contacted_at: 'tomorrow' is not a time: write it"),
        ({"contacted_at": ""}, "row 1, contacted_at: '' is missing"),
        ({"contacted_at": "2999-01-01"}, "lies in the future; tell of contacts that were made"),
        ({"cost": "-1"}, "row 1, cost: -1.0000 is not within 0 and 10^14; give what it cost"),
        ({"cost": "two"}, "row 1, cost: 'two' is not a finite number within 10^14"),
        ({"treated": "perhaps"}, "row 1, treated: 'perhaps' is neither yes nor no"),
        ({"key": "k"}, "row 1, key: k stands 3 times; give it once"),
    ],
)
def test_a_row_that_cannot_be_is_named_and_nothing_recorded(
    company: Shop, change: dict[str, str | list[str]], said: str
) -> None:
    path = put(company, FILE.assign(**change))
    told = company.refuses("contacts import", path)
    assert said in told
    assert f"{path}: " in told
    assert not (company.folder / "keepwell.db").exists() or contacts(company).empty


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (FILE.drop(columns="treated"), "there is no column treated; columns: customer_id, action"),
        (FILE.assign(arm="control"), "both columns treated and arm say who is control"),
        (FILE.iloc[:0], "has no rows, so there is nothing to record"),
    ],
)
def test_a_file_that_cannot_be_read(company: Shop, frame: pd.DataFrame, said: str) -> None:
    assert said in company.refuses("contacts import", put(company, frame))
    assert "ends in .csv or .parquet" in company.refuses("contacts import", "list.txt")
    assert "there is no file" in company.refuses("contacts import", "gone.csv")


def test_a_contradiction_is_told_with_its_difference(company: Shop) -> None:
    company.does("contacts import", put(company, FILE.assign(key=["a", "b", "c"])))
    wrong = put(company, FILE.assign(key=["a", "b", "c"], treated="yes"))
    said = company.refuses("contacts import", wrong)
    assert "b: treated is control in the store and treated here" in said


def test_they_become_features_and_a_champion_from_before_goes_on(trained: Shop) -> None:
    trained.does("score")
    before = trained.scored()
    told = FILE.assign(recorded_at=FILE["contacted_at"], responded_at=["2023-09-05", "", ""])
    trained.does("contacts import", put(trained, told))
    assert "contacts" in trained.does("check").all
    trained.does("score")
    pd.testing.assert_frame_equal(trained.scored(), before)
    trained.does("monitor")
    out = trained.folder / "features.parquet"
    trained.does("features", "--out", out, "--as-of", "2023-10-01")
    known = pq.read_table(out).to_pandas().set_index("customer_id")
    assert known.loc["00001", "contacts_count"] == 1
    assert known.loc["00002", "contacts_count"] == 0, "a control received nothing"
    assert known.loc["00001", "contact_responses_count"] == 1
    trained.does("features", "--out", out, "--as-of", "2023-09-01")
    assert pq.read_table(out)["contacts_count"].to_pandas().max() == 0


def test_the_list_shows_them_and_lets_customers_rest(trained: Shop) -> None:
    trained.does("score")
    (first, second) = keepwell.open(trained.config).risk_list(top=2)["customer_id"]
    frame = pd.DataFrame(
        {
            "customer_id": [first, second],
            "action": "call",
            "arm": ["treated", "control"],
            "contacted_at": ["2023-10-20", "2023-10-20"],
        }
    )
    trained.does("contacts import", put(trained, frame))
    path = trained.folder / "list.csv"
    said = trained.does("risk-list", "--out", path).all
    assert "2 customers are left out: contacted in the 30 days before, or since" in said
    left = pd.read_csv(path, dtype={"customer_id": str})
    assert not set(left["customer_id"]) & {first, second}
    assert left["last_action"].isna().all()
    said = trained.does("risk-list", "--rest-days", "0", "--top", "2").all
    assert "2023-10-20 call" in said
    company = keepwell.open(trained.config)
    shown = company.risk_list(top=2, rest_days=0)
    assert shown["last_action"].tolist() == ["call", "call"]
    assert shown["last_contacted_at"].tolist() == [pd.Timestamp("2023-10-20")] * 2
    assert company.contacts.last()["treated"].sum() == 1
    more = frame.head(1).assign(contacted_at=pd.Timestamp("2023-10-24"))
    assert company.contacts.record(more).new == 1
    assert len(company.contacts.all()) == 3
