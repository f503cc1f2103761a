"""Companies whose customers leave in other ways than by silence, from tables to a list."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.bundle import Bundle
from tests.support import BASE, Shop, sales

PARTIAL = BASE.replace("[churn]", '[churn]\nkind = "partial"\nnorm_windows = 3')

SUBSCRIBED = """
name = "shop"
currency = "EUR"

[tables.subscriptions]
source = "subscriptions.parquet"
columns.ended_at = "ended_at"
columns.plan = "plan"
columns.price = "price"

[tables.activities]
source = "activities.parquet"

[churn]
kind = "subscription"
regrace = "14d"

[training]
cutoffs = 4
every = "30d"
folds = 1
"""
"""A company without a table of transactions."""


def subscriptions(customers: int = 300, days: int = 400, seed: int = 3) -> pd.DataFrame:
    """Make up subscribers: those on the basic plan leave sooner, and some change plans."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        start, basic = rng.uniform(0, days / 2), rng.random() < 0.5
        lasts = rng.exponential(120 if basic else 700) + 5
        change = lasts / 2 if rng.random() < 0.2 and start + lasts / 2 < days else lasts
        price = 12.5 if basic else 30.0
        rows.append((f"{number:05d}", start, start + change, basic, price))
        if change < lasts:
            rows.append((f"{number:05d}", start + change, start + lasts, basic, price * 1.2))
    made = pd.DataFrame(rows, columns=["customer_id", "start", "end", "basic", "price"])
    first = pd.Timestamp("2023-01-01")
    return pd.DataFrame(
        {
            "customer_id": made["customer_id"],
            "started_at": first + pd.to_timedelta(made["start"], unit="D").dt.floor("s"),
            "ended_at": (first + pd.to_timedelta(made["end"], unit="D").dt.floor("s")).where(
                made["end"] < days
            ),
            "plan": np.where(made["basic"], "basic", "plus"),
            "price": made["price"].round(2),
        }
    )


def visits(rows: pd.DataFrame, seed: int = 4) -> pd.DataFrame:
    """Make up a visit every few days of a subscription."""
    rng = np.random.default_rng(seed)
    end = rows["ended_at"].fillna(rows["ended_at"].max())
    found = []
    for customer, start, last in zip(rows["customer_id"], rows["started_at"], end, strict=True):
        times = pd.date_range(start, last, freq=f"{rng.integers(5, 20)}D")
        found.append(pd.DataFrame({"customer_id": customer, "occurred_at": times}))
    return pd.concat(found, ignore_index=True).assign(kind="visit")


def subscribed(shop: Shop, config: str = SUBSCRIBED) -> pd.DataFrame:
    rows = subscriptions()
    shop.write(None, config)
    rows.to_parquet(shop.folder / "subscriptions.parquet")
    visits(rows).to_parquet(shop.folder / "activities.parquet")
    return rows


def champion(shop: Shop) -> Bundle:
    version = shop.registry.champion()
    assert version is not None
    return shop.registry.load(version)


def test_subscribers_without_transactions(shop: Shop) -> None:
    rows = subscribed(shop)
    said = shop.does("train").all
    assert "churn.horizon is not given: proposed 30 days, from the period that most" in said
    assert "churn: a subscription ends in 30 days and no other begins within 14" in said
    as_of = rows[["started_at", "ended_at"]].max().max().normalize() + pd.Timedelta("1D")
    assert f"As of {as_of.date()};" in said
    assert "value: price of the subscriptions of 30 days" in said
    meant = champion(shop).definition
    assert (meant.churn_kind, meant.churn_horizon, meant.churn_regrace) == ("subscription", 30, 14)
    assert (meant.churn_share, meant.churn_norm_windows) == (None, None)

    shop.does("score")
    found = shop.scored()
    running = rows[rows["ended_at"].isna() & (rows["started_at"] < as_of)]
    assert sorted(found.index) == sorted(running["customer_id"])
    assert found["churn_probability"].between(0, 1).all()
    plan = running.set_index("customer_id")["plan"]
    mean = found["churn_probability"].groupby(plan).mean()
    assert mean["basic"] > 1.5 * mean["plus"]
    # Whoever stays for the 30 days pays the price of 30 days.
    price = running.set_index("customer_id")["price"]
    assert np.corrcoef(found["value_if_retained"], price[found.index])[0, 1] > 0.8

    shop.does("risk-list", "--out", shop.folder / "list.csv")
    ranked = pd.read_csv(shop.folder / "list.csv", dtype={"customer_id": str})
    assert sorted(ranked["customer_id"]) == sorted(found.index)
    assert ranked["days_since_purchase"].isna().all()
    assert ranked["value_at_risk"].is_monotonic_decreasing
    assert ranked["reason_1"].notna().mean() > 0.5

    rows = rows.assign(ended_at=rows["ended_at"].fillna(rows["started_at"].max()))
    rows.to_parquet(shop.folder / "subscriptions.parquet")
    message = shop.refuses("score", "--backtest", "--as-of", "2024-02-06")
    assert "nobody to score: no subscription runs on 2024-02-06; is the data up to date?" in message


def test_subscribers_who_also_buy(shop: Shop) -> None:
    config = SUBSCRIBED + '\n[tables.transactions]\nsource = "transactions.parquet"\n'
    rows = subscribed(shop, config)
    lines = sales(customers=200, days=390)
    lines.to_parquet(shop.folder / "transactions.parquet")
    shop.does("train")
    shop.does("score")
    as_of = lines["occurred_at"].max().normalize() + pd.Timedelta("1D")
    runs = (rows["started_at"] < as_of) & ~(rows["ended_at"] < as_of)
    assert sorted(shop.scored().index) == sorted(rows[runs]["customer_id"].unique())
    shop.does("risk-list", "--out", shop.folder / "list.csv")
    silences = pd.read_csv(shop.folder / "list.csv")["days_since_purchase"]
    assert 0 < silences.isna().sum() < len(silences)


def test_customers_who_leave_in_part(shop: Shop) -> None:
    shop.write(sales(days=420), PARTIAL)
    said = shop.does("train").all
    assert "churn: less than 50% of the usual spend in 30 days (usual: the mean of the 3" in said
    meant = champion(shop).definition
    assert (meant.churn_kind, meant.churn_share, meant.churn_norm_windows) == ("partial", 0.5, 3)
    assert meant.churn_regrace is None
    shop.does("score")
    assert shop.scored()["churn_probability"].between(0, 1).all()
    # Who has left in part still buys.
    assert shop.scored()["value_if_churned"].mean() > 0
    shop.does("risk-list", "--out", shop.folder / "list.csv")
    assert len(pd.read_csv(shop.folder / "list.csv")) == len(shop.scored())


def test_the_usual_spend_needs_a_history_of_its_own(shop: Shop) -> None:
    shop.write(sales(days=100), PARTIAL)
    message = shop.refuses("train")
    assert "the history is too short" in message
    assert "needed are 120: 90 to learn from ([training] min_history) and 30" in message
