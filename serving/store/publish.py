"""Publish a run: all of it or nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from sqlalchemy import Connection, Engine, Select, insert, inspect, select, text, update
from sqlalchemy import delete as delete_from

from serving.errors import StoreError, StoreUnavailable
from serving.store import offers, plans
from serving.store.engine import writing
from serving.store.load import load
from serving.store.reads import find_run
from serving.store.records import Run, RunInfo
from serving.store.schema import HISTORY, RUNS, SCORES_PREFIX, score_indexes, score_table
from serving.targeting.offers import Offers

_DROP_WAIT_S = 2.0  # for readers of a run that is no longer kept; the next publication tries again
_LOG = logging.getLogger(__name__)


def publish(
    connection: Connection,
    info: RunInfo,
    batches: Iterable[pa.Table],
    offered: Offers | None,
    keep: int,
    days: int,
) -> Run:
    """Write a run and its history, and retire what is too old.

    Parameters
    ----------
    connection : Connection
        Of :func:`serving.store.engine.writing`: nothing is seen before it commits.
    info : RunInfo
    batches : iterable of pyarrow.Table
        As :func:`serving.store.batches.checked` yields them.
    offered : Offers or None
        None: there are no actions.
    keep : int
        Runs kept whole; backtests are counted apart.
    days : int
        Length of the history.

    Raises
    ------
    StoreError
        When there are no scores.
    """
    run = _announce(connection, info)
    table = score_table(run)
    table.create(connection)
    customers = load(connection, table, batches)
    if not customers:
        raise StoreError("there are no scores to publish; the run before stays")
    for index in score_indexes(run):
        index.create(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ANALYZE {table.name}"))  # a new table has no statistics yet
    connection.execute(update(RUNS).where(RUNS.c.id == run).values(customers=customers))
    if offered is not None:
        offers.write(connection, run, offered)
    if not info.backtest:
        _remember(connection, info, run)
        _forget(connection, days)
    _retire(connection, keep, backtest=info.backtest)
    return find_run(connection, run)


def _announce(connection: Connection, info: RunInfo) -> int:
    row = {
        "published_at": datetime.now(UTC),
        "as_of": info.as_of,
        "model_name": info.model_name,
        "model_version": info.model_version,
        "customers": 0,
        "currency": info.currency,
        "churn_horizon": info.churn_horizon,
        "value_horizon": info.value_horizon,
        "backtest": info.backtest,
        "kept": True,
        "valued": info.valued,
        "lifetime_years": info.lifetime_years,
        "lifetime_discount": info.lifetime_discount,
        "segment_rules": info.segment_rules,
    }
    run: int = connection.execute(insert(RUNS).values(row).returning(RUNS.c.id)).scalar_one()
    return run


def _remember(connection: Connection, info: RunInfo, run: int) -> None:
    same = select(RUNS.c.id).where(
        RUNS.c.as_of == info.as_of,
        RUNS.c.model_name == info.model_name,
        RUNS.c.model_version == info.model_version,
        RUNS.c.id != run,
    )
    _delete_history(connection, same)
    scores = score_table(run)
    names = [name for name in HISTORY.columns.keys() if name != "run"]  # noqa: SIM118 - no dict
    rows = select(text(str(run)), *(scores.c[name] for name in names)).order_by(
        scores.c.customer_id
    )
    connection.execute(insert(HISTORY).from_select(["run", *names], rows))


def _forget(connection: Connection, days: int) -> None:
    # Scores of a file without time are as old as their publication.
    rows = connection.execute(select(RUNS.c.id, RUNS.c.as_of, RUNS.c.published_at, RUNS.c.backtest))
    known = [(run, as_of or at.date(), backtest) for run, as_of, at, backtest in rows]
    oldest = max(day for _, day, backtest in known if not backtest) - timedelta(days=days)
    old = [run for run, day, _ in known if day <= oldest]
    _delete_history(connection, select(RUNS.c.id).where(RUNS.c.id.in_(old)))


def _delete_history(connection: Connection, runs: Select[tuple[int]]) -> None:
    found = list(connection.execute(runs).scalars())
    if found:
        connection.execute(delete_from(HISTORY).where(HISTORY.c.run.in_(found)))


def _retire(connection: Connection, keep: int, *, backtest: bool) -> None:
    kind = RUNS.c.backtest if backtest else ~RUNS.c.backtest
    kept = list(
        connection.execute(
            select(RUNS.c.id).where(RUNS.c.kept, kind).order_by(RUNS.c.id.desc()).limit(keep)
        ).scalars()
    )
    connection.execute(
        update(RUNS).where(RUNS.c.kept, kind, RUNS.c.id.not_in(kept)).values(kept=False)
    )
    left = list(connection.execute(select(RUNS.c.id).where(RUNS.c.kept)).scalars())
    offers.retire(connection, left)
    plans.retire(connection, left)


def clean(engine: Engine) -> None:
    """Drop the scores of every run that is no longer kept.

    A table that somebody still reads is left to the next publication.
    """
    try:
        while _drop_one(engine):
            pass
    except StoreUnavailable as error:
        _LOG.info("old scores are left for the next publication to drop: %s", error)


def _drop_one(engine: Engine) -> bool:
    with writing(engine, _DROP_WAIT_S) as connection:
        kept = {
            f"{SCORES_PREFIX}{run}"
            for run in connection.execute(select(RUNS.c.id).where(RUNS.c.kept)).scalars()
        }
        for name in inspect(connection).get_table_names():
            number = name.removeprefix(SCORES_PREFIX)
            if name.startswith(SCORES_PREFIX) and number.isdecimal() and name not in kept:
                score_table(int(number)).drop(connection)
                return True
    return False
