"""Offers and plans in either database."""

from __future__ import annotations

import pandas as pd
import pytest

from serving.errors import UnknownPlan, UnknownRun
from serving.store import Store
from tests.serving.targeting.made import offers
from tests.store.conftest import Opener
from tests.store.made import downgrade, info, scores

OFFERS = offers({"call": [5.0, 4.0], "voucher": [None, 9.0]})
ROWS = pd.DataFrame({"customer_id": ["a", "b"], "cost": [1.5, 0.0]})


def test_offers_are_published_with_the_scores(store: Store) -> None:
    run = store.publish(info(), [scores(2)], OFFERS)
    found, kept = store.offers()
    assert found == run
    assert kept.actions == OFFERS.actions
    assert (kept.profit == OFFERS.profit).all()
    assert kept.customers["customer_id"].tolist() == ["a", "b"]


def test_a_run_without_offers_says_so(store: Store) -> None:
    run = store.publish(info(), [scores(2)])
    with pytest.raises(UnknownRun, match=f"the scores of run {run.id} have no offers; describe"):
        store.offers()
    with pytest.raises(UnknownRun, match="kept runs: 1"):
        store.offers(7)


def test_offers_and_plans_go_with_their_run(opened: Opener) -> None:
    store = opened(keep_runs=1)
    run = store.publish(info(), [scores(2)], OFFERS)
    store.begin_plan("p", run.id, {"budget": 5.0})
    later = store.publish(info(), [scores(2)], OFFERS)
    with pytest.raises(UnknownPlan, match="there is no such plan; a plan is kept as long as the"):
        store.plan("p")
    assert store.offers()[0] == later


def test_a_plan_is_at_work_until_it_is_made_or_not(store: Store) -> None:
    begun = store.begin_plan("p", 1, {"budget": 5.0})
    assert (begun.asked, begun.finished_at, begun.facts) == ({"budget": 5.0}, None, None)
    assert len(store.plan("p")[1]) == 0
    store.finish_plan("p", {"treated": 1}, ROWS)
    kept, rows = store.plan("p")
    assert kept.facts == {"treated": 1}
    assert kept.finished_at is not None
    assert kept.finished_at >= kept.asked_at
    pd.testing.assert_frame_equal(rows, ROWS)
    store.begin_plan("q", 1, {})
    assert store.fail_plan("q", "no money").problem == "no money"


def test_the_schema_goes_back_and_forth(url: str) -> None:
    with Store.open(url) as store:
        store.publish(info(), [scores(2)], OFFERS)
    downgrade(url, "0003")
    with Store.open(url) as store:
        assert store.current_run().customers == 2
        with pytest.raises(UnknownRun, match="have no offers"):
            store.offers()
