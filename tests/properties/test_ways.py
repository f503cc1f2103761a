"""Whatever the way to it, a snapshot's features are the same to the last bit."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from features.grains import prepared
from features.keeping import materialise
from features.labels import Target
from features.panel import Panel, build
from tests.oracle.histories import (
    CUSTOMERS,
    CUTOFF,
    FEWER,
    FULL,
    History,
    engine,
    everybody,
    features_of,
    histories,
    random_history,
    spine_of,
    tables_of,
    without_recording,
)

CUTOFFS = [CUTOFF - timedelta(days=days) for days in (0, 30, 180)]
AIM = Target("inactivity", 30, 1, 60)


def keep(table: object, name: str) -> object:
    return materialise(table, name, engine())


def shuffled(history: History, rng: random.Random) -> History:
    rows = {table: rng.sample(list(r), len(r)) for table, r in history.rows.items()}
    return replace(history, rows=rows)


@FEWER
@given(histories(), st.randoms(use_true_random=True))
def test_the_order_of_rows_changes_nothing(history: History, rng: random.Random) -> None:
    one = features_of(tables_of(history), everybody())
    other = features_of(tables_of(shuffled(history, rng)), everybody())
    assert_frame_equal(one, other, check_exact=True)


def test_the_order_of_many_rows_changes_nothing() -> None:
    rng = random.Random(11)  # noqa: S311 - no secret
    history = random_history(rng, lines=2_000)
    one = features_of(tables_of(history), everybody())
    other = features_of(tables_of(shuffled(history, rng)), everybody())
    assert_frame_equal(one, other, check_exact=True)


@FEWER
@given(histories(FULL), st.randoms(use_true_random=True))
def test_a_shared_cutoff_equals_the_general_way(history: History, rng: random.Random) -> None:
    tables = tables_of(history)
    keys = [(customer, rng.choice(CUTOFFS)) for customer in CUSTOMERS]
    general = features_of(tables, spine_of(keys))
    parts = [
        features_of(tables, spine_of(chosen, shared=True))
        for cutoff in sorted(set(CUTOFFS))
        if (chosen := [key for key in keys if key[1] == cutoff])
    ]
    assert_frame_equal(general, pd.concat(parts, ignore_index=True), check_exact=True)


def alone_in(history: History, who: str) -> History:
    """Keep a customer's own rows, and those of others that say what referrals brought."""
    rows = {table: history.of(table, who) for table in history.rows}
    referrals = history.rows.get("referrals", [])
    if referrals:
        brought = {r["referred_id"] for r in rows["referrals"]} - {who}
        rows["transactions"] += [r for c in sorted(brought) for r in history.of("transactions", c)]
        rows["referrals"] += [r for r in referrals if r["referred_id"] == who]
    return replace(history, rows=rows)


@FEWER
@given(histories(), st.sampled_from(CUSTOMERS))
def test_a_customer_alone_equals_the_customer_in_the_batch(history: History, who: str) -> None:
    batch = features_of(tables_of(history), everybody())
    alone = features_of(tables_of(alone_in(history, who)), spine_of([(who, CUTOFF)], shared=True))
    expected = batch[batch["customer_id"] == who].reset_index(drop=True)
    assert_frame_equal(alone, expected, check_exact=True)


@FEWER
@given(histories(FULL), st.sampled_from(CUTOFFS[:2]))
def test_a_prepared_history_equals_a_plain_one(history: History, cutoff: datetime) -> None:
    tables = tables_of(without_recording(history))
    ready = prepared(tables, keep)
    assert set(ready) > set(tables)
    assert_frame_equal(
        features_of(ready, everybody(cutoff)),
        features_of(tables, everybody(cutoff)),
        check_exact=True,
    )


def test_a_history_recorded_late_is_folded_for_each_cutoff() -> None:
    tables = tables_of(random_history(random.Random(3)))  # noqa: S311 - no secret
    assert prepared(tables, keep) is tables


def panel(history: History, cutoffs: Sequence[datetime], folder: Path) -> Panel:
    folder.mkdir()
    days = [cutoff.date() for cutoff in cutoffs]
    return build(prepared(tables_of(history), keep), days, AIM, 365, folder)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_panel_of_many_cutoffs_equals_each_alone(seed: int) -> None:
    # The way is the same for every table: few of them, because each cutoff makes its own query.
    few = {table: FULL[table] for table in ("transactions", "complaints", "customers")}
    history = random_history(random.Random(seed), few)  # noqa: S311 - no secret
    if seed == 1:
        history = without_recording(history)
    with tempfile.TemporaryDirectory() as name:
        together = panel(history, CUTOFFS, Path(name, "all"))
        found = together.read(together.cutoffs)
        alone = [
            panel(history, [cutoff], Path(name, str(cutoff.date()))).read([cutoff.date()])
            for cutoff in sorted(CUTOFFS)
        ]
    assert_frame_equal(found, pd.concat(alone, ignore_index=True), check_exact=True)
    order = found[["cutoff", "customer_id"]].apply(tuple, axis=1).tolist()
    assert order == sorted(set(order))
    assert set(found["cutoff"]) == {pd.Timestamp(cutoff) for cutoff in CUTOFFS}
