"""Configurations and files as users have them."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pandas as pd

from tests.support import BASE, Shop, sales

SOURCE = 'source = "transactions.parquet"'


JOINED = """
query = "SELECT t.*, kind FROM 'transactions.parquet' t LEFT JOIN 'products.csv' p USING (sku)"
"""


def mapped(source: str, **columns: str) -> str:
    """Give the configuration with another source and mapping."""
    lines = "\n".join(f"{ours} = '{theirs}'" for ours, theirs in columns.items())
    return BASE.replace(SOURCE, f"{source}\n[tables.transactions.columns]\n{lines}")


def both(shop: Shop) -> pd.DataFrame:
    """Train and score."""
    shop.does("train")
    shop.does("score")
    shop.does("risk-list")
    return shop.scored()


def test_csv_of_every_kind_gives_the_scores_of_parquet(trained: Shop) -> None:
    trained.does("score")
    expected = trained.scored()
    lines = sales()
    half = len(lines) // 2
    lines.head(half).to_csv(trained.folder / "part-1.csv.gz", index=False)
    lines.tail(len(lines) - half).to_csv(trained.folder / "part-2.csv.gz", index=False)
    lines.to_csv(trained.folder / "all.csv", index=False)
    for source in ("all.csv", "part-*.csv.gz"):
        trained.write(config=BASE.replace("transactions.parquet", source))
        trained.does("score")
        pd.testing.assert_frame_equal(trained.scored(), expected)
    assert expected.index[0] == "00000"


def test_names_with_spaces_float_ids_and_expressions(shop: Shop) -> None:
    lines = sales()
    theirs = pd.DataFrame(
        {
            "Customer ID": lines["customer_id"].astype(float) + 12_000,
            "Invoice Date": lines["occurred_at"].dt.strftime("%d/%m/%Y %H:%M"),
            "Quantity": 2,
            "Unit Price": lines["amount"] / 2,
        }
    )
    config = mapped(
        SOURCE,
        customer_id="Customer ID",
        occurred_at="strptime(\"Invoice Date\", '%d/%m/%Y %H:%M')".replace("'", "$$"),
        amount='Quantity * "Unit Price"',
    )
    shop.write(theirs, config)
    scores = both(shop)
    assert scores.index.str.fullmatch(r"12\d{3}").all()


def test_a_query_that_joins_categories_and_a_region(shop: Shop) -> None:
    lines = sales()
    rng = np.random.default_rng(5)
    shop.write(
        lines.assign(sku=rng.integers(0, 9, len(lines)), basket=np.arange(len(lines)) // 2),
        mapped(
            JOINED,
            customer_id="customer_id",
            occurred_at="occurred_at",
            amount="amount",
            order_id="basket",
            product_id="sku",
            category="kind",
        )
        + '\n[tables.customers]\nsource = "people.csv"\n'
        + '[tables.customers.columns]\nregion = "region"\nvalid_from = "valid_from"\n',
    )
    products = pd.DataFrame({"sku": range(9), "kind": list("aaabbbccc")})
    products.to_csv(shop.folder / "products.csv", index=False)
    people = pd.DataFrame({"customer_id": sorted(set(lines["customer_id"]))})
    people = people.assign(
        region=np.where(people.index % 2, "north", "south"), valid_from="2022-01-01"
    )
    people.to_csv(shop.folder / "people.csv", index=False)
    both(shop)
    champion = shop.registry.champion()
    assert champion is not None
    names = set(shop.registry.load(champion).features.names)
    assert "attribute_region" in names
    assert {n for n in names if "categor" in n}


def test_zoned_times_are_local_to_the_company(trained: Shop) -> None:
    lines = sales()
    late = pd.DataFrame(
        {"customer_id": ["z"], "occurred_at": [pd.Timestamp("2023-11-05 23:30")], "amount": [1.0]}
    )
    lines = pd.concat([lines, late])
    zoned = lines.assign(occurred_at=lines["occurred_at"].dt.tz_localize("UTC"))
    trained.write(zoned, BASE + '[data]\ntimezone = "Asia/Tokyo"\n')
    said = trained.does("score").all
    assert "customers as of 2023-11-07" in said
    assert "data.timezone is Asia/Tokyo in the configuration, but the champion was trained" in said
    trained.write(zoned)
    assert "customers as of 2023-11-06" in trained.does("score").all


def test_a_gap_and_a_longer_value_horizon(shop: Shop) -> None:
    config = BASE.replace(
        'horizon = "30d"', 'horizon = "30d"\ngap = "7d"\n[value]\nhorizon = "60d"'
    )
    shop.write(sales(), config)
    said = shop.does("train").all
    assert "no purchase in 30 days after a gap of 7; value: net amount of 60 days" in said
    shop.does("score")
    assert shop.scored()["value_if_churned"].mean() > 1


def test_complaints_and_returns(shop: Shop) -> None:
    lines = sales()
    rng = np.random.default_rng(6)
    back = lines.sample(frac=0.1, random_state=1)
    back = back.assign(
        amount=-3 * back["amount"], occurred_at=back["occurred_at"] + pd.Timedelta("1d")
    )
    shop.write(
        pd.concat([lines, back]), BASE + '[tables.complaints]\nsource = "complaints.parquet"\n'
    )
    told = lines.sample(frac=0.2, random_state=2)[["customer_id", "occurred_at"]]
    told = told.rename(columns={"occurred_at": "opened_at"})
    days = pd.to_timedelta(rng.exponential(9, len(told)), unit="D")
    told.assign(resolved_at=told["opened_at"] + days).to_parquet(shop.folder / "complaints.parquet")
    assert len(both(shop)) > 100
    champion = shop.registry.champion()
    assert champion is not None
    assert any("complaint" in n for n in shop.registry.load(champion).features.names)


def test_without_a_currency_none_is_printed(shop: Shop) -> None:
    shop.write(sales(), BASE.replace('currency = "EUR"', ""))
    said = shop.does("train").all + shop.does("score").all
    said += shop.does("risk-list", "--top", "50").all
    shop.does("risk-list", "--out", shop.folder / "list.csv")
    said += (shop.folder / "list.csv").read_text(encoding="utf-8")
    assert not re.search("XXX", said)


def test_a_project_that_has_moved_still_trains(trained: Shop) -> None:
    moved = Shop(trained.folder.with_name("moved"), trained.capsys)
    shutil.move(trained.folder, moved.folder)
    moved.does("train")
    moved.does("score")
