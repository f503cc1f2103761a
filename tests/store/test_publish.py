from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import StoreError, UnknownRun
from serving.store import Store
from serving.store.batches import checked
from tests.store.conftest import Opener
from tests.store.made import DAY, info, listed, scores


def test_a_run_tells_what_it_is(store: Store) -> None:
    before = datetime.now(UTC)
    run = store.publish(info(), [scores(3), scores(["x", "y"])])
    assert (run.as_of, run.model_name, run.model_version) == (DAY, "shop", "1")
    assert (run.customers, run.currency, run.backtest, run.kept) == (5, "EUR", False, True)
    assert (run.churn_horizon, run.value_horizon) == (90, 180)
    assert before <= run.published_at <= datetime.now(UTC)
    assert store.current_run() == run == store.run(run.id)
    assert store.runs() == [run]


def test_a_score_comes_back_as_it_was(store: Store) -> None:
    words: dict[str, Any] = {"reason_1": 'says "no", twice\n', "cause_1": "", "reason_2": None}
    given_attributes = {"region": "Nörd\\x", "size": 3, "vip": True, "none": None}
    frame = scores(["ä\t,1"], **words, attributes=[given_attributes])
    run = store.publish(info(), [frame])
    score = store.score("ä\t,1")
    assert score is not None
    assert (score.reason_1, score.cause_1, score.reason_2) == ('says "no", twice\n', "", None)
    assert score.attributes == given_attributes
    assert (score.run, score.published_at, score.as_of) == (run.id, run.published_at, DAY)
    assert (score.days_since_purchase, score.model_version) == (0, "1")


AWKWARD = [0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e22, 123456789.12345679]


def test_doubles_are_kept_exactly(store: Store) -> None:
    ids = [f"c{n}" for n in range(len(AWKWARD))]
    store.publish(info(), [scores(ids, value_at_risk=AWKWARD, value_if_churned=AWKWARD)])
    found = store.scores(ids)
    assert [found[c].value_at_risk for c in ids] == AWKWARD
    assert [store.history(c)[0].value_if_churned for c in ids] == AWKWARD


def test_arrow_and_pandas_batches_publish_alike(store: Store) -> None:
    frame = scores(5).assign(
        attributes=[json.dumps({"n": n}) for n in range(5)],
        days_since_purchase=[1.0, 2.0, 3.0, 4.0, math.nan],
    )
    table = pa.Table.from_pandas(frame)
    first = store.publish(info(), [frame])
    second = store.publish(info(), [table])
    third = store.publish(info(), table.to_batches(max_chunksize=2))
    seen = [store.scores(frame["customer_id"].tolist(), run.id) for run in (first, second, third)]
    facts = [
        [(s.value_at_risk, s.attributes, s.days_since_purchase) for s in each.values()]
        for each in seen
    ]
    assert facts[0] == facts[1] == facts[2]
    assert facts[0][4][2] is None


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (scores(2).drop(columns="value_at_risk"), "the scores lack value_at_risk; publish all"),
        (scores(2, expected_value=[1.0, math.nan]), "expected_value is nan for customer c001"),
        (scores(2, value_at_risk=[math.inf, 1.0]), "value_at_risk is inf for customer c000"),
        (scores(2, churn_probability=[0.1, 1.1]), "it must be a number from 0 to 1"),
        (scores(2, customer_id=["a", None]), "a score has no customer_id"),
        (scores(2, customer_id=[1, 2]), "scores.customer_id must hold string"),
        (scores(2, days_since_purchase=[0.5, 1]), "scores.days_since_purchase must hold int32"),
        (scores(2, as_of=DAY + timedelta(1)), "as_of is 2024-06-02 in some rows, but the run's"),
        (scores(2, model_version=["1", "2"]), "model_version is 2 in some rows"),
        (scores(2, backtest=True), "backtest is True in some rows"),
        (scores(2, attributes=["[1]", "[2]"]), "attributes holds str; give a JSON object"),
        (scores(2, attributes=[{"a": math.nan}] * 2), "attributes holds NaN or infinity"),
        (scores(0), "there are no scores to publish"),
        (scores(["a", "b", "a"]), "a customer stands twice"),
    ],
)
def test_wrong_scores_are_refused_and_the_run_before_stays(
    opened: Opener, frame: pd.DataFrame, message: str
) -> None:
    store = opened()
    run = store.publish(info(), [scores(3)])
    with pytest.raises(StoreError, match=message):
        store.publish(info(), [scores(["ok"]), frame] if len(frame) else [frame])
    assert store.current_run() == run
    assert listed(store) == ["c000", "c001", "c002"]
    assert [each.id for each in store.runs()] == [run.id]


