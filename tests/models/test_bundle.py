from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from models import bundle
from models.baselines import LogisticRFM
from models.bundle import Bundle, Definition
from models.calibration import Calibration
from models.churn import ChurnModel
from models.errors import BundleError
from models.recipe import Recipe
from models.release import SCORES
from models.uplift import ActionUplift, Estimate, Uplift
from models.uplift_learners import Experiment
from models.uplift_learners import fit as fit_learner
from models.value import ConditionalValue
from training.fit import calibrated, grouped_folds, learn, repeat

Maker = Callable[..., pd.DataFrame]


@pytest.fixture
def saved(shop: Bundle, tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    bundle.save(shop, folder)
    return folder


def edit(folder: Path, **changes: object) -> None:
    path = folder / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_bundle_scores_as_before_to_the_bit(shop: Bundle, saved: Path, snapshots: Maker) -> None:
    frame = snapshots(300, seed=5)
    read = bundle.load(saved)
    pd.testing.assert_frame_equal(
        read.release.score(frame), shop.release.score(frame), check_exact=True
    )
    assert read.features == shop.features
    assert (read.name, read.definition, read.recipe) == (shop.name, shop.definition, shop.recipe)
    assert (read.data_cutoff, read.measures, read.notes) == (
        shop.data_cutoff,
        shop.measures,
        shop.notes,
    )
    assert read.release.medians == shop.release.medians


def test_baselines_and_calibration_travel_too(
    shop: Bundle, tmp_path: Path, snapshots: Maker
) -> None:
    frame = snapshots(300)
    logistic = LogisticRFM.fit(frame, frame["churned"].to_numpy(np.float64))
    release = replace(
        shop.release,
        churn=ChurnModel(logistic, Calibration("sigmoid", (), (0.9, -0.1))),
        retained=ConditionalValue("net_sum_365d", 0.25),
        churned=ConditionalValue(None, -1.5),
    )
    bundle.save(replace(shop, release=release), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["bundle.json"]
    read = bundle.load(tmp_path)
    pd.testing.assert_frame_equal(read.release.score(frame), release.score(frame), check_exact=True)


def test_a_bundle_holds_text_alone_and_no_pickle(saved: Path) -> None:
    names = sorted(p.name for p in saved.iterdir())
    assert names == ["bundle.json", "churn_1.txt", "value_if_retained.txt"]
    for path in saved.iterdir():
        content = path.read_bytes()
        assert b"\0" not in content
        assert b"\x80\x04" not in content
        content.decode()


def test_no_part_of_the_models_can_read_a_pickle() -> None:
    root = Path(bundle.__file__).parent
    pattern = r"^\s*(?:import|from) +(?:pickle|cloudpickle|joblib|dill|shelve)"
    readers = re.compile(pattern, re.MULTILINE)
    assert [p.name for p in root.glob("*.py") if readers.search(p.read_text())] == []


def test_a_missing_file_is_named(saved: Path) -> None:
    (saved / "churn_1.txt").unlink()
    expected = r"bundle bundle lacks churn_1\.txt; train anew or restore"
    with pytest.raises(BundleError, match=expected):
        bundle.load(saved)


@pytest.mark.parametrize("content", [b"tree\n", b"\xff\xfe"])
def test_a_damaged_file_is_named(saved: Path, content: bytes) -> None:
    (saved / "churn_1.txt").write_bytes(content)
    with pytest.raises(BundleError, match=r"churn_1\.txt has changed since it was written"):
        bundle.load(saved)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no bundle\.json in .*; this is not a bundle"):
        bundle.load(tmp_path)


@pytest.mark.parametrize("content", [b'{"format": 1', b"\xff", b"[]"])
def test_a_damaged_bundle_json_is_refused(saved: Path, content: bytes) -> None:
    (saved / "bundle.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"bundle\.json is damaged"):
        bundle.load(saved)


def test_another_format_is_refused(saved: Path) -> None:
    edit(saved, format=99)
    with pytest.raises(BundleError, match="has format 99; this Keepwell reads 3; train anew"):
        bundle.load(saved)


def test_features_that_are_not_those_of_the_hash_are_refused(saved: Path) -> None:
    edit(saved, feature_set_hash="0" * 64)
    with pytest.raises(BundleError, match="its features do not match its own hash; train anew"):
        bundle.load(saved)


def test_a_bundle_names_the_libraries_it_was_made_with(saved: Path) -> None:
    content = json.loads((saved / "bundle.json").read_text())
    assert set(content["libraries"]) == {"lightgbm", "scikit-learn", "numpy", "pandas"}


def test_the_same_features_are_accepted_and_further_ones_ignored(shop: Bundle) -> None:
    bundle.check_features(shop, shop.features)
    fewer = FeatureSet(tuple(shop.features)[:3])
    encoder = replace(shop.release.encoder, features=fewer)
    smaller = replace(shop, release=replace(shop.release, encoder=encoder))
    bundle.check_features(smaller, shop.features)


def test_another_feature_set_is_refused_with_the_difference(shop: Bundle) -> None:
    changed = [
        replace(f, window=30) if f.name == "spend_sum_365d" else f
        for f in shop.features
        if f.name != "complaints_open"
    ]
    expected = (
        "the champion of 'shop' was trained on another feature set; missing: complaints_open; "
        "defined differently: spend_sum_365d. Give it the tables and columns it was trained on, "
        "or run `keepwell train`."
    )
    with pytest.raises(BundleError, match=f"^{re.escape(expected)}$"):
        bundle.check_features(shop, FeatureSet(tuple(changed)))


def test_a_better_sentence_is_no_other_feature(shop: Bundle) -> None:
    reworded = FeatureSet(tuple(replace(f, doc="New words.", reason=None) for f in shop.features))
    assert reworded.hash == shop.features.hash
    bundle.check_features(shop, reworded)


def test_intervals_the_next_purchase_and_lifetime_assumptions_travel_too(
    features: FeatureSet, recipe: Recipe, tmp_path: Path, snapshots: Maker
) -> None:
    frame = snapshots(900)
    frame["bought_30d"] = (frame["churned"] == 0) & (frame["purchase_gap_mean"] < 40)
    held_out = repeat(grouped_folds(frame, 3), features, recipe)
    meant = Definition("inactivity", 90, 0, 90, 365, "GBP", "UTC", lifetime_years=3.0)
    meant = replace(meant, lifetime_discount=0.05)
    release = calibrated(learn(frame, features, recipe), recipe, held_out)
    whole = Bundle("shop", replace(release, lifetime=meant.lifetime), meant, recipe, "2024-06-01")
    bundle.save(whole, tmp_path)
    read = bundle.load(tmp_path)
    scores = whole.release.score(frame)
    assert scores[list(SCORES)].notna().all(axis=None)
    pd.testing.assert_frame_equal(read.release.score(frame), scores, check_exact=True)
    assert read.release.lifetime == meant.lifetime


def test_a_bundle_keeps_what_actions_do(shop: Bundle, tmp_path: Path, snapshots: Maker) -> None:
    frame = snapshots(200)
    matrix, scores = shop.release.encoder.matrix(frame), shop.release.score(frame)
    treated = np.tile(np.array([0.0, 1.0]), 100)
    given = Experiment(matrix, treated, treated, np.full(200, 0.5), np.arange(200))
    learnt = fit_learner("t", given, shop.release.encoder, 7)
    effects = {
        "10 % / voucher": ActionUplift(learnt, None, 0.25),
        "call": ActionUplift(Estimate(0.1, share=0.3), learnt, 1.0),
    }
    bundle.save(replace(shop, uplift=Uplift(effects)), tmp_path)
    assert json.loads((tmp_path / "bundle.json").read_text())["format"] == bundle.FORMAT
    read = bundle.load(tmp_path).uplift
    assert read is not None
    assert read.actions == ("10 % / voucher", "call")
    before, after = (u.effects(scores, matrix) for u in (Uplift(effects), read))
    for action, effect in before.items():
        np.testing.assert_array_equal(after[action].churn, effect.churn)
        np.testing.assert_array_equal(after[action].redemption, effect.redemption)
    assert after["10 % / voucher"].value is None
    np.testing.assert_array_equal(after["call"].value, before["call"].value)


def test_a_bundle_without_them_is_as_it_was(saved: Path) -> None:
    assert "uplift" not in json.loads((saved / "bundle.json").read_text())
    assert bundle.load(saved).uplift is None
