"""Cross-selling from tables: no future in it, and better than popularity where there is more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from features.errors import InputError
from models.baskets import Baskets, Tastes
from models.cross_sell import Window, best
from tests.categories import AS_OF, FIRST, sales
from training.category_panel import Order
from training.category_ranks import MODEL, at_top
from training.cross_sell import cross_sell

ORDER = Order("inactivity", 200, 30, windows=2, seed=3)


def tables(frame: pd.DataFrame) -> dict[str, ibis.ir.Table]:
    money = ibis.memtable(frame)
    lines = money.mutate(
        amount=money["amount"].cast("decimal(18,4)"),
        occurred_at=money["occurred_at"].cast("timestamp(6)"),
    )
    return {"transactions": lines}


def test_it_ranks_what_follows_first_and_sees_no_future() -> None:
    frame = sales()
    made = cross_sell(tables(frame), AS_OF, FIRST, ORDER)
    assert made.held_out == date(2024, 5, 2)
    assert made.judged is not None
    assert set(made.judged) == {MODEL, "popularity", "lately begun", "nearest neighbours"}
    assert made.gains["popularity"]["ndcg"].low > 0
    milk = made.matrix(only=["milk"]).set_index("customer_id")["probability"]
    drinks = set(frame[frame["category"] == "tea"]["customer_id"])
    assert milk[milk.index.isin(drinks)].mean() > 5 * milk[~milk.index.isin(drinks)].mean()

    known = frame[frame["occurred_at"] < pd.Timestamp(AS_OF)]
    again = cross_sell(tables(known.sample(frac=1.0, random_state=1)), AS_OF, FIRST, ORDER)
    pd.testing.assert_frame_equal(made.matrix(), again.matrix())
    pd.testing.assert_frame_equal(made.matrix(top=2), best(made.matrix(), 2))
    whole = made.matrix()
    only = whole[whole["category"] == "milk"].reset_index(drop=True)
    pd.testing.assert_frame_equal(made.matrix(only=["milk"]), only)
    assert made.matrix(only=["nothing"]).empty


def test_a_category_that_is_wanted_is_looked_at_however_few_buy_it() -> None:
    few = replace(ORDER, categories=2)
    assert "odds 1" not in cross_sell(tables(sales()), AS_OF, FIRST, few, judging=False).categories
    asked = replace(few, wanted=("odds 1",))
    made = cross_sell(tables(sales()), AS_OF, FIRST, asked, judging=False)
    assert "odds 1" in made.categories
    assert len(made.categories) == 3
    assert (made.judged, made.gains, made.held_out) == (None, {}, None)
    assert made.matrix(only=["odds 1"])["probability"].between(0, 1).all()


def test_hit_rate_and_ndcg_by_hand() -> None:
    days = np.array([[1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 0, 0, 0.0]])
    names = np.array(list("abcde"), dtype=object)
    own = Baskets(np.array(list("xyz"), dtype=object), names, days, days, days)
    spent = np.array([[9, 0, 0, 1, 1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 2.0]])
    window = Window(own, Tastes.of(own, 7), spent)
    scores = np.array([[9, 4, 1, 3, 2], [1, 2, 3, 4, 5], [9, 8, 3, 2, 1.0]])
    hits, ndcg = at_top(window, scores)
    # x: ranks b, d, e, began d and e. y began nothing. z: ranks c, d, e, began e.
    two, three = 1 / np.log2(3), 1 / np.log2(4)
    assert hits.tolist() == [1, 1]
    np.testing.assert_allclose(ndcg, [(two + three) / (1 + two), three])


@pytest.mark.parametrize(
    ("order", "as_of", "said"),
    [
        (
            ORDER,
            date(2024, 2, 1),
            "the history is too short to learn cross-selling: 31 days; needed",
        ),
        (
            replace(ORDER, horizon=3, windows=1),
            AS_OF,
            "customers bought in a category new to them within 3",
        ),
    ],
)
def test_too_little_to_learn_from(order: Order, as_of: date, said: str) -> None:
    with pytest.raises(InputError, match=said):
        cross_sell(tables(sales(20)), as_of, FIRST, order)


def test_nobody_is_there() -> None:
    with pytest.raises(InputError, match="nobody to cross-sell to: no customer is in the populat"):
        cross_sell(tables(sales(20)), date(2026, 6, 1), FIRST, ORDER)


def test_a_short_history_holds_no_window_out() -> None:
    made = cross_sell(tables(sales()), date(2024, 3, 20), FIRST, ORDER)
    assert (made.judged, made.held_out) == (None, None)


def test_transactions_without_a_category() -> None:
    with pytest.raises(InputError, match="transactions has no category: there"):
        cross_sell(tables(sales(20).drop(columns="category")), AS_OF, FIRST, ORDER)
