"""Intervals and the next purchase of a simulated company: as often right as they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from keepwell.cli import main
from tests.simulated import Company

HORIZON = 60
CONFIG = f"""
currency = "EUR"

[tables.transactions]
source = "transactions.parquet"

[population]
active_within = "180d"

[churn]
horizon = "{HORIZON}d"

[training]
cutoffs = 3
every = "60d"
folds = 2
"""


@pytest.fixture(scope="module")
def scored(company: Company, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Score everybody who was active 60 days before the end, beside what they did then."""
    folder = tmp_path_factory.mktemp("outlook")
    lines = company.table("transactions")[["customer_id", "occurred_at", "amount"]]
    lines.to_parquet(folder / "transactions.parquet")
    config = folder / "keepwell.toml"
    config.write_text(CONFIG, encoding="utf-8")
    cutoff = company.as_of - pd.Timedelta(days=HORIZON)
    for command in ("train", "score"):
        assert main([command, "--config", str(config), "--as-of", str(cutoff.date())]) == 0
    scores = pd.read_parquet(folder / "scores.parquet").set_index("customer_id")
    later = lines[lines["occurred_at"] >= cutoff]
    first = later[later["amount"] > 0].groupby("customer_id")["occurred_at"].min()
    return scores.assign(
        value=later.groupby("customer_id")["amount"].sum().reindex(scores.index).fillna(0.0),
        bought_at=first.reindex(scores.index),
    )


@pytest.mark.parametrize(("coverage", "least", "most"), [(90, 0.87, 0.94), (80, 0.77, 0.89)])
def test_as_many_values_as_promised_lie_within_their_intervals(
    scored: pd.DataFrame, coverage: int, least: float, most: float
) -> None:
    low = scored[f"expected_value_low_{coverage}"]
    high = scored[f"expected_value_high_{coverage}"]
    within = scored["value"].between(low, high)
    order = scored["expected_value"].rank(method="first")
    by_value = within.groupby(pd.qcut(order, 3, labels=False)).mean()
    assert least < within.mean() < most
    assert by_value.min() > least - 0.05


def test_as_many_buy_within_thirty_days_as_expected(scored: pd.DataFrame) -> None:
    as_of = pd.to_datetime(scored["as_of"])
    bought = (scored["bought_at"] - as_of) < pd.Timedelta(days=30)
    said = scored["purchase_probability_30d"]
    assert said.sum() == pytest.approx(bought.sum(), rel=0.15)
    assert said[bought].mean() > said[~bought].mean() + 0.1
    assert (said <= 1 - scored["churn_probability"] + 1e-12).all()


def test_half_have_bought_by_the_day_on_which_it_was_to_be_expected(scored: pd.DataFrame) -> None:
    due = pd.to_datetime(scored["next_purchase_expected_at"])
    assert (due.dropna() >= pd.to_datetime(scored["as_of"]).reindex(due.dropna().index)).all()
    known = due < pd.to_datetime(scored["as_of"]) + pd.Timedelta(days=HORIZON)
    by_then = scored["bought_at"][known] < due[known] + pd.Timedelta(days=1)
    assert 0.4 < by_then.mean() < 0.6
    assert known.mean() > 0.3


def test_a_lifetime_is_worth_more_than_its_first_horizon(scored: pd.DataFrame) -> None:
    gain = scored["lifetime_value"] - scored["expected_value"]
    assert (gain[scored["value_if_retained"] > 0] > 0).all()
    assert np.corrcoef(scored["churn_probability"], gain)[0, 1] < 0
