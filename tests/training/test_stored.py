from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.panel import Panel
from models.derived import with_derived
from models.recipe import ChurnKind, Recipe, ValueKind
from models.stored import Stored
from tests.wallets import shoppers, table_features
from training.evaluate import evaluate
from training.fit import learn
from training.settings import TrainingSettings
from training.task import check_enough
from training.usable import usable

CUTOFFS = [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    """Write a panel in row groups that do not end where anything else does."""
    folder, parts = tmp_path_factory.mktemp("panel"), {}
    for seed, cutoff in enumerate(CUTOFFS):
        frame = shoppers(700 + 50 * seed, seed, cutoff=cutoff.isoformat())
        rng = np.random.default_rng(seed)
        # Whoever left may have sent something back, or bought with nobody knowing yet.
        bought = np.where(rng.random(len(frame)) < 0.1, np.nan, rng.integers(0, 2, len(frame)))
        frame["value"] = np.where(
            frame["churned"] == 1, rng.normal(1, 5, len(frame)), frame["value"]
        )
        parts[cutoff] = folder / f"{cutoff}.parquet"
        frame.assign(bought_30d=bought).to_parquet(parts[cutoff], index=False, row_group_size=210)
    return Panel(parts, table_features())


@pytest.mark.parametrize("churn", ["average", "blend", "logistic_rfm"])
@pytest.mark.parametrize("value", ["tweedie", "ziln", "scaled_spend"])
def test_a_release_is_the_same_to_the_last_byte(
    panel: Panel, recipe: Recipe, churn: ChurnKind, value: ValueKind
) -> None:
    wanted = replace(recipe, churn=churn, value=value, extra_rounds=10, half_life=90.0, seeds=2)
    features = with_derived(panel.features)
    whole = learn(panel.read(CUTOFFS), features, wanted)
    assert whole.purchase is not None
    assert whole.wallet is not None
    cut = learn(Stored(panel.pieces(CUTOFFS)), features, wanted)
    assert cut.to_files() == whole.to_files()


def test_what_is_asked_before_and_after_is_the_same(panel: Panel, recipe: Recipe) -> None:
    train, rows = panel.read(CUTOFFS[:2]), Stored(panel.pieces(CUTOFFS[:2]))
    assert usable(panel.features, rows) == usable(panel.features, train)
    check_enough(rows, TrainingSettings(), 90)
    release, newest = learn(train, panel.features, recipe), panel.read(CUTOFFS[2:])
    judged, same = (evaluate(release, newest, one, 90, 7) for one in (train, rows))
    # In words, for what is not a number equals nothing.
    assert str(same.churn_measures) == str(judged.churn_measures)
    assert same.flat() == judged.flat()


def test_pieces_hold_every_snapshot_once(panel: Panel) -> None:
    pieces = panel.pieces(reversed(CUTOFFS))
    assert [len(p) for p in pieces[:4]] == [210, 210, 210, 70]
    assert panel.snapshots(CUTOFFS) == sum(map(len, pieces)) == 2_250
    pd.testing.assert_frame_equal(
        Stored(pieces)[list(pieces[0].columns)], panel.read(CUTOFFS), check_like=True
    )


@pytest.mark.parametrize(("most", "step"), [(10_000, 1), (2_250, 1), (2_249, 2), (500, 5)])
def test_a_sample_is_even(panel: Panel, most: int, step: int) -> None:
    wanted = panel.read(CUTOFFS).iloc[::step].reset_index(drop=True)
    pd.testing.assert_frame_equal(panel.sample(CUTOFFS, most), wanted)
    assert len(wanted) <= most


def test_a_piece_gives_columns_as_they_are_asked_for(panel: Panel) -> None:
    piece = panel.pieces(CUTOFFS)[1]
    assert piece.read(["churned", "customer_id"]).column_names == ["churned", "customer_id"]
    assert piece.read([]).num_rows == len(piece)
