"""Models of a simulated company: as right as its truth allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from keepwell.cli import main
from keepwell.project import Project
from keepwell.simulate.story import HORIZON
from models.bundle import Bundle
from tests.simulated import Company
from training.measures import roc_auc

ACTIVE = 120
CONFIG = f"""
currency = "EUR"

[tables.transactions]
source = "transactions.parquet"

[tables.complaints]
source = "complaints.parquet"

[population]
active_within = "{ACTIVE}d"

[churn]
horizon = "{HORIZON}d"

[training]
cutoffs = 8
every = "45d"
folds = 1
"""


@dataclass(frozen=True)
class Told:
    """A champion, its scores as of the end of the records, and the true probabilities."""

    bundle: Bundle
    scores: pd.DataFrame
    truth: pd.Series[float]


@pytest.fixture(scope="module")
def told(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("models")
    company.table("transactions").to_parquet(folder / "transactions.parquet")
    company.table("complaints").to_parquet(folder / "complaints.parquet")
    config = folder / "keepwell.toml"
    config.write_text(CONFIG, encoding="utf-8")
    trained = company.as_of - pd.Timedelta(days=HORIZON)
    for command, day in (("train", trained), ("score", company.as_of)):
        assert main([command, "--config", str(config), "--as-of", str(day.date())]) == 0
    scores = pd.read_parquet(folder / "scores.parquet").set_index("customer_id")
    registry = Project.at(config).registry
    champion = registry.champion()
    assert champion is not None
    return Told(
        registry.load(champion), scores, company.truth.loc[scores.index, "churn_probability"]
    )


def test_probabilities_are_near_the_true_ones_in_every_decile(told: Told) -> None:
    said = told.scores["churn_probability"]
    decile = pd.qcut(said.rank(method="first"), 10, labels=False)
    gap = (said - told.truth).groupby(decile).mean()
    assert abs(said.mean() - told.truth.mean()) < 0.06
    assert gap.abs().mean() < 0.08
    assert gap.abs().max() < 0.2
    assert np.corrcoef(said, told.truth)[0, 1] > 0.5


def test_the_risky_are_told_from_the_safe(told: Told) -> None:
    risky = (told.truth > told.truth.median()).astype(float)
    assert roc_auc(risky, told.scores["churn_probability"]) > 0.75


def test_held_out_values_are_unbiased(told: Told) -> None:
    assert told.bundle.measures["value_bias"] == pytest.approx(1, abs=0.15)
    assert told.bundle.measures["value_normalised_gini"] > 0.4
