"""``keepwell cross-sell``: what it writes and says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import keepwell
from tests.categories import AS_OF, sales
from tests.support import BASE, Shop

CONFIG = (
    BASE
    + '[cross_sell]\nhorizon = "30d"\nwindows = 1\n'
    + '[tables.transactions.columns]\ncategory = "category"\n'
)


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    made = Shop(tmp_path / "shop", capsys)
    made.write(sales(120), CONFIG)
    return made


def test_the_likeliest_categories_of_each_customer(shop: Shop) -> None:
    out = shop.folder / "next.csv"
    said = shop.does("cross-sell", "--as-of", str(AS_OF), "--top", "2", "--out", out)
    found = pd.read_csv(out)
    assert list(found.columns) == ["customer_id", "category", "probability", "expected_amount"]
    assert found["customer_id"].value_counts().max() == 2
    assert found["probability"].between(0, 1).all()
    assert "Wrote" in said.all
    for words in ("hit rate at 3", "NDCG at 3", "popularity", "nearest neighbours", "held out"):
        assert words in said.all
    company = keepwell.open(shop.config)
    pd.testing.assert_frame_equal(company.cross_sell(str(AS_OF), top=2), found, check_exact=False)


def test_it_says_where_the_rankings_are_no_better_than_simple_ones(shop: Shop) -> None:
    taste = shop.does("cross-sell", "--as-of", str(AS_OF), "--out", shop.folder / "next.csv")
    assert "not surely better" not in taste.all
    drawn = np.random.default_rng(3)
    chance = sales(120).assign(category=lambda rows: drawn.permutation(rows["category"]))
    shop.write(chance, CONFIG)
    said = shop.does("cross-sell", "--as-of", str(AS_OF), "--out", shop.folder / "next.csv")
    assert "not surely better than popularity or lately begun" in said.all


def test_without_categories_there_is_nothing_to_sell(shop: Shop) -> None:
    shop.write(config=BASE)
    assert "tables.transactions has no category" in shop.refuses("cross-sell")


def test_a_flat_file_has_nothing_to_sell(shop: Shop) -> None:
    flat = '[tables.labelled]\nsource = "a.csv"\noutcome = "Churn"\npositive = "Yes"\n'
    shop.write(config=flat + '[churn]\nkind = "labelled"\n')
    assert "has no transactions to cross-sell from" in shop.refuses("cross-sell")
