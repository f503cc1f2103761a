from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.errors import InvalidCursor, StaleCursor, StoreError, UnknownRun
from serving.store import RiskQuery, Sort, Store
from tests.store.conftest import Opener
from tests.store.made import DAY, info, listed, scores, walked

SHARED = settings(
    max_examples=15,
    deadline=None,
    # The store is the same for every example: each publishes a run of its own into it.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@given(
    values=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=25),
    limit=st.integers(1, 9),
    sort=st.sampled_from(["value_at_risk", "churn_probability", "expected_value"]),
)
@SHARED
def test_pages_visit_every_customer_once_under_any_ties(
    store: Store, values: list[float], limit: int, sort: Sort
) -> None:
    ids = [f"{'éaZ_'[n % 4]}{n}" for n in range(len(values))]
    store.publish(info(), [scores(ids, **{str(sort): values})])
    expected = sorted(zip(ids, values, strict=True), key=lambda pair: (-pair[1], pair[0]))
    assert listed(store, RiskQuery(sort=sort), limit) == [customer for customer, _ in expected]


@given(
    st.floats(0, 1),
    st.floats(0, 250),
    st.integers(0, 20),
    st.integers(0, 20),
    st.sampled_from(["north", "south", None]),
)
@SHARED
def test_filters_agree_with_pandas(
    store: Store, probability: float, value: float, least: int, most: int, region: str | None
) -> None:
    frame = scores(20, attributes=[{"region": r} for r in ("north", "south")] * 10)
    store.publish(info(), [frame])
    query = RiskQuery(
        min_probability=probability,
        min_value=value,
        min_days_since_purchase=least,
        max_days_since_purchase=most,
        attributes={} if region is None else {"region": region},
    )
    kept = frame[
        (frame["churn_probability"] >= probability)
        & (frame["expected_value"] >= value)
        & frame["days_since_purchase"].between(least, most)
        & ((region is None) | (frame["attributes"].map(lambda each: each["region"]) == region))
    ]
    assert listed(store, query, limit=3) == kept["customer_id"].tolist()
    assert store.all_scores(query)["customer_id"].tolist() == kept["customer_id"].tolist()


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("size", "3", ["number", "text"]),
        ("size", "3.5", ["half"]),
        ("size", "03", []),
        ("vip", "true", ["number"]),
        ("vip", "false", ["text"]),
        ("Straße 'x %", "ü\"'%\\", ["text"]),
        ("a.b", "x", ["half"]),
        ("size", "null", []),
        ("gone", "null", []),
        ("absent", "", []),
        ("' OR 1=1 --", "x", []),
    ],
)
def test_attributes_are_equal_as_text(
    store: Store, name: str, value: str, found: list[str]
) -> None:
    attributes = [
        {"size": 3, "vip": True, "gone": None},
        {"size": "3", "vip": False, "Straße 'x %": "ü\"'%\\"},
        {"size": 3.5, "a.b": "x"},
        None,
    ]
    ids = ["number", "text", "half", "none"]
    store.publish(info(), [scores(ids, attributes=attributes)])
    assert listed(store, RiskQuery(attributes={name: value})) == found


def test_days_filters_leave_out_who_never_bought(store: Store) -> None:
    store.publish(info(), [scores(["a", "b"], days_since_purchase=[None, 4])])
    assert listed(store, RiskQuery(min_days_since_purchase=0)) == ["b"]
    assert listed(store, RiskQuery(max_days_since_purchase=4)) == ["b"]
    assert listed(store) == ["a", "b"]


def test_new_since_a_run_is_whom_the_same_filters_did_not_find_then(store: Store) -> None:
    ids = ["calm", "gone", "rising", "steady"]
    then = store.publish(info(), [scores(ids, churn_probability=[0.1, 0.9, 0.4, 0.9])])
    ids = ["calm", "new", "rising", "steady"]
    store.publish(info(), [scores(ids, churn_probability=[0.1, 0.9, 0.9, 0.9])])
    assert listed(store, RiskQuery(since_run=then.id)) == ["new"]
    likely = RiskQuery(since_run=then.id, min_probability=0.5)
    assert listed(store, likely, limit=1) == ["new", "rising"]
    with pytest.raises(UnknownRun, match="the scores of run 99 are not kept; kept runs: "):
        store.risk_list(RiskQuery(since_run=99))


def test_a_list_stays_on_its_run_while_others_are_published(store: Store) -> None:
    first = store.publish(info(), [scores(10)])
    page = store.risk_list(limit=4)
    store.publish(info(DAY + timedelta(1)), [scores(10).iloc[::2]])
    rest = store.risk_list(limit=10, cursor=page.next_cursor)
    assert [s.customer_id for s in page.items + rest.items] == [f"c{n:03}" for n in range(10)]
    assert (rest.run, rest.first_rank, rest.next_cursor) == (first, 5, None)
    assert len(listed(store)) == 5
    assert len(listed(store, RiskQuery(run=first.id))) == 10


