"""Offers of a category, from tables to a plan, as a user makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import keepwell
from keepwell.cli import main
from keepwell.project import Project
from serving.store import Store
from serving.targeting.offers import Offers
from tests.support import BASE, Shop, sales

CONFIG = (
    BASE
    + '[value]\nmeasure = "margin"\n[cross_sell]\nwindows = 3\n'
    + '[tables.transactions.columns]\ncategory = "category"\nmargin = "margin"\n'
)
CALL = '[actions.call]\nlevel = "social"\ncontact_cost = 0.5\nacceptance = 0.3\ncapacity = 10\n'
BUTTER = (
    '[actions.butter]\nlevel = "customised"\ncontact_cost = 0.01\ncategory = "butter"\nlift = 0.5\n'
)
MARGIN = 0.25


def with_categories() -> pd.DataFrame:
    """Let everybody buy bread, and many butter beside it from some purchase on; oil never again."""
    lines = sales().sort_values(["customer_id", "occurred_at"])
    rng = np.random.default_rng(4)
    begins = dict(zip(lines["customer_id"].unique(), rng.integers(2, 25, 300), strict=False))
    number = lines.groupby("customer_id").cumcount()
    butter = lines[number >= lines["customer_id"].map(begins)]
    oil = lines.head(3).assign(category="oil")
    made = pd.concat(
        [lines.assign(category="bread"), butter.assign(category="butter", amount=4.0), oil]
    )
    share = made["category"].map({"bread": 0.5, "butter": MARGIN, "oil": 0.5})
    return made.assign(margin=(made["amount"] * share).round(2))


@pytest.fixture(scope="module")
def grocer_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grocer") / "shop"
    folder.mkdir()
    (folder / "keepwell.toml").write_text(CONFIG, encoding="utf-8")
    with_categories().to_parquet(folder / "transactions.parquet")
    assert main(["train", "--config", str(folder / "keepwell.toml")]) == 0
    return folder


@pytest.fixture
def grocer(grocer_once: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(grocer_once, capsys)


def stored(shop: Shop) -> Offers:
    store: Store
    with Project.at(shop.config).store() as store:
        return store.offers()[1]


def test_who_never_bought_it_is_offered_it_within_the_same_budget(grocer: Shop) -> None:
    grocer.write(config=CONFIG + CALL + BUTTER)
    said = grocer.does("score").all
    assert "Offer butter: expected to pay with " in said
    path = grocer.folder / "plan.csv"
    said = grocer.does("plan", "--budget", "10", "--control", "0.2", "--out", path).all
    assert "the lift behind " in said
    assert "the acceptance behind " in said
    rows = pd.read_csv(path, dtype={"customer_id": str})
    assert set(rows["action"]) == {"call", "butter"}
    assert rows["customer_id"].is_unique
    assert rows["cost"].sum() <= 10
    lines = with_categories()
    have = set(lines.loc[lines["category"] == "butter", "customer_id"])
    offered = rows[rows["action"] == "butter"]
    assert not have & set(offered["customer_id"])
    assert offered["reasons"].str.match(r"never bought butter: .*% likely to begin, ").all()


def test_it_brings_what_the_response_model_says_at_the_margin_of_the_category(grocer: Shop) -> None:
    grocer.write(config=CONFIG + CALL + BUTTER)
    grocer.does("score")
    found = stored(grocer)
    number = [action.name for action in found.actions].index("butter")
    rows = found.offered[:, number]
    begun = pd.Series(found.begins[rows, number], found.customers.loc[rows, "customer_id"])
    matrix = keepwell.open(grocer.config).cross_sell()
    own = matrix[matrix["category"] == "butter"].set_index("customer_id").loc[begun.index]
    np.testing.assert_allclose(begun, own["probability"])
    # Half as many more begin, of whom a quarter of what they spend is left.
    more = np.minimum(0.5 * begun, 1 - begun)
    expected = more * own["expected_amount"] * MARGIN - 0.01
    np.testing.assert_allclose(found.profit[rows, number], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            CONFIG + BUTTER.replace('"butter"', '"buter"'),
            '[actions.butter] category: nobody has bought "buter" before 2023-10-28. Did you mean ',
        ),
        (
            CONFIG.replace('category = "category"\n', "") + BUTTER,
            "keepwell.toml: actions.butter.category: nothing tells to whom it is new; map category",
        ),
        (
            CONFIG.replace("windows = 3", 'windows = 1\nhorizon = "3d"') + BUTTER,
            "cross_sell.horizon, or bring more history, or remove [actions.butter]",
        ),
    ],
)
def test_what_cannot_be_sold_is_refused(grocer: Shop, config: str, said: str) -> None:
    grocer.write(config=config)
    assert said in grocer.refuses("score")
