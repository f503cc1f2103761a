from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.splits import Roles, roles

FIRST = date(2022, 1, 1)
DAYS = st.integers(1, 400)


def made(
    history: int, reach: int, cutoffs: int, every: int, min_history: int, folds: int
) -> Roles | None:
    return roles(
        FIRST,
        FIRST + timedelta(days=history),
        reach,
        cutoffs=cutoffs,
        every=every,
        min_history=min_history,
        folds=folds,
    )


Case = tuple[int, int, int, int, int, int]
cases = given(
    st.tuples(
        st.integers(0, 1500), DAYS, st.integers(1, 15), st.integers(1, 200), DAYS, st.integers(1, 5)
    )
)


@cases
def test_no_label_window_reaches_past_the_moment_of_its_fit(case: Case) -> None:
    found = made(*case)
    if found is None:
        return
    window = timedelta(days=found.reach)
    assert all(c + window <= found.as_of for c in found.serving)
    assert all(c + window <= found.newest for c in found.evaluation)
    for train, predicted in found.forward:
        assert train
        assert predicted + window <= found.newest
        assert all(c + window <= predicted for c in train)


@cases
def test_every_fit_has_at_most_so_many_cutoffs_all_on_one_grid(case: Case) -> None:
    found = made(*case)
    _, reach, cutoffs, every, min_history, folds = case
    if found is None:
        return
    assert found.newest == found.as_of - timedelta(days=reach)
    assert len(found.forward) <= folds
    for fit in [found.serving, found.evaluation, *(train for train, _ in found.forward)]:
        assert len(fit) <= cutoffs
        assert fit == sorted(set(fit), reverse=True)
    for cutoff in found.cutoffs:
        assert (found.newest - cutoff).days % every == 0
        assert (cutoff - FIRST).days >= min_history


@cases
def test_a_fit_takes_all_that_was_known_up_to_its_limit(case: Case) -> None:
    found = made(*case)
    _, reach, cutoffs, every, min_history, _ = case
    if found is None:
        return
    oldest = FIRST + timedelta(days=min_history)
    grid = [
        found.newest - timedelta(days=n) for n in range(0, (found.newest - oldest).days + 1, every)
    ]
    assert found.serving == grid[:cutoffs]
    early = [c for c in grid if c + timedelta(days=reach) <= found.newest]
    assert found.evaluation == early[:cutoffs]


@cases
def test_there_are_roles_exactly_if_one_cutoff_is_complete(case: Case) -> None:
    history, reach, _, _, min_history, _ = case
    assert (made(*case) is None) == (history < reach + min_history)


@pytest.mark.parametrize(
    ("history", "serving", "evaluation", "forward"),
    [
        (119, None, None, None),
        (120, 1, 0, 0),
        (149, 1, 0, 0),
        (150, 2, 0, 0),
        (210, 4, 1, 0),
        (300, 7, 4, 1),
        (390, 10, 7, 4),
    ],
)
def test_few_cutoffs(
    history: int, serving: int | None, evaluation: int | None, forward: int | None
) -> None:
    found = made(history, reach=90, cutoffs=12, every=30, min_history=30, folds=5)
    if found is None:
        assert serving is None
        return
    assert (len(found.serving), len(found.evaluation)) == (serving, evaluation)
    assert len(found.forward) == forward


def test_a_worked_example() -> None:
    found = made(210, reach=60, cutoffs=2, every=30, min_history=30, folds=2)
    assert found is not None
    newest = FIRST + timedelta(days=150)
    back = [newest - timedelta(days=30 * n) for n in range(5)]
    assert found.serving == back[:2]
    assert found.evaluation == back[2:4]
    assert found.forward == [([back[4]], back[2])]
    assert found.cutoffs == sorted(back)


def test_folds_are_apart_by_a_label_window_where_the_history_allows() -> None:
    long = made(1500, reach=90, cutoffs=4, every=30, min_history=30, folds=3)
    assert long is not None
    predicted = [long.newest, *(v for _, v in long.forward)]
    apart = [(a - b).days for a, b in pairwise(predicted)]
    assert apart == [90, 90, 90]
    assert {v for _, v in long.forward} <= set(long.cutoffs)
    assert all(len(train) == 4 for train, _ in long.forward)
    # A shorter one has room for two apart; overlapping ones fill up.
    short = made(390, reach=90, cutoffs=12, every=30, min_history=30, folds=3)
    assert short is not None
    assert [(short.newest - v).days for _, v in short.forward] == [90, 120, 180]


def test_a_cutoff_that_is_left_out_leaves_every_role() -> None:
    found = made(390, reach=90, cutoffs=12, every=30, min_history=30, folds=3)
    assert found is not None
    gone = [found.serving[0], found.evaluation[0], found.forward[1][0][0]]
    kept = found.without(gone)
    everything = [*kept.serving, *kept.evaluation, *kept.cutoffs, *(v for _, v in kept.forward)]
    assert not set(everything) & set(gone)
    assert all(train for train, _ in kept.forward)
    assert kept.newest == found.serving[1]
