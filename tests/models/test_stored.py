from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.catalogue import FeatureSet
from models import booster
from models.booster import Design
from models.churn import OBJECTIVE
from models.matrix import Encoder, every
from models.recipe import default_parameters
from models.stored import Stored

Maker = Callable[..., pd.DataFrame]


@dataclass(frozen=True)
class Slice:
    """Rows in memory that are read like those on disk."""

    frame: pd.DataFrame

    @property
    def columns(self) -> list[str]:
        """Name the columns."""
        return list(self.frame.columns)

    def __len__(self) -> int:
        return len(self.frame)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Give some of them."""
        return pa.Table.from_pandas(self.frame, preserve_index=False).select(list(columns))


def stored(frame: pd.DataFrame, rows: int) -> Stored:
    """Cut a frame into pieces of so many rows, the last of which may be shorter."""
    return Stored(tuple(Slice(frame.iloc[n : n + rows]) for n in range(0, len(frame), rows)))


@pytest.fixture(scope="module")
def frame(snapshots: Maker) -> pd.DataFrame:
    return snapshots(1_000)


@pytest.mark.parametrize("rows", [1_000, 300, 1])
def test_columns_are_those_of_the_frame(frame: pd.DataFrame, rows: int) -> None:
    cut = stored(frame.head(rows * 2 + 10), rows)
    whole = frame.head(rows * 2 + 10)
    assert len(cut) == len(whole)
    assert list(cut.columns) == list(whole.columns)
    pd.testing.assert_series_equal(cut["cutoff"], whole["cutoff"])
    pd.testing.assert_frame_equal(cut[["value", "customer_id"]], whole[["value", "customer_id"]])
    assert "value" in cut
    assert "no such" not in cut


def test_chosen_rows_are_those_of_the_frame(frame: pd.DataFrame) -> None:
    cut = stored(frame, 300)
    left, dear = cut["churned"] == 1, frame["value"] > 50
    some, wanted = cut[left], frame[frame["churned"] == 1]
    np.testing.assert_array_equal(some["value"], wanted["value"])
    assert sum(some.sizes) == len(some) == len(wanted)
    stayed = cut[cut["churned"] == 0]
    both = stayed[dear[frame["churned"] == 0].to_numpy()]
    expected = frame[(frame["churned"] == 0) & dear]
    np.testing.assert_array_equal(both["customer_id"], expected["customer_id"])


def test_nobody_chosen_is_an_empty_table(frame: pd.DataFrame) -> None:
    nobody = stored(frame, 300)[np.zeros(len(frame), dtype=bool)]
    assert len(nobody) == 0
    assert nobody[["value", "churned"]].empty


def test_added_columns_go_with_their_rows(frame: pd.DataFrame) -> None:
    cut = stored(frame, 300)
    twice = cut[frame["churned"].to_numpy() == 0].added(
        ["value"], lambda rows: pd.DataFrame({"twice": 2 * rows["value"], "of": "value"})
    )
    more = twice.added(["twice"], lambda rows: pd.DataFrame({"thrice": 1.5 * rows["twice"]}))
    stayed = frame[frame["churned"] == 0]
    assert list(more.columns[-3:]) == ["thrice", "twice", "of"]
    np.testing.assert_array_equal(more["thrice"], 3 * stayed["value"])
    assert set(more["of"]) == {"value"}


def test_a_matrix_in_pieces_is_the_whole_one(frame: pd.DataFrame, features: FeatureSet) -> None:
    encoder = Encoder.fit(stored(frame, 300), features)
    assert encoder == Encoder.fit(frame, features)
    matrix = encoder.encode(stored(frame, 300))
    whole = encoder.matrix(frame)
    assert matrix.shape == whole.shape
    assert matrix.size == whole.size
    np.testing.assert_array_equal(every(matrix, 0, 1), whole)
    np.testing.assert_array_equal(every(matrix, 2, 7), whole[2::7])


@pytest.mark.parametrize("bins_from", [200_000, 400])
@pytest.mark.parametrize("half_life", [None, 30.0])
def test_boosters_are_the_same_to_the_last_bit(
    snapshots: Maker, features: FeatureSet, bins_from: int, half_life: float | None
) -> None:
    frame = pd.concat(
        [snapshots(600, seed=s, cutoff=f"2024-0{s}-01") for s in (1, 2)], ignore_index=True
    )
    # A column that tells hardly anybody apart, which LightGBM leaves out by the leaf's least rows.
    frame["complaints_open"] = np.where(np.arange(len(frame)) % 40 == 0, 1.0, 0.0)
    encoder = Encoder.fit(frame, features)
    settings = {**default_parameters(8_000), **OBJECTIVE, "bin_construct_sample_cnt": bins_from}

    def text(rows: pd.DataFrame | Stored) -> str:
        weight = booster.recency_weights(rows, half_life)
        design = Design(encoder.encode(rows), rows["churned"].to_numpy(np.float64), weight)
        return booster.to_text(booster.train(design, encoder, settings, 20, 7))

    whole = text(frame)
    assert text(stored(frame, 500)) == whole
    assert text(stored(frame, 1_200)) == whole


def test_training_stops_at_the_same_tree(
    frame: pd.DataFrame, snapshots: Maker, features: FeatureSet, capfd: pytest.CaptureFixture[str]
) -> None:
    encoder, watched = Encoder.fit(frame, features), snapshots(500, seed=2)
    settings = {**default_parameters(1_000), **OBJECTIVE, "learning_rate": 0.3}

    def fitted(rows: pd.DataFrame | Stored, held_out: pd.DataFrame | Stored) -> lgb.Booster:
        learnt, stop = (
            Design(encoder.encode(one), one["churned"].to_numpy(np.float64))
            for one in (rows, held_out)
        )
        return booster.train_until(learnt, stop, encoder, settings, 200, 7)

    whole = booster.to_text(fitted(frame, watched))
    assert booster.to_text(fitted(stored(frame, 300), stored(watched, 200))) == whole
    assert booster.to_text(fitted(stored(frame, 300), watched)) == whole
    assert capfd.readouterr() == ("", "")
