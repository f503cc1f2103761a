from __future__ import annotations

import json
import zlib

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from features.catalogue import Feature, FeatureSet
from models.derived import derive
from models.matrix import Floats
from models.wallet import FOLDS, MIX, WalletModel, columns_of, folds, inputs, yearly_spend
from models.wallet_fit import FEWEST, FEWEST_FOR_LEVEL, FEWEST_FOR_WALLETS, fit
from tests.wallets import catalogue, shoppers, table_features

FEATURES = table_features()


def estimated(model: WalletModel | None, frame: pd.DataFrame) -> Floats:
    assert model is not None
    return model.estimate(columns_of(frame, model.encoder.features))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return shoppers(1200)


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> WalletModel:
    made = fit(frame, FEATURES, 0.85, seed=7)
    assert made is not None
    return made


def test_a_fold_is_the_checksum_of_the_id() -> None:
    ids = ["00012", "k1", "Zoë", ""]
    assert folds(ids).tolist() == [zlib.crc32(i.encode()) % FOLDS for i in ids]
    assert folds(["123456789"]).tolist() == [0xCBF43926 % 4]  # the checksum's published check value
    assert np.bincount(folds(f"k{n}" for n in range(4000))).min() > 900


def test_inputs_are_attributes_the_mix_and_the_tenure() -> None:
    known = catalogue()
    assert [n for n in MIX if known[n].family != "variety"] == []
    mixed = FeatureSet((*FEATURES, known["category_main"], known["categories_count_365d"]))
    assert set(inputs(mixed).names) == {
        "attribute_size",
        "attribute_region",
        "category_main",
        "category_main_share",
        "tenure_days",
    }


def test_nothing_computed_from_amounts_or_counts_is_an_input() -> None:
    every = FeatureSet(tuple(catalogue().values()))
    chosen = inputs(every)
    assert {f.unit for f in chosen} <= {"category", "channel", "share", "nats", "days"}
    assert [f.name for f in chosen if f.family not in {"variety", "tenure"}] == []


def test_the_tenure_alone_tells_nothing_of_a_wallet(frame: pd.DataFrame) -> None:
    tenure = FeatureSet(tuple(f for f in FEATURES if f.family not in {"attributes", "variety"}))
    assert "tenure_days" in tenure.names
    assert len(inputs(tenure)) == 0
    assert fit(frame, tenure, 0.85, seed=7) is None


def test_too_few_customers_teach_nothing(frame: pd.DataFrame) -> None:
    assert fit(frame.head(FEWEST - 1), FEATURES, 0.85, seed=7) is None
    assert fit(frame.head(FEWEST), FEATURES, 0.85, seed=7) is not None


def test_a_customer_is_never_estimated_by_a_model_that_knew_them(frame: pd.DataFrame) -> None:
    plain = frame.assign(wallet_observed=np.nan)
    before = estimated(fit(plain, FEATURES, 0.85, seed=7), plain)
    ids = plain["customer_id"].tolist()
    for place in (3, 70, 999):
        spend = plain["spend_sum_365d"].where(plain.index != place, 1e6)
        changed = plain.assign(spend_sum_365d=spend)
        after = estimated(fit(changed, FEATURES, 0.85, seed=7), changed)
        own = folds(ids) == folds([ids[place]])
        np.testing.assert_array_equal(after[own], before[own])
        assert (after[~own] != before[~own]).any()


def test_an_observed_wallet_does_not_teach_its_own_estimate() -> None:
    frame = shoppers(2 * FEWEST_FOR_WALLETS, observed=0.8)
    place = int(np.flatnonzero(frame["wallet_observed"].notna())[5])
    wallets = frame["wallet_observed"].where(frame.index != place, 1e6)
    changed = frame.assign(wallet_observed=wallets)
    before, after = (fit(f, FEATURES, 0.85, seed=7) for f in (frame, changed))
    assert before is not None
    assert before.target == "wallet"
    ids = frame["customer_id"].tolist()
    own = folds(ids) == folds([ids[place]])
    np.testing.assert_array_equal(estimated(after, changed)[own], estimated(before, frame)[own])
    assert (estimated(after, changed)[~own] != estimated(before, frame)[~own]).any()


def test_only_the_newest_cutoff_is_learnt_from(frame: pd.DataFrame, model: WalletModel) -> None:
    older = shoppers(1200, seed=5, cutoff="2023-12-01").assign(spend_sum_365d=1e6)
    both = fit(pd.concat([older, frame], ignore_index=True), FEATURES, 0.85, seed=7)
    np.testing.assert_array_equal(estimated(both, frame), estimated(model, frame))


def test_of_many_customers_the_same_ones_are_learnt_from_whatever_the_order(
    frame: pd.DataFrame,
) -> None:
    number = {c: zlib.crc32(c.encode()) for c in frame["customer_id"]}
    few = frame[frame["customer_id"].map(number) <= sorted(number.values())[499]]
    assert len(few) == 500
    unseen = [f.assign(wallet_observed=np.nan) for f in (few, frame)]
    expected = fit(unseen[0], FEATURES, 0.85, seed=7)
    made = fit(unseen[1], FEATURES, 0.85, seed=7, most=500)
    np.testing.assert_array_equal(estimated(made, frame), estimated(expected, frame))


