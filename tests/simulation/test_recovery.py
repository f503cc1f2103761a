"""What is known of a simulated company is found again in its tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import spearmanr

from features.catalogue import FeatureSet
from features.grains import prepared
from features.labels import Target
from features.panel import build, features_at
from features.population import population
from keepwell.simulate.story import HORIZON
from models.derived import with_derived
from models.matrix import Floats
from models.recipe import Recipe, default_parameters
from models.release import Release
from tests.simulated import Company
from training.fit import learn
from training.usable import usable

TABLES = ("transactions", "customers", "complaints")
NOISE = ("attribute_shoe_size", "attribute_colour")
ACTIVE = 120
"""Days; the population's, as configured."""


@dataclass(frozen=True)
class Known:
    """What a model may know of a company with two attributes that mean nothing, and the truth.

    Attributes
    ----------
    past
        Labelled snapshots of three cutoffs.
    now
        Snapshots at as-of.
    features
        Of the tables alone, and derived.
    truth
        Of the customers of ``now``, row by row.
    """

    past: pd.DataFrame
    now: pd.DataFrame
    features: FeatureSet
    truth: pd.DataFrame

    def without_noise(self) -> FeatureSet:
        """Give the features that are not made up of noise."""
        return FeatureSet(tuple(f for f in self.features if f.name not in NOISE))

    def learnt(self, features: FeatureSet, seed: int = 7) -> Release:
        """Fit a release on the past."""
        parameters = default_parameters(len(self.past))
        recipe = Recipe(churn_parameters=parameters, value_parameters=parameters, seed=seed)
        return learn(self.past, features, replace(recipe, churn_rounds=150, value_rounds=20))


def with_noise(customers: pa.Table) -> pa.Table:
    """Add a number and a category that have to do with nothing."""
    rng, n = np.random.default_rng(5), len(customers)
    noisy = customers.append_column("shoe_size", pa.array(rng.normal(size=n)))
    return noisy.append_column("colour", pa.array(rng.choice(list("abcdefgh"), n)))


@pytest.fixture(scope="module")
def known(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Known:
    engine = ibis.duckdb.connect(threads=1)
    plain = {name: engine.read_parquet(company.folder / f"{name}.parquet") for name in TABLES}
    noisy = engine.create_table("noisy", with_noise(plain["customers"].to_pyarrow()))
    made_once = {**plain, "customers": noisy}
    tables = prepared(made_once, lambda table, name: engine.create_table(f"kept{name}", table))
    as_of, folder = company.story.as_of, tmp_path_factory.mktemp("panel")
    cutoffs = [as_of - timedelta(days=HORIZON * k) for k in (1, 2, 3)]
    panel = build(tables, cutoffs, Target("inactivity", HORIZON, 0, HORIZON), ACTIVE, folder)
    made = features_at(tables, population(tables, as_of, "inactivity", ACTIVE))
    now = made.table.order_by("customer_id").to_pandas()
    past = panel.read(cutoffs)
    features, _ = usable(panel.features, past)
    truth = company.truth.loc[now["customer_id"]].reset_index(drop=True)
    return Known(past, now, with_derived(features), truth)


@pytest.fixture(scope="module")
def release(known: Known) -> Release:
    return known.learnt(known.features)


def probabilities(release: Release, frame: pd.DataFrame) -> Floats:
    """Predict who leaves."""
    told = release.completed(frame)
    return release.churn.raw(told, release.encoder.matrix(told))


def expected_auc(score: Floats, probability: Floats) -> float:
    """Give the ROC AUC that a score has on average over outcomes with true probabilities."""
    ordered = probability[np.argsort(score, kind="stable")]
    stayers_below = np.cumsum(1 - ordered)
    pairs = ordered.sum() * (1 - ordered).sum() - (ordered * (1 - ordered)).sum()
    return float((ordered[1:] * stayers_below[:-1]).sum() / pairs)


def test_the_expected_auc_is_the_hand_computed_one() -> None:
    # Three of the four certain pairs are in order; a coin against itself is no pair.
    score = np.array([1.0, 2.0, 3.0, 4.0])
    assert expected_auc(score, np.array([0.0, 1.0, 0.0, 1.0])) == 0.75
    assert expected_auc(score, np.full(4, 0.5)) == pytest.approx(0.5)


def test_estimated_shares_of_wallet_follow_the_true_ones(known: Known, release: Release) -> None:
    told = release.completed(known.now)
    assert set(told["wallet_source"]) == {"estimated"}
    true = known.truth["wallet_share"]
    found = spearmanr(told["wallet_share"], true)[0]
    assert found > 0.8
    # An estimate is worth having where it tells more than the spend that it divides.
    assert found > spearmanr(told["spend_sum_365d"], true)[0]


def test_churn_probabilities_follow_the_true_ones(known: Known, release: Release) -> None:
    true, found = known.truth["churn_probability"], probabilities(release, known.now)
    assert spearmanr(found, true)[0] > 0.65
    assert found.mean() == pytest.approx(true.mean(), abs=0.06)


def test_noise_carries_next_to_nothing_in_the_model(known: Known, release: Release) -> None:
    told = release.completed(known.now)
    names, parts = release.churn.contributions(told, release.encoder.matrix(told))
    share = pd.Series(np.abs(parts).mean(axis=0), names)
    share /= share.sum()
    assert set(NOISE) <= set(names)
    assert share[list(NOISE)].sum() < 0.025
    assert share["attribute_region"] + share["days_since_purchase"] > 5 * share[list(NOISE)].sum()


def test_noise_costs_the_model_nothing(known: Known) -> None:
    true = known.truth["churn_probability"].to_numpy()
    found = np.array(
        [
            [expected_auc(probabilities(known.learnt(f, seed), known.now), true) for seed in (7, 8)]
            for f in (known.features, known.without_noise())
        ]
    )
    with_it, without = found.mean(axis=1)
    assert without > 0.8
    assert with_it == pytest.approx(without, abs=0.005)
