"""Populations and labels of every kind of churn against a naive oracle, on random histories."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.grains import DAYS, fold_days, with_gaps
from features.labels import Target, labels
from features.population import population
from tests.oracle import naive_labels as naive
from tests.oracle.histories import (
    CUSTOMERS,
    CUTOFF,
    FEW,
    History,
    random_history,
    spine_of,
    tables_of,
)

CUTOFFS = (CUTOFF, CUTOFF - timedelta(days=30), CUTOFF - timedelta(days=91))
KINDS = ("inactivity", "partial", "subscription")

AIMS = st.builds(
    Target,
    kind=st.sampled_from(KINDS),
    horizon=st.sampled_from([28, 30, 31, 90]),
    gap=st.sampled_from([0, 1, 30]),
    value_horizon=st.sampled_from([30, 60]),
    regrace=st.sampled_from([0, 1, 30]),
    share=st.sampled_from([0.1, 0.5, 1.0]),
    norm_windows=st.sampled_from([1, 4]),
    measure=st.sampled_from(["net", "margin"]),
)
RANDOM = st.randoms(use_true_random=True)


def rows_of(history: History, customer: str) -> naive.Rows:
    return {table: history.of(table, customer) for table in history.rows}


def history_of(rng: random.Random, absent: Sequence[str] = ()) -> History:
    """Make a history of lines and subscriptions; these have ends, and prices, in any case."""
    others = {"complaints", "customers", "wallets", "contacts", "activities", "surveys"}
    return random_history(rng, full=True, absent=(*others, "referrals", *absent))


def check(history: History, aim: Target, cutoffs: Sequence[datetime]) -> None:
    pairs = [(customer, cutoff) for customer in CUSTOMERS for cutoff in cutoffs]
    spine = spine_of(pairs, shared=len(cutoffs) == 1)
    found = labels(tables_of(history), spine, aim).to_pandas()
    wrong = []
    for row in found.to_dict("records"):
        rows, cutoff = rows_of(history, row["customer_id"]), row["cutoff"].to_pydatetime()
        said, wanted = bool(row["churned"]), naive.churned(rows, cutoff, aim)
        earned = float(naive.worth(rows, cutoff, aim))
        if said != wanted or row["value"] != pytest.approx(earned, rel=1e-9, abs=1e-9):
            wrong.append((row, wanted, earned))
    assert wrong == []
    labelled = {(r["customer_id"], r["cutoff"]) for r in found.to_dict("records")}
    gone = [p for p in pairs if naive.churned(rows_of(history, p[0]), p[1], aim) is None]
    assert labelled == {(c, pd.Timestamp(at)) for c, at in pairs if (c, at) not in gone}
    assert len(found) == len(labelled)


@FEW
@given(RANDOM, AIMS)
def test_labels_of_every_kind_equal_the_oracle(rng: random.Random, aim: Target) -> None:
    check(history_of(rng), aim, CUTOFFS)


@FEW
@given(RANDOM, AIMS, st.sampled_from([None, 0, 29, 30, 90]))
def test_purchases_of_the_next_days_equal_the_oracle(
    rng: random.Random, aim: Target, known: int | None
) -> None:
    as_of = None if known is None else CUTOFF + timedelta(days=known)
    aim = replace(aim, as_of=as_of.date() if as_of else None)
    history = history_of(rng)
    pairs = [(customer, cutoff) for customer in CUSTOMERS for cutoff in CUTOFFS]
    found = labels(tables_of(history), spine_of(pairs, shared=False), aim).to_pandas()
    for row in found.to_dict("records"):
        rows = rows_of(history, row["customer_id"])
        expected = naive.bought(rows, row["cutoff"].to_pydatetime(), as_of)
        said = None if pd.isna(row["bought_30d"]) else bool(row["bought_30d"])
        assert said == expected


@FEW
@given(RANDOM, AIMS)
def test_labels_of_one_cutoff_without_transactions(rng: random.Random, aim: Target) -> None:
    aim = Target("subscription", aim.horizon, aim.gap, aim.value_horizon, aim.regrace)
    history = history_of(rng, ["transactions"])
    check(history, aim, [CUTOFF])
    spine = spine_of([(CUSTOMERS[0], CUTOFF)], shared=True)
    assert "bought_30d" not in labels(tables_of(history), spine, aim).columns


@FEW
@given(RANDOM, AIMS, st.sampled_from([1, 30, 365]))
def test_populations_of_every_kind_equal_the_oracle(
    rng: random.Random, aim: Target, days: int
) -> None:
    history = history_of(rng)
    found = population(tables_of(history), CUTOFF.date(), aim.kind, days)
    expected = [c for c in CUSTOMERS if naive.belongs(rows_of(history, c), CUTOFF, aim, days)]
    assert sorted(found.table.to_pandas()["customer_id"]) == sorted(expected)
    assert found.cutoff == CUTOFF.date()


@FEW
@given(RANDOM, AIMS)
def test_a_history_folded_beforehand_gives_the_same_labels(rng: random.Random, aim: Target) -> None:
    tables = dict(tables_of(history_of(rng)))
    tables["transactions"] = tables["transactions"].drop("recorded_at")
    spine = spine_of([(customer, CUTOFF) for customer in CUSTOMERS], shared=True)
    folded = {**tables, DAYS: with_gaps(fold_days(tables["transactions"]))}
    plain, fast = (labels(t, spine, aim).to_pandas() for t in (tables, folded))
    pd.testing.assert_frame_equal(
        plain.sort_values("customer_id", ignore_index=True),
        fast.sort_values("customer_id", ignore_index=True),
    )
