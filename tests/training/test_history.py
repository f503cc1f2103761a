from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from features.catalogue import FeatureSet
from features.errors import InputError
from features.panel import Panel
from training.history import History, history
from training.splits import Roles, roles

FIRST = date(2023, 1, 1)


def found(history_days: int) -> Roles:
    made = roles(
        FIRST,
        FIRST + timedelta(days=history_days),
        30,
        cutoffs=3,
        every=30,
        min_history=30,
        folds=2,
    )
    assert made is not None
    return made


def panel(folder: Path, planned: Roles, churned: dict[date, list[int]]) -> Panel:
    """Write a panel; a cutoff that is not named has ten who left and twenty who stayed."""
    parts = {}
    for cutoff in planned.cutoffs:
        outcome = churned.get(cutoff, [0, 0, 1] * 10)
        frame = pd.DataFrame(
            {
                "customer_id": pd.Series([f"k{i:02d}" for i in range(len(outcome))], dtype=object),
                "cutoff": pd.Timestamp(cutoff),
                "churned": pd.Series(outcome, dtype="int64"),
                "value": 1.0,
            }
        )
        parts[cutoff] = folder / f"{cutoff}.parquet"
        frame.to_parquet(parts[cutoff], index=False)
    return Panel(parts, FeatureSet(()))


def made(folder: Path, planned: Roles, fewest: int = 1, **by_name: list[int]) -> History:
    named = {"t0": planned.newest, "early": planned.evaluation[0], "oldest": planned.cutoffs[0]}
    churned = {named[name]: outcome for name, outcome in by_name.items()}
    return history(panel(folder, planned, churned), planned, fewest)


def test_full_cutoffs_keep_their_roles(tmp_path: Path) -> None:
    planned = found(400)
    assert made(tmp_path, planned).roles == planned


def test_each_role_reads_its_own_cutoffs(tmp_path: Path) -> None:
    planned = found(400)
    past = made(tmp_path, planned)
    assert set(past.newest()["cutoff"]) == {pd.Timestamp(planned.newest)}
    assert set(past.evaluation()["cutoff"]) == set(map(pd.Timestamp, planned.evaluation))
    assert set(past.serving()["cutoff"]) == set(map(pd.Timestamp, planned.serving))
    for read, (train, predicted) in zip(past.folds(), planned.forward, strict=True):
        learnt, watched = read()
        assert set(learnt["cutoff"]) == set(map(pd.Timestamp, train))
        assert set(watched["cutoff"]) == {pd.Timestamp(predicted)}


def test_nobody_active_at_any_cutoff_is_an_error(tmp_path: Path) -> None:
    planned = found(400)
    empty = panel(tmp_path, planned, {c: [] for c in planned.cutoffs})
    with pytest.raises(InputError, match="nobody was active at any cutoff; lengthen"):
        history(empty, planned, 1)


def test_an_empty_cutoff_leaves_its_roles(tmp_path: Path) -> None:
    planned = found(400)
    past = made(tmp_path, planned, early=[])
    assert planned.evaluation[0] not in past.roles.cutoffs
    assert past.roles.newest == planned.newest
    assert past.roles.evaluation == planned.evaluation[1:]


@pytest.mark.parametrize("outcome", [[], [0, 0, 0], [1, 1]])
def test_a_newest_cutoff_that_tells_nothing_is_not_measured_on(
    tmp_path: Path, outcome: list[int]
) -> None:
    past = made(tmp_path, found(400), t0=outcome)
    assert past.roles.evaluation == []
    assert past.roles.forward == []


def test_a_fold_that_tells_nothing_is_left_out(tmp_path: Path) -> None:
    planned = found(400)
    past = made(tmp_path, planned, early=[0, 0])
    assert [v for _, v in past.roles.forward] == [
        v for _, v in planned.forward if v != planned.evaluation[0]
    ]
    assert past.roles.evaluation == planned.evaluation


def test_too_few_leavers_to_measure_falls_back_to_folds_by_customer(tmp_path: Path) -> None:
    planned = found(400)
    past = made(tmp_path, planned, fewest=100)
    assert past.roles.serving == planned.serving
    assert (past.roles.evaluation, past.roles.forward) == ([], [])
    watched = pd.concat([read()[1] for read in past.folds()])
    assert set(watched["cutoff"]) == set(map(pd.Timestamp, planned.serving))


def test_one_cutoff_has_no_folds(tmp_path: Path) -> None:
    planned = found(60)
    assert len(planned.serving) == 1
    past = history(panel(tmp_path, planned, {}), planned, 1)
    assert past.folds() == []


def test_two_cutoffs_are_folded_by_customer(tmp_path: Path) -> None:
    planned = found(90)
    past = history(panel(tmp_path, planned, {}), planned, 1)
    assert (len(past.roles.serving), len(past.roles.evaluation)) == (2, 1)
    assert past.roles.forward == []
    for read in past.folds():
        learnt, watched = read()
        assert not set(learnt["customer_id"]) & set(watched["customer_id"])
        assert set(watched["cutoff"]) == set(map(pd.Timestamp, planned.evaluation))
