from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.catalogue import FeatureSet
from models import bundle
from models.bundle import Bundle, Definition
from models.derived import (
    FEATURES,
    NAMES,
    derivable,
    derive,
    derived_columns,
    of_tables,
    with_derived,
)
from models.errors import BundleError
from models.reasons import reasons, say
from models.recipe import Recipe
from models.wallet import WalletModel
from models.wallet_fit import fit
from tests.wallets import catalogue, shoppers, table_features
from training.fit import learn

TABLES = table_features()
NAN = float("nan")

Figures = dict[str, Any]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return shoppers(1500)


@pytest.fixture(scope="module")
def of_400(frame: pd.DataFrame) -> WalletModel:
    """Fit on customers who all spend 400 a year, so that everybody's wallet is 400."""
    alike = frame.assign(spend_sum_365d=400.0, tenure_days=400.0, wallet_observed=NAN)
    made = fit(alike, TABLES, 0.85, seed=7)
    assert made is not None
    return made


@pytest.fixture(scope="module")
def made(frame: pd.DataFrame, recipe: Recipe) -> Bundle:
    meant = Definition("inactivity", 90, 0, 90, 365, "GBP", "UTC")
    release = learn(frame, with_derived(TABLES), recipe)
    return Bundle("shop", release, meant, recipe, "2024-06-01")


def figures(model: WalletModel | None = None, **given: float) -> Figures:
    """Derive the features of one customer."""
    columns = {
        "customer_id": ["k"],
        "attribute_size": [0.0],
        "attribute_region": ["north"],
        "category_main_share": [0.5],
        "tenure_days": [500.0],
        "spend_sum_365d": [given.get("year", 0.0)],
        "spend_sum_180d": [given.get("half", 0.0)],
        "spend_before_sum_180d": [given.get("half_before", 0.0)],
        "wallet_observed": [given.get("wallet", NAN)],
        "wallet_observed_before_180d": [given.get("wallet_before", NAN)],
    }
    return {name: column[0] for name, column in derived_columns(model, columns, 1).items()}


def test_an_observed_wallet_is_used(of_400: WalletModel) -> None:
    found = figures(of_400, year=250, half=100, half_before=50, wallet=1000)
    assert found["wallet_source"] == "observed"
    assert found["wallet_share"] == 0.25
    assert found["wallet_headroom"] == 750
    assert found["wallet_estimate"] == pytest.approx(400)


def test_the_estimate_stands_in_for_a_wallet_never_observed(of_400: WalletModel) -> None:
    found = figures(of_400, year=100)
    assert found["wallet_source"] == "estimated"
    assert found["wallet_share"] == pytest.approx(0.25)
    assert found["wallet_headroom"] == pytest.approx(300)


def test_without_either_all_is_unknown() -> None:
    found = figures(year=100)
    assert found.pop("wallet_source") == "none"
    assert [name for name, value in found.items() if value == value] == []  # noqa: PLR0124 - NaN


@pytest.mark.parametrize("wallet", [60.0, 100.0])
def test_who_spends_the_wallet_or_more_leaves_no_room(wallet: float) -> None:
    found = figures(year=100, wallet=wallet)
    assert (found["wallet_share"], found["wallet_headroom"]) == (1.0, 0.0)


def test_no_spend_is_no_share_of_a_wallet_and_unknown_of_none() -> None:
    assert figures(year=0, wallet=100)["wallet_share"] == 0
    empty = figures(year=0, wallet=0)
    assert empty["wallet_share"] != empty["wallet_share"]
    assert empty["wallet_headroom"] == 0


def test_the_trend_compares_halves_of_a_year_each_with_the_wallet_of_its_time() -> None:
    # Half a year of a wallet of 730 is 360, and of one of 1460 is 720.
    found = figures(half=90, half_before=180, wallet=730, wallet_before=1460)
    assert found["wallet_share_trend"] == pytest.approx(90 / 360 - 180 / 720)
    found = figures(half=90, half_before=180, wallet=730, wallet_before=730)
    assert found["wallet_share_trend"] == pytest.approx(90 / 360 - 180 / 360)


def test_a_wallet_that_was_not_yet_observed_is_taken_to_have_been_the_same(
    of_400: WalletModel,
) -> None:
    found = figures(of_400, half=90, half_before=180, wallet=730)
    assert found["wallet_share_trend"] == pytest.approx(90 / 360 - 180 / 360)
    found = figures(of_400, half=90, half_before=45)
    assert found["wallet_share_trend"] == pytest.approx(45 / (400 * 180 / 365))


def test_a_table_of_snapshots_is_derived_as_one_row_at_a_time(
    frame: pd.DataFrame, of_400: WalletModel
) -> None:
    batch = derive(of_400, frame)
    assert batch.columns.tolist() == [*frame.columns, *NAMES]
    assert batch.index.equals(frame.index)
    for n in (0, 9, 700):
        columns = {name: [frame[name].iloc[n]] for name in frame.columns}
        single = derived_columns(of_400, columns, threads=1)
        pd.testing.assert_series_equal(
            pd.Series({name: column[0] for name, column in single.items()}),
            batch[list(NAMES)].iloc[n],
            check_names=False,
            check_exact=True,
        )


