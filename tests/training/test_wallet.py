from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from features.catalogue import Feature, FeatureSet
from models.bundle import Bundle
from models.derived import derive, with_derived
from models.recipe import Recipe
from models.release import Release
from models.wallet_fit import fit
from tests.wallets import shoppers, table_features
from training.evaluate import evaluate
from training.explore import explore
from training.fit import learn, prepared
from training.held_out import predict
from training.usable import usable
from training.wallet import pinball_loss, wallet_measures

FEATURES = with_derived(table_features())


@pytest.fixture(scope="module")
def release(recipe: Recipe) -> Release:
    return learn(shoppers(1500), FEATURES, recipe)


def test_the_pinball_loss_is_the_hand_computed_one() -> None:
    actual, predicted = np.expm1([2.0, 1.0]), np.expm1([1.0, 3.0])
    assert pinball_loss(actual, predicted, 0.8) == pytest.approx((0.8 * 1 + 0.2 * 2) / 2)


def test_the_pinball_loss_is_lowest_at_the_quantile() -> None:
    actual = np.random.default_rng(1).lognormal(5, 1, 5000)
    losses = {
        q: pinball_loss(actual, np.full(5000, np.quantile(actual, q)), 0.85)
        for q in (0.75, 0.8, 0.85, 0.9, 0.95)
    }
    assert min(losses, key=lambda q: losses[q]) == 0.85


def test_estimates_are_judged_on_customers_they_were_not_fitted_on(release: Release) -> None:
    held_out = shoppers(1200, seed=8, cutoff="2024-02-01")
    found = wallet_measures(release, held_out)
    told = release.completed(held_out)
    assert found["wallet_coverage"] == (told["spend_sum_365d"] <= told["wallet_estimate"]).mean()
    seen = told[told["wallet_observed"].notna()]
    assert found["wallet_rank_correlation"] == pytest.approx(
        spearmanr(seen["wallet_observed"], seen["wallet_estimate"])[0]
    )
    shares = [
        seen["spend_sum_365d"] / np.maximum(seen["spend_sum_365d"], seen[w])
        for w in ("wallet_observed", "wallet_estimate")
    ]
    assert found["wallet_share_rank_correlation"] == pytest.approx(spearmanr(*shares)[0])
    assert found["wallet_share_rank_correlation"] > 0.6
    assert 0 < found["wallet_pinball_loss"] < 0.3


def test_without_observed_wallets_there_is_no_correlation_and_without_a_model_nothing(
    recipe: Recipe, shop: Bundle
) -> None:
    unseen = shoppers(2000).drop(columns=["wallet_observed", "wallet_observed_before_180d"])
    rest = FeatureSet(tuple(f for f in table_features() if f.name in unseen))
    found = wallet_measures(learn(unseen, with_derived(rest), recipe), unseen)
    assert set(found) == {"wallet_pinball_loss", "wallet_coverage"}
    assert found["wallet_coverage"] == pytest.approx(0.85, abs=0.03)
    assert wallet_measures(shop.release, unseen) == {}


def test_a_fold_s_wallets_come_from_its_own_past(recipe: Recipe) -> None:
    past, held_out = shoppers(400), shoppers(400, seed=2, cutoff="2024-04-01")
    (_, [seen]) = explore([lambda: (past, held_out)], FEATURES, replace(recipe, churn_rounds=0))
    own = fit(past, FEATURES, recipe.wallet_quantile, recipe.seed)
    assert len(seen.probability) == 400
    first = learn(past, FEATURES, recipe)
    pd.testing.assert_frame_equal(first.completed(held_out), derive(own, held_out))
    watching = prepared(past, FEATURES, recipe, held_out)
    pd.testing.assert_frame_equal(watching.held_out, derive(own, held_out))


def test_the_held_out_judgement_knows_the_derived_features(release: Release) -> None:
    held_out = shoppers(600, seed=4)
    held_out["overdue_ratio"] = 1.0
    train = shoppers(1500).assign(overdue_ratio=1.0)
    judged = evaluate(release, held_out, train, 90, seed=1)
    assert judged.leaks == {}
    np.testing.assert_array_equal(
        judged.churn["Keepwell"].response, release.score(held_out)["churn_probability"]
    )


def test_predicting_folds_completes_the_snapshots(release: Release) -> None:
    frame = shoppers(200, seed=6)
    completed = release.completed(frame)
    np.testing.assert_array_equal(
        predict(release, frame).probability, predict(release, completed).probability
    )


@pytest.mark.parametrize(("days", "kept"), [(0, False), (329, False), (330, True)])
def test_the_calendar_may_be_used_where_the_cutoffs_span_a_year(days: int, kept: bool) -> None:  # noqa: FBT001
    month = Feature("calendar_month", "calendar", "month", None, "The cutoff's month.")
    newest = pd.Timestamp("2024-01-01")
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "cutoff": [newest - pd.Timedelta(days=days), newest],
            "calendar_month": [1.0, 2.0],
        }
    )
    features, notes = usable(FeatureSet((month,)), frame)
    assert (features.names, notes) == (["calendar_month"] if kept else [], ())