def test_the_estimate_is_the_quantile_asked_for() -> None:
    frame = shoppers(4000, observed=0)
    for quantile in (0.8, 0.9):
        model = fit(frame, FEATURES, quantile, seed=7)
        assert model is not None
        assert (model.target, model.quantile, model.factor) == ("spend", quantile, 1.0)
        covered = (frame["spend_sum_365d"] <= estimated(model, frame)).mean()
        assert covered == pytest.approx(quantile, abs=0.03)


def test_newcomers_spend_is_scaled_up_from_the_time_they_had() -> None:
    spent = pd.DataFrame({"spend_sum_365d": 100.0}, index=range(5))
    assert yearly_spend(spent).tolist() == [100.0] * 5
    tenure = [10, 73, 365, 900, np.nan]
    found = yearly_spend(spent.assign(tenure_days=tenure))
    assert found == pytest.approx([100 * 365 / 30, 500, 100, 100, 100])


def test_a_newcomer_s_wallet_is_not_smaller_for_having_come_late() -> None:
    frame = shoppers(4000, observed=0).assign(tenure_days=1000.0)
    late = np.arange(4000) % 2 == 0
    frame.loc[late, "tenure_days"] = 90.0
    frame.loc[late, "spend_sum_365d"] *= 90 / 365
    found = estimated(fit(frame, FEATURES, 0.85, seed=7), frame)
    assert np.median(found[late]) == pytest.approx(np.median(found[~late]), rel=0.1)
    assert spearmanr(found[late], frame["wallet"][late])[0] > 0.5


def test_some_observed_wallets_correct_the_level(frame: pd.DataFrame, model: WalletModel) -> None:
    assert FEWEST_FOR_LEVEL <= frame["wallet_observed"].notna().sum() < FEWEST_FOR_WALLETS
    assert model.target == "spend"
    ratio = frame["wallet_observed"] / estimated(model, frame)
    assert ratio.median() == pytest.approx(1)
    few = np.cumsum(frame["wallet_observed"].notna()) < FEWEST_FOR_LEVEL
    kept = frame.assign(wallet_observed=frame["wallet_observed"].where(few))
    uncorrected = fit(kept, FEATURES, 0.85, seed=7)
    assert uncorrected is not None
    assert uncorrected.factor == 1
    np.testing.assert_allclose(
        estimated(uncorrected, frame) * model.factor, estimated(model, frame), rtol=1e-12
    )


@pytest.mark.parametrize(("rows", "target"), [(2500, "spend"), (5000, "wallet")])
def test_estimated_shares_follow_the_true_ones(rows: int, target: str) -> None:
    frame = shoppers(rows, seed=2)
    model = fit(frame, FEATURES, 0.85, seed=7)
    assert model is not None
    assert model.target == target
    made = derive(model, frame)
    rest = made[made["wallet_source"] == "estimated"]
    assert 0.6 * rows < len(rest) < 0.8 * rows
    assert spearmanr(rest["wallet_share"], rest["share"])[0] > 0.7
    ratio = rest["wallet_estimate"] / rest["wallet"]
    assert ratio.median() == pytest.approx(1, abs=0.1)


def test_one_row_is_estimated_as_in_a_batch(frame: pd.DataFrame, model: WalletModel) -> None:
    batch = estimated(model, frame)
    for n in (0, 7, 500):
        row = frame.iloc[n]
        columns = {name: [row[name]] for name in ("customer_id", *model.encoder.features.names)}
        assert model.estimate(columns, threads=1).tolist() == [batch[n]]


@pytest.mark.parametrize("missing", [None, np.nan])
def test_what_is_missing_or_unseen_is_estimated_all_the_same(
    model: WalletModel, missing: float | None
) -> None:
    columns = {
        "customer_id": ["new", "new"],
        "attribute_size": [missing, missing],
        "attribute_region": [missing, "never seen"],
        "tenure_days": [100.0, 100.0],
        "category_main_share": [missing, missing],
    }
    first, second = model.estimate(columns)
    assert first == second
    assert first > 0


def test_nobody_is_estimated_as_nobody(model: WalletModel, frame: pd.DataFrame) -> None:
    assert estimated(model, frame.head(0)).shape == (0,)


def test_a_model_travels_as_text(model: WalletModel, frame: pd.DataFrame) -> None:
    fields, texts = model.to_files()
    assert sorted(texts) == [f"wallet_{n}.txt" for n in range(FOLDS)]
    read = WalletModel.from_files(json.loads(json.dumps(fields)), texts)
    np.testing.assert_array_equal(estimated(read, frame), estimated(model, frame))
    assert (read.target, read.quantile, read.factor) == (model.target, model.quantile, model.factor)


def test_all_spend_zero_gives_a_wallet_of_nothing(frame: pd.DataFrame) -> None:
    none = frame.assign(spend_sum_365d=0.0, wallet_observed=np.nan)
    assert estimated(fit(none, FEATURES, 0.85, seed=7), none).max() == pytest.approx(0, abs=1e-9)


def test_a_constant_input_does_no_harm(frame: pd.DataFrame) -> None:
    flat = frame.assign(attribute_size=1.0, attribute_region=None, category_main_share=np.nan)
    known = Feature("attribute_size", "attributes", "own", None, "Its size.")
    assert np.isfinite(estimated(fit(flat, FEATURES, 0.85, seed=7), flat)).all()
    assert fit(flat, FeatureSet((known,)), 0.85, seed=7) is not None
