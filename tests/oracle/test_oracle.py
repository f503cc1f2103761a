"""Every feature, the labels and the population against a naive oracle, on random histories."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.families import FAMILIES
from features.labels import Target, labels
from features.population import active
from tests.oracle import naive_care as care
from tests.oracle import naive_events as events
from tests.oracle import naive_loyalty as loyalty
from tests.oracle import naive_mix as mix
from tests.oracle import naive_subscriptions as subscribed
from tests.oracle import naive_transactions as transactions
from tests.oracle import naive_wallet as wallet
from tests.oracle.histories import (
    CUSTOMERS,
    CUTOFF,
    FEW,
    FEWER,
    FULL,
    LACKING,
    SCHEMAS,
    SUBSCRIBED,
    History,
    Row,
    everybody,
    features_of,
    histories,
    query_of,
    random_columns,
    random_history,
    spine_of,
    tables_of,
)
from tests.oracle.naive import Facts, Figures, known, total
from tests.oracle.rows import REQUIRED, TIMES

ORACLES: tuple[Callable[[Facts], Figures], ...] = (
    transactions.recency,
    transactions.frequency,
    transactions.monetary,
    transactions.tenure,
    transactions.basket,
    transactions.variety,
    mix.seasons,
    mix.margin,
    mix.mix,
    care.complaints,
    events.contacts,
    events.activities,
    events.surveys,
    events.referrals,
    events.calendar,
    loyalty.lifecycle,
    loyalty.loyalty,
    wallet.wallet_share,
    care.attributes,
    subscribed.subscriptions,
)

OF_TRANSACTIONS = (
    transactions.recency,
    transactions.frequency,
    transactions.monetary,
    transactions.basket,
    transactions.variety,
)
"""Those of features that a company without transactions does not have."""

WINDOW_DAYS = (28, 30, 31, 90)


def facts_of(history: History, customer: str, cutoff: datetime) -> Facts:
    """Gather what was known of a customer at a cutoff."""
    has = frozenset(f"{table}.{c}" for table, names in history.columns.items() for c in names)

    def of(table: str, who: str) -> list[Row]:
        return known(history.of(table, who), TIMES[table], cutoff)

    rows = {table: of(table, customer) for table in history.rows if table != "customers"}
    versions = history.of("customers", customer)
    dated = "customers.valid_from" in has
    named = [r for r in history.rows.get("referrals", ()) if r["referred_id"] == customer]
    return Facts(
        cutoff,
        rows.get("transactions", []),
        rows.get("complaints"),
        care.version(versions, cutoff, dated=dated) if "customers" in history.rows else None,
        has,
        rows,
        lambda who: of("transactions", who),
        known(named, TIMES["referrals"], cutoff),
    )


def oracle(facts: Facts) -> Figures:
    """Compute every feature of a customer at a cutoff."""
    absent = () if "transactions" in facts.rows else OF_TRANSACTIONS
    families = [family for family in ORACLES if family not in absent]
    return {name: v for family in families for name, v in family(facts).items()}


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


def check(history: History, cutoff: datetime = CUTOFF) -> None:
    tables, spine = tables_of(history), everybody(cutoff)
    found = features_of(tables, spine)
    _, features = query_of(tables, spine)
    assert set(features.names) == set(oracle(facts_of(history, CUSTOMERS[0], cutoff)))
    assert sorted(found["customer_id"]) == sorted(CUSTOMERS)
    assert differences(found, history) == []


@FEW
@given(histories(FULL))
def test_every_feature_equals_the_oracle(history: History) -> None:
    check(history)


@FEW
@given(histories())
def test_whatever_the_tables_lack(history: History) -> None:
    check(history)


@settings(FEW, max_examples=2)
@given(st.randoms(use_true_random=True), st.sampled_from([-45, 1, 30]))
def test_whatever_else_the_tables_lack_and_the_cutoff(rng: random.Random, days: int) -> None:
    check(random_history(rng, random_columns(rng)), CUTOFF - timedelta(days=days))


def test_empty_tables() -> None:
    full = random_history(random.Random(1))  # noqa: S311 - no secret
    check(
        replace(full, rows={**dict.fromkeys(FULL, ()), "transactions": full.rows["transactions"]})
    )
    check(replace(full, rows=dict.fromkeys(FULL, ())))


@FEWER
@given(histories(SUBSCRIBED))
def test_without_transactions(history: History) -> None:
    check(history)


def test_every_optional_table_and_column_is_lacking_once() -> None:
    for table, columns in SCHEMAS.items():
        there = [shape[table] for shape in LACKING if table in shape]
        assert len(there) == len(LACKING) - (table != "transactions")
        for column in columns:
            left_out = [shape for shape in there if column not in shape]
            assert len(left_out) == (column not in REQUIRED), (table, column)


def test_every_feature_of_the_catalogue_has_an_oracle() -> None:
    history = random_history(random.Random(0))  # noqa: S311 - no secret
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
    found = labels(tables_of(history), spine, aim).to_pandas()
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
