"""What an action brings with a customer, worked out by hand, assumed and estimated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.errors import InputError
from models.bundle import Bundle
from models.economics import contact_profit
from models.effect import Effect
from models.matrix import Floats
from serving.targeting.actions import ASSUMED, ESTIMATED
from serving.targeting.kept import from_parts, to_parts
from serving.targeting.offers import MATRICES, Offers, check_actions, make_offers
from serving.targeting.settings import ActionSettings

Maker = Callable[..., pd.DataFrame]

VOUCHER = ActionSettings(level="financial", contact_cost=1.0, incentive_cost=10.0, acceptance=0.3)


@dataclass(frozen=True)
class Learnt:
    """Effects that are the same for everybody."""

    known: Mapping[str, tuple[float, float | None, float]]

    @property
    def actions(self) -> tuple[str, ...]:
        """Whose effect is known."""
        return tuple(self.known)

    def effects(self, scores: pd.DataFrame, matrix: Floats) -> Mapping[str, Effect]:
        """Give them, for as many customers as there are."""
        assert len(matrix) == len(scores)
        n = len(scores)
        return {
            name: Effect(
                np.full(n, churn),
                None if value is None else np.full(n, value),
                np.full(n, redeemed),
            )
            for name, (churn, value, redeemed) in self.known.items()
        }


@pytest.fixture
def people(snapshots: Maker) -> pd.DataFrame:
    return snapshots(4, seed=3).assign(complaints_open=[0.0, 1.0, 2.0, np.nan])


def scores(people: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": people["customer_id"],
            "churn_probability": [0.5, 0.164, 0.9, 0.02],
            "value_if_retained": [205.0, 200.0, 100.0, 500.0],
            "value_if_churned": [5.0, 0.0, 0.0, 0.0],
            "expected_value": [105.0, 167.2, 10.0, 490.0],
            "expected_value_low_80": np.nan,
            "expected_value_high_80": np.nan,
            "reasons": [None, "silent", None, None],
        }
    )


def made(
    shop: Bundle, people: pd.DataFrame, uplift: Learnt | None = None, **actions: ActionSettings
) -> Offers:
    return make_offers(actions, shop.release, uplift, [(people, scores(people))])


def changed(**settings: Any) -> ActionSettings:  # noqa: ANN401 - of any setting
    return VOUCHER.model_copy(update=settings)


def test_assumed_offers_are_those_of_the_textbook(shop: Bundle, people: pd.DataFrame) -> None:
    found = made(shop, people, voucher=VOUCHER)
    # .5 x .3 x 190 - .5 x 10 - 1; 16.4 % is just below the break-even, and 2 % far from it.
    assert list(found.customers["customer_id"]) == ["k00000", "k00002"]
    assert found.profit[:, 0] == pytest.approx([22.5, 0.9 * 0.3 * 90 - 0.1 * 10 - 1])
    assert found.profit[0, 0] == pytest.approx(contact_profit(0.5, 0.3, 10, 1, 200))
    # Would-be leavers who accept redeem it, and all who would have stayed anyway.
    assert found.cost[:, 0] == pytest.approx([1 + 10 * 0.65, 1 + 10 * 0.37])
    assert found.churn[:, 0] == pytest.approx([0.15, 0.27])
    assert (found.actions[0].basis, found.actions[0].customers) == (ASSUMED, 4)
    assert found.actions[0].worst_cost == 11


def test_an_offer_pays_from_the_break_even_on(shop: Bundle, people: pd.DataFrame) -> None:
    edge = scores(people).assign(
        churn_probability=[0.1641, 0.1642, 0.5, 0.5], value_if_retained=200.0, value_if_churned=0.0
    )
    found = make_offers({"voucher": VOUCHER}, shop.release, None, [(people, edge)])
    assert list(found.customers["customer_id"]) == ["k00001", "k00002", "k00003"]


def test_chance_makes_of_an_offer_what_its_parts_make(shop: Bundle, people: pd.DataFrame) -> None:
    found = made(shop, people, voucher=VOUCHER)
    # Moved with probability .15, for 200; redeemed with .65, at 10.
    variance = 0.15 * 0.85 * 200**2 + 0.65 * 0.35 * 10**2
    assert found.deviation[0, 0] == pytest.approx(variance**0.5)


def test_an_estimated_effect_replaces_the_assumed_one(shop: Bundle, people: pd.DataFrame) -> None:
    learnt = Learnt({"voucher": (0.1, None, 0.4), "call": (0.5, 20.0, 0.0)})
    call = ActionSettings(level="social", contact_cost=6.0)
    found = made(shop, people, learnt, voucher=VOUCHER, call=call)
    assert [(a.name, a.basis) for a in found.actions] == [
        ("call", ESTIMATED),
        ("voucher", ESTIMATED),
    ]
    # The value itself where it is estimated, never both: 20 - 6.
    assert found.profit[:, 0] == pytest.approx([14, 14, 14, 14])
    # .1 x V - .4 x 10 - 1
    assert found.profit[:, 1] == pytest.approx([15, 15, 5, 45])


def test_customers_better_left_alone_get_no_offer(shop: Bundle, people: pd.DataFrame) -> None:
    found = made(shop, people, Learnt({"call": (-0.1, None, 0.0)}), call=VOUCHER, voucher=VOUCHER)
    assert not found.offered[:, 0].any()
    assert found.actions[0].customers == 4


def test_an_action_without_any_effect_is_not_offered(shop: Bundle, people: pd.DataFrame) -> None:
    found = made(shop, people, voucher=changed(acceptance=None))
    assert (len(found.customers), found.actions[0].basis, found.actions[0].customers) == (
        0,
        None,
        4,
    )


def test_whom_an_action_is_for(shop: Bundle, people: pd.DataFrame) -> None:
    found = made(
        shop, people, voucher=changed(eligible="complaints_open > 0 and churn_probability > 0.1")
    )
    assert found.actions[0].customers == 2
    assert list(found.customers["customer_id"]) == ["k00002"]
    with pytest.raises(InputError, match=r"\[actions.v\] eligible: 'x' is a text, and comp"):
        made(shop, people, v=changed(eligible="complaints_open == 'x'"))


def test_no_order_and_no_batches_change_the_offers(shop: Bundle, people: pd.DataFrame) -> None:
    whole = made(shop, people, voucher=VOUCHER)
    order = [2, 0, 3, 1]
    mixed, said = people.iloc[order], scores(people).iloc[order]
    parts = [
        (mixed.iloc[n : n + 2].reset_index(drop=True), said.iloc[n : n + 2].reset_index(drop=True))
        for n in (0, 2)
    ]
    again = make_offers({"voucher": VOUCHER}, shop.release, None, parts)
    pd.testing.assert_frame_equal(again.customers, whole.customers)
    for name in MATRICES:
        assert np.array_equal(getattr(again, name), getattr(whole, name)), name


def test_what_cannot_be_offered_is_refused_before_anything_is_computed() -> None:
    check_actions({"voucher": VOUCHER}, [], valued=True)
    check_actions({}, [], valued=False)
    with pytest.raises(InputError, match=r"\[actions\]: what an offer brings rests on values, and"):
        check_actions({"voucher": VOUCHER}, [], valued=False)
    with pytest.raises(InputError, match=r"\[actions.v\] eligible: there is no column \"p\""):
        check_actions({"v": changed(eligible="p > 1")}, ["q"], valued=True)


@pytest.mark.parametrize("eligible", [None, "churn_probability > 2"])
def test_kept_offers_are_read_as_they_were(
    shop: Bundle, people: pd.DataFrame, eligible: str | None
) -> None:
    offers = made(shop, people, voucher=changed(eligible=eligible), call=changed(eligible=eligible))
    again = from_parts(list(to_parts(offers)))
    assert again.actions == offers.actions
    assert len(again.customers) == (0 if eligible else 2)
    pd.testing.assert_frame_equal(again.customers, offers.customers, check_dtype=False)
    for name in MATRICES:
        assert np.array_equal(getattr(again, name), getattr(offers, name)), name


def test_offers_of_another_shape_are_refused(shop: Bundle, people: pd.DataFrame) -> None:
    (part,) = to_parts(made(shop, people, voucher=VOUCHER))
    older = pa.ipc.open_stream(part).read_all().drop_columns("begins")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, older.schema) as writer:
        writer.write_table(older)
    with pytest.raises(
        InputError, match=r"kept by another version of Keepwell: run `keepwell score`"
    ):
        from_parts([sink.getvalue().to_pybytes()])
