"""Every feature, the labels and the population against a naive oracle, on random histories."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.families import FAMILIES
from features.labels import Target, labels
from features.panel import features_at
from features.population import active
from tests.oracle import naive_care as care
from tests.oracle import naive_transactions as transactions
from tests.oracle.histories import (
    CUSTOMERS,
    CUTOFF,
    FEW,
    History,
    everybody,
    histories,
    random_history,
    spine_of,
    tables_of,
)
from tests.oracle.naive import Facts, Figures, known, total

ORACLES: tuple[Callable[[Facts], Figures], ...] = (
    transactions.recency,
    transactions.frequency,
    transactions.monetary,
    transactions.tenure,
    transactions.basket,
    transactions.variety,
    care.complaints,
    care.attributes,
)

WINDOW_DAYS = (28, 30, 31, 90)


def facts_of(history: History, customer: str, cutoff: datetime) -> Facts:
    """Gather what was known of a customer at a cutoff."""
    has = frozenset(f"{table}.{c}" for table, names in history.columns.items() for c in names)
    rows = history.rows
    return Facts(
        cutoff,
        known(history.of("transactions", customer), "occurred_at", cutoff),
        known(history.of("complaints", customer), "opened_at", cutoff)
        if "complaints" in rows
        else None,
        care.version(history.of("customers", customer), cutoff, dated="customers.valid_from" in has)
        if "customers" in rows
        else None,
        has,
    )


def oracle(facts: Facts) -> Figures:
    """Compute every feature of a customer at a cutoff."""
    return {name: v for family in ORACLES for name, v in family(facts).items()}


def same(found: Any, expected: Any) -> bool:  # noqa: ANN401 - cells of any column
    """Compare two cells: null with null, text with text, numbers within 1e-9."""
    if expected is None or pd.isna(found):
        return expected is None and bool(pd.isna(found))
    if isinstance(expected, str):
        return bool(found == expected)
    return math.isclose(found, float(expected), rel_tol=1e-9, abs_tol=1e-9)


def differences(found: pd.DataFrame, history: History) -> list[str]:
    """List the cells that differ from the oracle's."""
    return [
        f"{row['customer_id']}.{name}: {row[name]}, expected {expected}"
        for row in found.to_dict("records")
        for name, expected in oracle(
            facts_of(history, row["customer_id"], row["cutoff"].to_pydatetime())
        ).items()
        if not same(row[name], expected)
    ]


def check(history: History, cutoff: datetime) -> None:
    made = features_at(tables_of(history), everybody(cutoff))
    found = made.table.to_pandas()
    assert set(made.features.names) == set(oracle(facts_of(history, CUSTOMERS[0], cutoff)))
    assert sorted(found["customer_id"]) == sorted(CUSTOMERS)
    assert differences(found, history) == []


@FEW
@given(histories(full=True))
def test_every_feature_equals_the_oracle(history: History) -> None:
    check(history, CUTOFF)


@FEW
@given(histories(), st.sampled_from([0, 1, 30, -45]))
def test_whatever_the_tables_lack_and_the_cutoff(history: History, days: int) -> None:
    check(history, CUTOFF - timedelta(days=days))


def test_every_feature_of_the_catalogue_has_an_oracle() -> None:
    history = random_history(random.Random(0), full=True)  # noqa: S311 - no secret
    computed = set(oracle(facts_of(history, CUSTOMERS[0], CUTOFF)))
    assert {f.name for family in FAMILIES for f in family.features} <= computed


@FEW
@given(
    histories(),
    st.sampled_from([0, 1, 30]),
    st.sampled_from(WINDOW_DAYS),
    st.sampled_from(WINDOW_DAYS),
)
def test_labels_equal_the_oracle(history: History, gap: int, horizon: int, value: int) -> None:
    aim = Target("inactivity", horizon, gap, value)
    cutoffs = [CUTOFF, CUTOFF - timedelta(days=30)]
    spine = spine_of([(customer, cutoff) for customer in CUSTOMERS for cutoff in cutoffs])
    found = labels(tables_of(history)["transactions"], spine, aim).to_pandas()
    assert len(found) == len(CUSTOMERS) * len(cutoffs)
    for row in found.to_dict("records"):
        lines = history.of("transactions", row["customer_id"])
        opens = row["cutoff"].to_pydatetime() + timedelta(days=gap)
        bought = [r for r in care.label(lines, opens, horizon) if r["amount"] > 0]
        assert row["churned"] == (0 if bought else 1)
        earned = total(r["amount"] for r in care.label(lines, opens, value))
        assert row["value"] == pytest.approx(float(earned), rel=1e-9)


@FEW
@given(histories(), st.sampled_from([1, 7, 30, 365]))
def test_the_population_equals_the_oracle(history: History, days: int) -> None:
    spine = active(tables_of(history), CUTOFF.date(), days)
    found = spine.table.to_pandas()
    expected = {
        customer
        for customer in CUSTOMERS
        if care.is_active(
            known(history.of("transactions", customer), "occurred_at", CUTOFF), CUTOFF, days
        )
    }
    assert sorted(found["customer_id"]) == sorted(expected)
    assert set(found["cutoff"]) <= {pd.Timestamp(CUTOFF)}
    assert spine.cutoff == CUTOFF.date()
