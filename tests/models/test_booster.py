from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FeatureSet
from models import booster
from models.booster import Design
from models.churn import OBJECTIVE
from models.matrix import Encoder
from models.recipe import default_parameters
from models.value import RETAINED_OBJECTIVE

Maker = Callable[..., pd.DataFrame]
Trees = Callable[..., str]


@pytest.fixture(scope="module")
def trees(features: FeatureSet, snapshots: Maker) -> Trees:
    """Give a function that trains and returns the trees, without the parameters' own section."""
    frame = snapshots(20_000)
    encoder = Encoder.fit(frame, features)
    matrix = encoder.matrix(frame)

    def grown(label: str, objective: Mapping[str, object], threads: int, seed: int = 7) -> str:
        parameters = {**default_parameters(20_000), **objective, "num_threads": threads}
        design = Design(matrix, frame[label].to_numpy(np.float64))
        fitted = booster.train(design, encoder, parameters, 20, seed)
        return booster.to_text(fitted).split("\nparameters:")[0]

    return grown


@pytest.mark.parametrize(
    ("label", "objective"), [("churned", OBJECTIVE), ("value", RETAINED_OBJECTIVE)]
)
def test_the_same_seed_grows_the_same_trees_on_any_threads(
    trees: Trees, label: str, objective: Mapping[str, object]
) -> None:
    alone = trees(label, objective, threads=1)
    assert trees(label, objective, threads=1) == alone
    assert trees(label, objective, threads=2) == alone
    assert trees(label, objective, threads=1, seed=8) != alone


@pytest.mark.parametrize(
    "other",
    [
        {"extra_trees": True, "num_leaves": 15, "feature_fraction": 0.3},
        {"cat_smooth": 1.0, "path_smooth": 9.0},
        {"max_bin": 15},
        {"min_data_in_leaf": 60},
    ],
)
def test_boosters_of_one_design_are_those_of_designs_of_their_own(
    features: FeatureSet, snapshots: Maker, other: Mapping[str, object]
) -> None:
    frame = snapshots(2_000)
    encoder, outcome = Encoder.fit(frame, features), frame["churned"].to_numpy(np.float64)
    plain = {**default_parameters(2_000), **OBJECTIVE}
    shared = Design(encoder.matrix(frame), outcome)
    for settings in (plain, {**plain, **other}, plain):
        own = Design(encoder.matrix(frame), outcome)
        fitted = [booster.train(design, encoder, settings, 10, 7) for design in (shared, own)]
        assert booster.to_text(fitted[0]) == booster.to_text(fitted[1])


def test_a_part_shares_the_bins_and_learns_from_its_own_rows_alone(
    features: FeatureSet, snapshots: Maker
) -> None:
    frame = snapshots(2_000)
    encoder, outcome = Encoder.fit(frame, features), frame["churned"].to_numpy(np.float64)
    settings = {**default_parameters(2_000), **OBJECTIVE}

    def text(design: Design) -> str:
        return booster.to_text(booster.train(design, encoder, settings, 10, 7))

    whole = Design(encoder.matrix(frame), outcome)
    all_rows, half = np.ones(2_000, dtype=np.bool_), np.arange(2_000) < 1_000
    assert text(whole.part(all_rows, outcome)) == text(whole)
    of_half = text(whole.part(half, outcome[half]))
    assert of_half not in {text(whole), text(whole.part(~half, outcome[~half]))}
    elsewhere = Design(whole.matrix, np.where(half, outcome, 1 - outcome))
    assert text(elsewhere.part(half, outcome[half])) == of_half


def test_training_stops_when_the_held_out_loss_rises(
    features: FeatureSet, snapshots: Maker
) -> None:
    frame, watched = snapshots(600, seed=1), snapshots(600, seed=2)
    encoder = Encoder.fit(frame, features)
    design = Design(encoder.matrix(frame), frame["churned"].to_numpy(np.float64))
    held_out = Design(encoder.matrix(watched), watched["churned"].to_numpy(np.float64))
    parameters = {**default_parameters(600), **OBJECTIVE, "learning_rate": 0.3, "num_threads": 1}
    stopped = booster.train_until(design, held_out, encoder, parameters, 400, 7)
    assert 1 <= stopped.current_iteration() < 100
    rounds = stopped.current_iteration()
    fixed = booster.train(design, encoder, parameters, rounds, 7)
    np.testing.assert_array_equal(fixed.predict(held_out.matrix), stopped.predict(held_out.matrix))


def test_text_keeps_every_bit(features: FeatureSet, snapshots: Maker) -> None:
    frame = snapshots(400)
    encoder = Encoder.fit(frame, features)
    design = Design(encoder.matrix(frame), frame["churned"].to_numpy(np.float64))
    parameters = {**default_parameters(400), **OBJECTIVE, "num_threads": 1}
    fitted = booster.train(design, encoder, parameters, 20, 7)
    read = booster.from_text(booster.to_text(fitted))
    np.testing.assert_array_equal(read.predict(design.matrix), fitted.predict(design.matrix))


@pytest.mark.parametrize("rows", [3, 30])
def test_too_little_for_a_split_gives_the_mean_and_prints_nothing(
    features: FeatureSet, snapshots: Maker, rows: int, capfd: pytest.CaptureFixture[str]
) -> None:
    frame = snapshots(rows).assign(attribute_region=None, churned=[0, 0, 1] * (rows // 3))
    encoder = Encoder.fit(frame, features)
    design = Design(encoder.matrix(frame), frame["churned"].to_numpy(np.float64))
    fitted = booster.train(design, encoder, {**default_parameters(rows), **OBJECTIVE}, 10, 7)
    assert np.asarray(fitted.predict(design.matrix)) == pytest.approx(1 / 3)
    assert capfd.readouterr() == ("", "")
