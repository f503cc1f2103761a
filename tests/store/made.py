"""Scores made up for the tests of the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
from alembic import command
from alembic.config import Config

from serving.store import RiskQuery, RunInfo, Score, Store
from serving.store import migrate as migration
from serving.store.engine import connect, writing

DAY = date(2024, 6, 1)


def info(as_of: date = DAY, version: str = "1", *, backtest: bool = False) -> RunInfo:
    """Say what a run is of."""
    return RunInfo(
        as_of=as_of,
        model_name="shop",
        model_version=version,
        currency="EUR",
        churn_horizon=90,
        value_horizon=180,
        backtest=backtest,
    )


def scores(
    customers: int | Sequence[str],
    **columns: Any,  # noqa: ANN401 - what a column may hold
) -> pd.DataFrame:
    """Return scores whose value at risk falls from customer to customer, from 1 on.

    Customers that are only counted are called "c000", "c001" and so on.
    """
    ids = [f"c{n:03}" for n in range(customers)] if isinstance(customers, int) else customers
    n = len(ids)
    share = [(n - i) / n for i in range(n)]
    frame = pd.DataFrame(
        {
            "customer_id": list(ids),
            "churn_probability": share,
            "value_if_retained": [100.0 * s for s in share],
            "value_if_churned": [-1.0 / 3.0] * n,
            "expected_value": [10.0 * (i + 1) for i in range(n)],
            "value_at_risk": share,
            "days_since_purchase": list(range(n)),
        }
    )
    for name, values in columns.items():
        frame[name] = pd.Series(values, dtype=object) if name == "attributes" else values
    return frame


def listed(store: Store, query: RiskQuery | None = None, limit: int = 1_000) -> list[str]:
    """Return the customers of a whole list, page after page."""
    return [score.customer_id for score in walked(store, query, limit)]


def walked(store: Store, query: RiskQuery | None = None, limit: int = 1_000) -> list[Score]:
    """Return a whole list, page after page; see that ranks follow on."""
    found: list[Score] = []
    cursor = None
    while True:
        page = store.risk_list(query, limit=limit, cursor=cursor)
        assert page.first_rank == len(found) + 1
        assert page.items or not found, "a page that is empty, or never the last"
        assert len(found) <= page.run.customers, "customers come twice"
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def downgrade(url: str, revision: str) -> None:
    """Take a store's schema back to an earlier one."""
    config = Config()
    config.set_main_option("script_location", str(migration._FOLDER))  # noqa: SLF001 - its own steps
    engine = connect(url)
    with writing(engine, 10) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    engine.dispose()
