"""Scores that have no day and perhaps no values: those of a flat file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from serving.errors import StoreError
from serving.store import RiskQuery, RunInfo, Store
from tests.store.made import downgrade, info, listed, scores

VALUES = ("value_if_retained", "value_if_churned", "expected_value", "value_at_risk")


def flat(*, valued: bool = False) -> RunInfo:
    """Say what a run of a flat file is of."""
    return RunInfo(
        as_of=None,
        model_name="shop",
        model_version="1",
        currency="EUR",
        churn_horizon=None,
        value_horizon=None,
        valued=valued,
    )


def unvalued(count: int) -> pd.DataFrame:
    """Return scores without values, a third of them out of fold."""
    frame = scores(count).assign(**dict.fromkeys(VALUES, float("nan")))
    # Ids run against the risk, so that no order by id passes for one by probability.
    ids = frame["customer_id"].to_numpy()[::-1]
    return frame.assign(customer_id=ids, out_of_fold=[n % 3 == 0 for n in range(count)])


def test_without_values_every_list_is_in_the_order_of_the_probability(store: Store) -> None:
    run = store.publish(flat(), [unvalued(30)])
    assert (run.as_of, run.churn_horizon, run.valued) == (None, None, False)
    expected = [f"c{n:03}" for n in reversed(range(30))]
    for sort in ("value_at_risk", "expected_value", "churn_probability"):
        assert listed(store, RiskQuery(sort=sort), limit=7) == expected
    whole = store.all_scores()
    assert whole["customer_id"].tolist() == expected
    assert whole["out_of_fold"].sum() == 10
    assert whole[list(VALUES)].isna().all(axis=None)


def test_a_score_says_what_it_is(store: Store) -> None:
    store.publish(flat(), [unvalued(3)])
    found = store.scores(["c000", "c001", "c002"])
    assert [s.out_of_fold for s in found.values()] == [False, False, True]
    assert found["c000"].as_of is None
    assert found["c000"].value_at_risk is None
    (past,) = store.history("c000")
    assert (past.as_of, past.expected_value) == (None, None)
    store.publish(info(), [scores(3)])
    later = store.score("c000")
    assert later is not None
    assert later.out_of_fold is False


def test_rescoring_replaces_the_history(store: Store) -> None:
    for _ in range(2):
        store.publish(flat(), [unvalued(3)])
    assert len(store.history("c000")) == 1


def test_the_history_of_a_file_is_as_old_as_its_publication(store: Store) -> None:
    store.publish(flat(), [unvalued(3)])
    today = datetime.now(UTC).date()
    store.publish(info(today + timedelta(days=799)), [scores(3)])
    assert len(store.history("c000")) == 2
    store.publish(info(today + timedelta(days=800)), [scores(3)])
    assert len(store.history("c000")) == 2


def test_values_and_their_absence_must_agree(store: Store) -> None:
    with pytest.raises(StoreError, match="value_if_retained is given, but the run has no values"):
        store.publish(flat(), [scores(3)])
    with pytest.raises(StoreError, match="value_if_retained is nan for customer"):
        store.publish(flat(valued=True), [unvalued(3)])
    with pytest.raises(StoreError, match="churn_probability is nan"):
        store.publish(flat(), [unvalued(3).assign(churn_probability=float("nan"))])


def test_an_older_store_is_upgraded_with_its_scores(url: str) -> None:
    with Store.open(url) as store:
        store.publish(info(), [scores(3)])
    downgrade(url, "0001")
    engine = create_engine(url)
    with engine.connect() as connection:
        columns = connection.execute(text("SELECT * FROM scores_1")).keys()
        assert "out_of_fold" not in columns
    engine.dispose()
    with Store.open(url) as store:
        assert listed(store) == ["c000", "c001", "c002"]
        found = store.score("c001")
        assert found is not None
        assert found.out_of_fold is False
        assert store.run(1).valued
        store.publish(flat(), [unvalued(3)])
        assert [run.id for run in store.runs()] == [2, 1]