def test_tables_without_wallets_derive_as_if_nobody_was_observed(
    frame: pd.DataFrame, of_400: WalletModel
) -> None:
    unseen = frame.assign(wallet_observed=NAN)
    lacking = frame.drop(columns=["wallet_observed", "wallet_observed_before_180d"])
    pd.testing.assert_frame_equal(
        derive(of_400, lacking)[list(NAMES)], derive(of_400, unseen)[list(NAMES)]
    )


def test_derived_features_that_are_given_are_used_as_they_are(
    frame: pd.DataFrame, of_400: WalletModel
) -> None:
    given = derive(of_400, frame).assign(wallet_share=0.125)
    assert derive(of_400, given) is given


def keeping(keep: Callable[[str], bool]) -> FeatureSet:
    return FeatureSet(tuple(f for f in TABLES if keep(f.name)))


def test_what_can_be_derived_follows_from_what_the_tables_have() -> None:
    assert derivable(TABLES).names == list(NAMES)
    unseen = keeping(lambda n: not n.startswith("wallet_"))
    assert derivable(unseen).names == list(NAMES)
    seen_alone = keeping(lambda n: not n.startswith(("attribute_", "category_")))
    assert derivable(seen_alone).names == [n for n in NAMES if n != "wallet_estimate"]
    neither = keeping(lambda n: not n.startswith(("attribute_", "category_", "wallet_")))
    assert len(derivable(neither)) == 0
    assert len(derivable(keeping(lambda n: n != "spend_sum_365d"))) == 0
    assert with_derived(neither) == neither
    assert of_tables(with_derived(TABLES)) == TABLES


def test_derived_features_have_names_of_their_own_and_one_family() -> None:
    assert not set(NAMES) & set(catalogue())
    assert {f.family for f in FEATURES} == {"wallet_share"}


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        (
            "wallet_share",
            {"wallet_share": 0.2},
            "spends only about 20 % of the likely category budget here",
        ),
        ("wallet_share", {"wallet_share": 0.6}, None),
        ("wallet_share", {"wallet_share": NAN}, None),
        (
            "wallet_share_trend",
            {"wallet_share_trend": -0.3, "wallet_share": 0.7},
            "spends 70 % of the likely category budget here, less than half a year before",
        ),
        ("wallet_share_trend", {"wallet_share_trend": -0.05, "wallet_share": 0.7}, None),
    ],
)
def test_reasons_speak_of_a_low_or_falling_share_alone(
    name: str, row: Figures, expected: str | None
) -> None:
    reason = FeatureSet(FEATURES)[name].reason
    assert reason is not None
    assert say(reason, row, "GBP") == expected


def test_a_release_fits_its_estimator_first_and_scores_with_it(
    made: Bundle, frame: pd.DataFrame
) -> None:
    release = made.release
    assert release.wallet is not None
    assert release.derives
    assert release.table_features == TABLES
    assert made.features == with_derived(TABLES)
    assert release.encoder.levels["wallet_source"] == ("estimated", "observed")
    completed = release.completed(frame)
    pd.testing.assert_frame_equal(completed, derive(release.wallet, frame))
    pd.testing.assert_frame_equal(release.score(completed), release.score(frame))
    assert release.medians["wallet_share"] == completed["wallet_share"].median()


def test_a_release_scores_a_row_as_its_batch(made: Bundle, frame: pd.DataFrame) -> None:
    batch = made.release.score(frame)
    for n in (3, 800):
        single = made.release.score(frame.iloc[[n]])
        pd.testing.assert_frame_equal(single, batch.iloc[[n]], check_exact=True)
        columns = {name: [frame[name].iloc[n]] for name in ("customer_id", *TABLES.names)}
        quick = made.release.derived_columns(columns, threads=1)
        whole = made.release.completed(frame)
        assert {k: v[0] for k, v in quick.items()} == whole[list(NAMES)].iloc[n].to_dict()


def test_a_release_of_table_features_alone_derives_nothing(shop: Bundle) -> None:
    assert shop.release.wallet is None
    assert not shop.release.derives
    assert shop.release.derived_columns({"customer_id": ["k"]}) == {}
    assert shop.table_features == shop.features


def test_a_bundle_keeps_the_estimator(made: Bundle, frame: pd.DataFrame, tmp_path: Path) -> None:
    bundle.save(made, tmp_path)
    assert sorted(p.name for p in tmp_path.glob("wallet*")) == [f"wallet_{n}.txt" for n in range(4)]
    read = bundle.load(tmp_path)
    pd.testing.assert_frame_equal(
        read.release.score(frame), made.release.score(frame), check_exact=True
    )
    assert reasons(read.release, frame.head(50), "GBP") == reasons(
        made.release, frame.head(50), "GBP"
    )


def test_a_low_share_is_given_as_a_reason(made: Bundle, frame: pd.DataFrame) -> None:
    said = [r for row in reasons(made.release, frame, "GBP") for r in row]
    texts = [r.text for r in said if "category budget" in r.text]
    assert texts
    assert {r.cause for r in said if "category budget" in r.text} == {"price or a rival's offer"}


def test_tables_need_not_give_what_is_derived(made: Bundle) -> None:
    bundle.check_features(made, TABLES)
    with pytest.raises(BundleError, match="missing: spend_before_sum_180d"):
        bundle.check_features(made, keeping(lambda n: n != "spend_before_sum_180d"))
