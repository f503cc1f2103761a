"""A company that asked some of its customers what they spend in the category."""

from __future__ import annotations

import shutil
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from features.asof import Spine
from features.panel import features_at
from keepwell.cli import main
from models.bundle import Bundle
from models.derived import NAMES, with_derived
from tests.support import BASE, Shop

AS_OF = pd.Timestamp("2024-06-01")
AT = ("--as-of", "2024-06-01")
DAYS = 516
CONFIG = (
    BASE
    + """
[tables.customers]
source = "customers.parquet"

[tables.customers.columns]
size = "size"
region = "region"

[tables.wallets]
source = "wallets.parquet"
"""
)


def company(folder: Path, customers: int = 900, seed: int = 1) -> pd.DataFrame:
    """Write a company's tables; attributes explain half of the log wallet. Returns the truth."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{n:04d}" for n in range(customers)])
    size, region = rng.normal(size=customers), rng.choice(["north", "south"], customers)
    known = (size + np.where(region == "north", 1, -1)) / np.sqrt(2)
    wallet = np.exp(7 + 0.7 * (known + rng.normal(size=customers)) / np.sqrt(2))
    share = rng.beta(1.5, 3, customers)
    left = np.where(rng.random(customers) < 0.3, rng.uniform(100, DAYS, customers), DAYS)
    gap = rng.gamma(3, 4, customers) + 4
    rows = []
    for n in range(customers):
        times = np.cumsum(rng.exponential(gap[n], int(3 * DAYS / gap[n]) + 5))
        each = share[n] * wallet[n] * gap[n] / 365
        rows += [
            (ids[n], t, round(each * rng.lognormal(0, 0.3), 2)) for t in times[times < left[n]]
        ]
    sales = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    start = AS_OF - pd.Timedelta(days=DAYS)
    sales["occurred_at"] = (start + pd.to_timedelta(sales.pop("day"), unit="D")).dt.floor("s")
    sales.to_parquet(folder / "transactions.parquet")
    attributes = {"customer_id": ids, "size": size, "region": region}
    pd.DataFrame(attributes).to_parquet(folder / "customers.parquet")
    asked = rng.random(customers) < 0.3
    pd.DataFrame(
        {
            "customer_id": ids[asked],
            "observed_at": start + pd.to_timedelta(rng.uniform(0, 200, asked.sum()), unit="D"),
            "period_days": 30.0,
            "amount": np.round(wallet[asked] * 30 / 365, 2),
        }
    ).to_parquet(folder / "wallets.parquet")
    year = sales[sales["occurred_at"] >= AS_OF - pd.Timedelta(days=365)]
    spend = year.groupby("customer_id")["amount"].sum().reindex(ids).fillna(0)
    return pd.DataFrame({"asked": asked, "share": np.minimum(1, spend / wallet)}, index=ids)


@pytest.fixture(scope="module")
def asked_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("asked") / "shop"
    folder.mkdir()
    (folder / "keepwell.toml").write_text(CONFIG, encoding="utf-8")
    truth = company(folder)
    assert main(["train", "--config", str(folder / "keepwell.toml"), *AT]) == 0
    return folder, truth


@pytest.fixture
def asked(shop: Shop, asked_once: tuple[Path, pd.DataFrame]) -> tuple[Shop, pd.DataFrame]:
    shutil.copytree(asked_once[0], shop.folder)
    return shop, asked_once[1]


def completed(bundle: Bundle, shop: Shop) -> pd.DataFrame:
    """Compute every customer's features with the engine alone, and those of the bundle's models."""
    engine = ibis.duckdb.connect(threads=1)
    tables = {n: engine.read_parquet(shop.folder / f"{n}.parquet") for n in bundle.inputs}
    money = tables["transactions"]
    tables["transactions"] = money.mutate(amount=money["amount"].cast("decimal(18,4)"))
    spine = money.select("customer_id").distinct()
    cutoff = ibis.literal(AS_OF.to_pydatetime()).cast("timestamp(6)")
    made = features_at(tables, Spine(spine.mutate(cutoff=cutoff), AS_OF.date()))
    assert with_derived(bundle.table_features) == bundle.features
    frame: pd.DataFrame = made.table.order_by("customer_id").to_pandas()
    return bundle.release.completed(frame).set_index("customer_id", drop=False)


def test_wallets_are_learnt_judged_and_used(asked: tuple[Shop, pd.DataFrame]) -> None:
    shop, truth = asked
    _, champion = shop.registry.load_champion()
    assert champion.release.wallet is not None
    assert set(NAMES) <= set(champion.features.names)
    assert 0.5 < champion.measures["wallet_share_rank_correlation"] <= 1
    assert {"wallet_pinball_loss", "wallet_coverage", "wallet_rank_correlation"} <= set(
        champion.measures
    )
    found = completed(champion, shop).join(truth)
    assert (found["wallet_source"] == np.where(found["asked"], "observed", "estimated")).all()
    seen, rest = found[found["asked"]], found[~found["asked"]]
    np.testing.assert_allclose(seen["wallet_share"], seen["share"], atol=0.01)
    assert spearmanr(rest["wallet_share"], rest["share"])[0] > 0.6
    shop.does("score", *AT)
    scored = shop.scored()
    expected = champion.release.score(found).loc[scored.index]
    np.testing.assert_allclose(scored["churn_probability"], expected["churn_probability"], 1e-12)


def test_the_champion_is_replaced_by_a_recipe_that_is_as_good(
    asked: tuple[Shop, pd.DataFrame],
) -> None:
    shop, _ = asked
    said = shop.does("train", *AT).all
    assert "Version 2" in said
    assert "no longer score" not in said
