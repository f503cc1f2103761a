from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from features.catalogue import FeatureSet
from models.matrix import MAX_LEVELS, Encoder

Maker = Callable[..., pd.DataFrame]


def test_an_unseen_category_is_missing(features: FeatureSet, snapshots: Maker) -> None:
    encoder = Encoder.fit(snapshots(50), features)
    new = snapshots(2).assign(attribute_region=["north", "the moon"])
    column = encoder.matrix(new)[:, encoder.categorical_positions[0]]
    assert not np.isnan(column[0])
    assert np.isnan(column[1])


def test_missing_figures_and_categories_are_missing(features: FeatureSet, snapshots: Maker) -> None:
    encoder = Encoder.fit(snapshots(50), features)
    blank = snapshots(3).assign(attribute_region=None, overdue_ratio=np.nan)
    matrix = encoder.matrix(blank)
    missing = [bool(np.isnan(column).all()) for column in matrix.T]
    assert [name for name, m in zip(features.names, missing, strict=True) if m] == [
        "overdue_ratio",
        "attribute_region",
    ]


def test_levels_do_not_depend_on_the_order_of_rows(features: FeatureSet, snapshots: Maker) -> None:
    frame = snapshots(90).assign(attribute_region=["b", "a", "c"] * 30)
    shuffled = frame.sample(frac=1, random_state=3)
    assert Encoder.fit(frame, features) == Encoder.fit(shuffled, features)
    assert Encoder.fit(frame, features).levels["attribute_region"] == ("a", "b", "c")


def test_the_commonest_level_comes_first_and_the_rarest_are_unseen(
    features: FeatureSet, snapshots: Maker
) -> None:
    levels = [f"town {i:03d}" for i in range(MAX_LEVELS + 5)]
    frame = snapshots(2 * len(levels)).assign(attribute_region=[*levels, *levels[5:], *["hub"] * 5])
    kept = Encoder.fit(frame, features).levels["attribute_region"]
    assert len(kept) == MAX_LEVELS
    assert kept[0] == "hub"
    assert "town 000" not in kept


def test_a_row_alone_is_encoded_as_in_a_batch(features: FeatureSet, snapshots: Maker) -> None:
    frame = snapshots(40)
    encoder = Encoder.fit(frame, features)
    batch = encoder.matrix(frame)
    for row in range(len(frame)):
        np.testing.assert_array_equal(encoder.matrix(frame.iloc[[row]])[0], batch[row])


def test_a_category_that_is_never_known_has_no_levels(
    features: FeatureSet, snapshots: Maker
) -> None:
    frame = snapshots(20).assign(attribute_region=None)
    encoder = Encoder.fit(frame, features)
    assert encoder.levels["attribute_region"] == ()
    assert np.isnan(encoder.matrix(frame)[:, -1]).all()


def test_columns_come_in_the_order_of_the_features(features: FeatureSet, snapshots: Maker) -> None:
    frame = snapshots(20)
    encoder = Encoder.fit(frame, features)
    turned = frame[frame.columns[::-1]]
    np.testing.assert_array_equal(encoder.matrix(turned), encoder.matrix(frame))


def test_an_encoder_travels_as_json(features: FeatureSet, snapshots: Maker) -> None:
    encoder = Encoder.fit(snapshots(50), features)
    assert Encoder.from_dict(encoder.to_dict()) == encoder
