from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models import bundle
from models.bundle import Bundle
from models.calibration import logit
from models.profile import LEVELS, Profile, Spread, profile

Maker = Callable[..., pd.DataFrame]


def test_a_number_is_cut_into_tenths_and_what_lies_outside() -> None:
    spread = Spread.of(pd.Series(np.arange(1.0, 101.0)), 0.0)
    assert spread.edges[1:] == tuple(np.arange(10.0, 101.0, 10.0))
    assert spread.shares == pytest.approx([0, *[0.1] * 10, 0, 0])
    other = pd.Series([0.9, 1.0, 10.0, 10.1, 100.0, 100.1, np.nan])
    assert spread.counts(other).tolist() == [1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("values", "shares"),
    [
        ([5.0] * 4, [0, 1, 0, 0]),
        ([0.0] * 9 + [3.0], [0, 0.9, 0.1, 0, 0]),
        ([np.nan] * 3, [0, 1]),
        ([np.nan, 1.0, 1.0, 1.0], [0, 0.75, 0, 0.25]),
    ],
)
def test_ties_and_missing_values_have_bins_of_their_own(
    values: list[float], shares: list[float]
) -> None:
    spread = Spread.of(pd.Series(values), 0.0)
    assert spread.shares == pytest.approx(shares)
    assert spread.missing == shares[-1]


def test_a_column_that_was_always_the_same_is_seen_to_change() -> None:
    spread = Spread.of(pd.Series([0.0] * 10), 0.0)
    assert spread.counts(pd.Series([-1.0, 0.0, 1.0])).tolist() == [1, 1, 1, 0]


def test_levels_are_counted_by_name_and_the_rare_ones_together() -> None:
    spread = Spread.of(pd.Series(["b", "a", "a", None]), 0.0, category=True)
    assert spread.levels == ("a", "b")
    assert spread.shares == (0.5, 0.25, 0.0, 0.25)
    assert spread.counts(pd.Series(["c", "b", None, "c"])).tolist() == [0, 1, 2, 1]
    many = Spread.of(pd.Series([str(n) for n in range(100)]), 0.0, category=True)
    assert len(many.levels) == LEVELS
    assert many.shares[LEVELS] == pytest.approx(0.8)


def test_a_category_that_nobody_had_may_come_to_be_known() -> None:
    spread = Spread.of(pd.Series([None, None], dtype="object"), 0.0, category=True)
    assert spread.shares == (0.0, 1.0)
    assert spread.counts(pd.Series(["a", None])).tolist() == [1, 1]


def test_a_profile_tells_what_each_feature_adds(shop: Bundle, snapshots: Maker) -> None:
    frame = snapshots(400)
    found = profile(shop.release, frame)
    assert found.customers == 400
    assert list(found.features) == shop.features.names
    p = shop.release.score(frame)["churn_probability"].to_numpy()
    assert found.scores["churn_probability"].effect == pytest.approx(float(logit(p).mean()))
    whole, matrix = shop.release.completed(frame), shop.release.encoder.matrix(frame)
    names, shares = shop.release.churn.contributions(whole, matrix)
    told = [found.features[name].effect for name in names]
    assert told == pytest.approx(shares.mean(axis=0).tolist())


def test_a_profile_travels_in_the_bundle(shop: Bundle, snapshots: Maker, tmp_path: Path) -> None:
    known = replace(shop, profile=profile(shop.release, snapshots(300)))
    bundle.save(known, tmp_path)
    assert bundle.load(tmp_path).profile == known.profile
    again = json.loads((tmp_path / "profile.json").read_text())
    assert Profile.from_dict(again) == known.profile


def test_a_bundle_without_a_profile_is_read(shop: Bundle, tmp_path: Path) -> None:
    bundle.save(shop, tmp_path)
    assert bundle.load(tmp_path).profile is None