def test_a_cursor_of_a_run_that_is_gone_says_so(opened: Opener) -> None:
    store = opened(keep_runs=1)
    old = store.publish(info(), [scores(10)])
    page = store.risk_list(limit=4)
    new = store.publish(info(), [scores(10)])
    message = (
        f"this list was begun on run {old.id} and cannot go on: the scores of run {old.id} are "
        f"not kept; kept runs: {new.id}; begin again without a cursor"
    )
    with pytest.raises(StaleCursor) as caught:
        store.risk_list(limit=4, cursor=page.next_cursor)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "query",
    [
        RiskQuery(sort="expected_value"),
        RiskQuery(min_value=1.0),
        RiskQuery(attributes={"region": "x"}),
        RiskQuery(since_run=1),
        RiskQuery(run=2),
    ],
)
def test_a_cursor_of_another_query_is_refused(store: Store, query: RiskQuery) -> None:
    for _ in range(2):
        store.publish(info(), [scores(10)])
    pinned = store.risk_list(RiskQuery(run=1), limit=4).next_cursor
    with pytest.raises(InvalidCursor, match="belongs to another query; keep sort, filters and run"):
        store.risk_list(query, cursor=pinned)


def test_no_cursor_can_be_made_up(opened: Opener) -> None:
    store = opened()
    store.publish(info(), [scores(10)])
    cursor = store.risk_list(limit=4).next_cursor
    assert cursor is not None
    assert cursor.isascii()
    for wrong in (*_changed(cursor), "", "x", "é", "=", "A" * 5_000, cursor + "A" * 4):
        with pytest.raises(InvalidCursor, match="was not given out by this score store"):
            store.risk_list(cursor=wrong)
    assert opened().risk_list(cursor=cursor).first_rank == 5, "another process goes on with it"


def _changed(cursor: str) -> Iterator[str]:
    for place in range(0, len(cursor) - 1, 3):
        other = "B" if cursor[place] == "A" else "A"
        yield cursor[:place] + other + cursor[place + 1 :]
    sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    fields = json.loads(sealed[16:])
    forged = sealed[:16] + json.dumps([fields[0], fields[1], 0, 9e9, ""]).encode()
    yield base64.urlsafe_b64encode(forged).decode().rstrip("=")


def test_a_cursor_of_another_store_is_refused(
    store: Store, tmp_path: pytest.TempPathFactory
) -> None:
    store.publish(info(), [scores(10)])
    with Store.open(f"sqlite:///{tmp_path}/other.db") as other:
        other.publish(info(), [scores(10)])
        foreign = other.risk_list(limit=4).next_cursor
    with pytest.raises(InvalidCursor):
        store.risk_list(cursor=foreign)


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_page_has_its_bounds(store: Store, limit: int) -> None:
    with pytest.raises(StoreError, match=f"{limit} customers asked for; ask for 1 to 1,000"):
        store.risk_list(limit=limit)


def test_an_attribute_with_a_quotation_mark_is_refused() -> None:
    with pytest.raises(StoreError, match="no list can be filtered by 'a\"b': it has a quotation"):
        RiskQuery(attributes={'a"b': "x"})


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(StoreError, match='unknown sort "name"; write one of value_at_risk, churn'):
        RiskQuery(sort="name")  # type: ignore[arg-type]


def test_scores_come_in_the_order_asked_for(store: Store) -> None:
    store.publish(info(), [scores(3)])
    assert list(store.scores(["c002", "nobody", "c000", "c002"])) == ["c002", "c000"]
    assert store.scores([]) == {}
    assert store.score("nobody") is None
    with pytest.raises(StoreError, match="1001 customers asked for; ask for 0 to 1,000"):
        store.scores(["a"] * 1_001)


def test_who_rose_and_who_fell(store: Store) -> None:
    ids = ["down", "left", "same", "up", "way_up"]
    then = store.publish(info(), [scores(ids, value_at_risk=[9.0, 1.0, 5.0, 1.0, 1.0])])
    ids = ["down", "joined", "same", "up", "way_up"]
    now = store.publish(info(), [scores(ids, value_at_risk=[2.0, 3.0, 5.0, 2.0, 8.0])])
    found = store.compare(then.id)
    assert [(c.customer_id, c.before, c.after, c.change) for c in found.rose] == [
        ("way_up", 1.0, 8.0, 7.0),
        ("up", 1.0, 2.0, 1.0),
    ]
    assert [(c.customer_id, c.change) for c in found.fell] == [("down", -7.0)]
    assert (found.earlier, found.later, found.joined, found.left) == (then, now, 1, 1)
    assert [c.customer_id for c in store.compare(then.id, limit=1).rose] == ["way_up"]
    same = store.compare(now.id, now.id)
    assert (same.rose, same.fell, same.joined, same.left) == ((), (), 0, 0)


def test_the_whole_list_as_a_frame(store: Store) -> None:
    store.publish(info(), [scores(7, reason_1="late").sample(frac=1, random_state=1)])
    frame = store.all_scores()
    assert frame["rank"].tolist() == list(range(1, 8))
    scored = walked(store)
    assert frame["customer_id"].tolist() == [s.customer_id for s in scored]
    assert frame["value_at_risk"].tolist() == [s.value_at_risk for s in scored]
    assert set(frame["reason_1"]) == {"late"}
    assert [len(part) for part in store.score_frames(rows=3)] == [3, 3, 1]
    assert store.all_scores(top=2)["rank"].tolist() == [1, 2]
    nobody = store.all_scores(RiskQuery(min_value=1e9))
    assert (len(nobody), list(nobody.columns)) == (0, list(frame.columns))