def test_an_id_with_a_nul_is_kept_by_sqlite_and_refused_by_postgresql(
    store: Store, url: str
) -> None:
    if url.startswith("sqlite"):
        store.publish(info(), [scores(["a\0b"])])
        assert listed(store) == ["a\0b"]
    else:
        with pytest.raises(StoreError, match="the score store"):
            store.publish(info(), [scores(["a\0b"])])
        assert store.runs() == []


def test_an_error_of_whoever_scores_passes_through(store: Store) -> None:
    def batches() -> list[pd.DataFrame]:
        raise KeyError("spend_sum_90d")

    run = store.publish(info(), [scores(3)])
    with pytest.raises(KeyError, match="spend_sum_90d"):
        store.publish(info(), (frame for frame in [scores(["a"]), *batches()]))
    assert store.current_run() == run


def test_matching_columns_of_the_run_are_accepted(store: Store) -> None:
    said: dict[str, Any] = {
        "as_of": pd.Timestamp(DAY),
        "model_version": "1",
        "backtest": False,
        "rank": 1,
    }
    assert store.publish(info(), [scores(2, **said)]).customers == 2


def test_the_last_runs_are_kept_and_older_ones_dropped(opened: Opener) -> None:
    store = opened(keep_runs=2)
    runs = [store.publish(info(DAY + timedelta(n)), [scores(3)]).id for n in range(4)]
    assert [(run.id, run.kept) for run in store.runs()] == [
        (runs[3], True),
        (runs[2], True),
        (runs[1], False),
        (runs[0], False),
    ]
    assert runs == sorted(set(runs))
    with pytest.raises(UnknownRun, match=f"run {runs[0]} are not kept; kept runs: {runs[2]}, "):
        store.scores(["c000"], runs[0])
    assert store.score("c000", runs[2]) is not None


def test_run_numbers_are_never_used_again(opened: Opener) -> None:
    store = opened(keep_runs=1)
    first = store.publish(info(), [scores(1)])
    with pytest.raises(StoreError, match="there are no scores"):
        store.publish(info(), [])
    assert store.publish(info(), [scores(1)]).id > first.id


def test_a_backtest_is_never_current_and_pushes_no_run_out(opened: Opener) -> None:
    store = opened(keep_runs=1)
    with pytest.raises(UnknownRun, match=r"no scores are published yet; .*`keepwell score`"):
        store.current_run()
    tests = [store.publish(info(backtest=True), [scores(2)]) for _ in range(2)]
    with pytest.raises(UnknownRun, match="no scores are published yet"):
        store.risk_list()
    run = store.publish(info(), [scores(3)])
    later = store.publish(info(backtest=True), [scores(2)])
    assert store.current_run() == run
    assert [each.kept for each in store.runs()] == [True, True, False, False]
    score = store.score("c000", later.id)
    assert score is not None
    assert score.backtest
    assert tests[0].backtest


def test_history_has_a_row_for_each_day_and_version(store: Store) -> None:
    store.publish(info(version="1"), [scores(["a", "b"])])
    store.publish(info(version="2"), [scores(["a"])])
    store.publish(info(DAY + timedelta(7), version="2"), [scores(["a"])])
    again = store.publish(info(version="1"), [scores(["a"], value_if_retained=[55.5])])
    store.publish(info(DAY + timedelta(8), backtest=True), [scores(["a"])])
    found = store.history("a")
    assert [(p.as_of, p.model_version) for p in found] == [
        (DAY, "2"),
        (DAY, "1"),
        (DAY + timedelta(7), "2"),
    ]
    assert (found[1].run, found[1].value_if_retained) == (again.id, 55.5)
    assert store.history("b") == []
    assert store.history("nobody") == []


def test_history_outlives_the_runs_but_not_its_days(opened: Opener) -> None:
    store = opened(keep_runs=1, history_days=10)
    store.publish(info(DAY + timedelta(500), backtest=True), [scores(["a"])])
    for offset in (0, 1, 10, 5):
        store.publish(info(DAY + timedelta(offset)), [scores(["a"])])
    days = [past.as_of - DAY for past in store.history("a") if past.as_of]
    assert days == [timedelta(1), timedelta(5), timedelta(10)]


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=1, max_size=30)
)
def test_checking_changes_no_number(values: list[float]) -> None:
    frame = scores(len(values), value_at_risk=values)
    (table,) = checked(info(), [frame])
    assert np.array_equal(table["value_at_risk"].to_numpy(), values)
