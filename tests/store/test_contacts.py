"""What the store remembers of contacts, on both databases."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from serving.contacts import Contact, Recorded
from serving.errors import ContradictingContacts, StoreBusy
from serving.store import RiskQuery, Store
from serving.store.engine import PUBLISHING, RECORDING, writing
from tests.store.conftest import Opener
from tests.store.made import DAY, downgrade, info, listed, scores

NOON = datetime(2024, 5, 20, 12, tzinfo=UTC)


def contact(key: str, customer: str = "c000", **facts: object) -> Contact:
    """Make up a treated contact."""
    told = {"action": "call", "treated": True, "contacted_at": NOON, **facts}
    return Contact(key=key, customer_id=customer, **told)  # type: ignore[arg-type]


WHOLE = contact(
    "whole",
    "ünï '\" ≈",
    channel="phone",
    cost=Decimal("99999999999999.9999"),
    responded_at=NOON + timedelta(microseconds=1),
    redeemed_cost=Decimal("0.0001"),
    recorded_at=NOON + timedelta(days=1),
)


def test_a_contact_is_given_back_as_it_was(store: Store) -> None:
    assert store.record_contacts([WHOLE]) == Recorded(1, 0, 0)
    (row,) = store.contacts().to_dict("records")
    assert Contact(**{str(k): v for k, v in row.items()}) == WHOLE
    assert store.contacts()["contacted_at"].dt.tz is not None


def test_told_again_it_changes_nothing_and_later_facts_are_added(store: Store) -> None:
    plain = contact("a")
    assert store.record_contacts([plain, contact("b")]) == Recorded(2, 0, 0)
    before = store.contacts()
    assert store.record_contacts([plain, contact("b")]) == Recorded(0, 0, 2)
    assert store.contacts().equals(before)
    later = replace(plain, responded_at=NOON + timedelta(days=2), redeemed_cost=Decimal(5))
    assert store.record_contacts([later, contact("c")]) == Recorded(1, 1, 0)
    assert store.record_contacts([plain, later]) == Recorded(0, 0, 2), "nothing is forgotten"
    row = store.contacts().set_index("key").loc["a"]
    assert (row["responded_at"], row["redeemed_cost"]) == (NOON + timedelta(days=2), 5)
    assert row["recorded_at"] == before.set_index("key").loc["a", "recorded_at"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"treated": False}, "treated is treated in the store and control here"),
        ({"action": "voucher"}, "action is call in the store and voucher here"),
        ({"customer": "c001"}, "customer_id is c000 in the store and c001 here"),
        ({"cost": Decimal(3)}, "cost is 2.0000 in the store and 3 here"),
        (
            {"contacted_at": NOON + timedelta(hours=1)},
            r"contacted_at is 2024-05-20 12:00:00\+00:00 in the store and 2024-05-20 13:00",
        ),
    ],
)
def test_another_fact_under_a_known_key_is_refused_with_the_difference(
    store: Store, facts: dict[str, object], said: str
) -> None:
    store.record_contacts([contact("k", cost=Decimal(2))])
    with pytest.raises(ContradictingContacts, match=f"k: {said}") as caught:
        store.record_contacts([contact("new"), contact("k", **facts)])  # type: ignore[arg-type]
    assert [position for position, _ in caught.value.problems] == [1]
    assert str(caught.value).startswith("1 contacts contradict what is known under their keys; n")
    assert store.contacts()["key"].tolist() == ["k"], "nothing of the batch is recorded"


def test_many_at_once(store: Store) -> None:
    many = [contact(f"k{n:04}", f"c{n % 700:03}") for n in range(1_500)]
    assert store.record_contacts(many) == Recorded(1_500, 0, 0)
    assert store.record_contacts([*many[700:], contact("z")]) == Recorded(1, 0, 800)
    assert len(store.contacts()) == 1_501


def test_the_last_contact_of_each_customer_in_either_arm(store: Store) -> None:
    store.record_contacts(
        [
            contact("1", "b", contacted_at=NOON - timedelta(days=9)),
            contact("2", "b", treated=False, action="voucher"),
            contact("3", "a", action="first"),
            contact("4", "a", action="second"),
        ]
    )
    found = store.last_contacts()
    assert found.to_dict("list") == {
        "customer_id": ["a", "b"],
        "contacted_at": [NOON, NOON],
        "action": ["second", "voucher"],
        "treated": [True, False],
    }


def test_without_contacts_the_frames_are_empty_and_typed(store: Store) -> None:
    assert len(store.contacts()) == len(store.last_contacts()) == 0
    assert store.last_contacts()["treated"].dtype == bool
    assert str(store.last_contacts()["contacted_at"].dtype).endswith("UTC]")


def test_who_is_unknown(store: Store) -> None:
    assert store.unknown_customers(["c000"]) == {"c000"}
    store.publish(info(), [scores(2)])
    store.record_contacts([contact("1", "gone")])
    assert store.unknown_customers(["c000", "c001", "gone", "nobody"]) == {"nobody"}
    assert store.unknown_customers([]) == set()


def test_a_list_shows_the_last_contact_and_lets_both_arms_rest(store: Store) -> None:
    store.publish(info(), [scores(4)])
    start = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    store.record_contacts(
        [
            contact("1", "c000", contacted_at=start - timedelta(days=10)),
            contact("2", "c001", contacted_at=start - timedelta(days=30), treated=False),
            contact("3", "c002", contacted_at=start + timedelta(days=3), action="voucher"),
        ]
    )
    assert listed(store) == ["c000", "c001", "c002", "c003"]
    assert listed(store, RiskQuery(rest_days=30), limit=1) == ["c003"]
    assert listed(store, RiskQuery(rest_days=29)) == ["c001", "c003"]
    assert listed(store, RiskQuery(rest_days=9)) == ["c000", "c001", "c003"]
    assert store.all_scores(RiskQuery(rest_days=30))["customer_id"].tolist() == ["c003"]
    told = {s.customer_id: (s.last_contacted_at, s.last_action) for s in store.risk_list().items}
    assert told["c002"] == (start + timedelta(days=3), "voucher")
    assert told["c003"] == (None, None)
    assert {
        c: (s.last_contacted_at, s.last_action) for c, s in store.scores([*told]).items()
    } == told
    frame = store.all_scores().set_index("customer_id")
    assert frame["last_action"].tolist() == ["call", "call", "voucher", None]
    assert frame.loc["c000", "last_contacted_at"] == start - timedelta(days=10)


def test_a_cursor_of_a_list_with_another_rest_is_refused(store: Store) -> None:
    store.publish(info(), [scores(4)])
    assert RiskQuery(rest_days=1).digest != RiskQuery().digest


def test_a_writer_is_waited_for_no_longer_than_told(opened: Opener) -> None:
    store, other = opened(), opened()
    lock = PUBLISHING if store._engine.dialect.name == "sqlite" else RECORDING  # noqa: SLF001
    with writing(other._engine, 1, lock), pytest.raises(StoreBusy, match="holds the score store"):  # noqa: SLF001
        store.record_contacts([contact("1")], wait_s=0.2)
    assert store.record_contacts([contact("1")], wait_s=0.2) == Recorded(1, 0, 0)


def test_writers_at_once_lose_nothing(opened: Opener) -> None:
    store = opened()

    def write(first: int) -> None:
        for n in range(first, first + 20):
            store.record_contacts([contact(f"k{n:03}"), contact("shared")])

    threads = [threading.Thread(target=write, args=(20 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.contacts()) == 81


def test_scores_survive_the_way_to_the_table_and_back(url: str, opened: Opener) -> None:
    store = opened()
    store.publish(info(), [scores(2)])
    store.close()
    downgrade(url, "0003")
    again = opened()
    assert again.record_contacts([contact("1")]) == Recorded(1, 0, 0)
    assert listed(again) == ["c000", "c001"]
