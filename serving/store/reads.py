"""Read runs, scores, comparisons and history on an open connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Row, func, join, select

from models.segment_words import RULES, explain
from serving.columns import COLUMNS
from serving.errors import UnknownRun
from serving.store.query import RiskQuery, Sort, listing, scored
from serving.store.records import Change, Comparison, Past, Run, Score
from serving.store.schema import HISTORY, OUT_OF_FOLD, REMEMBERED, RUNS, WORDS, score_table

LAST_CONTACT = ("last_contacted_at", "last_action")
"""What a risk list shows of contacts."""

_DETAILS = ["days_since_purchase", *WORDS, "attributes", OUT_OF_FOLD, *LAST_CONTACT]


def runs(connection: Connection, limit: int) -> list[Run]:
    """Return the newest runs first, backtests and runs no longer kept among them."""
    rows = connection.execute(select(RUNS).order_by(RUNS.c.id.desc()).limit(limit))
    return [Run(**row) for row in rows.mappings()]


def find_run(connection: Connection, run: int | None) -> Run:
    """Return a run whose scores can be read.

    Parameters
    ----------
    connection : Connection
    run : int or None
        None: the current one, the newest that is no backtest.

    Raises
    ------
    UnknownRun
        When there is none, or its scores are no longer kept.
    """
    asked = select(RUNS)
    if run is None:
        asked = asked.where(RUNS.c.kept, ~RUNS.c.backtest).order_by(RUNS.c.id.desc()).limit(1)
    else:
        asked = asked.where(RUNS.c.id == run)
    row = connection.execute(asked).mappings().one_or_none()
    if row is None or not row["kept"]:
        raise _unknown(connection, run)
    return Run(**row)


def _unknown(connection: Connection, run: int | None) -> UnknownRun:
    if run is None:
        return UnknownRun("no scores are published yet; publish some with `keepwell score`")
    kept = connection.execute(select(RUNS.c.id).where(RUNS.c.kept).order_by(RUNS.c.id)).scalars()
    listed = ", ".join(map(str, kept)) or "none"
    return UnknownRun(f"the scores of run {run} are not kept; kept runs: {listed}")


def to_scores(run: Run, rows: Sequence[Row[Any]]) -> list[Score]:
    """Return rows of a run's scores as records."""
    names = rows[0]._fields if rows else ()  # once: asking every row for them takes half the time
    found = (dict(zip(names, row, strict=True)) for row in rows)
    return [
        Score(
            **row,
            **explain(run.segment_rules, row),
            as_of=run.as_of,
            model_version=run.model_version,
            backtest=run.backtest,
            run=run.id,
            published_at=run.published_at,
        )
        for row in found
    ]


def by_customer(connection: Connection, run: Run, ids: Sequence[str]) -> dict[str, Score]:
    """Return the scores of the customers who have one, in the order asked for."""
    table = score_table(run.id)
    rows = connection.execute(scored(run).where(table.c.customer_id.in_(list(ids))))
    found = {score.customer_id: score for score in to_scores(run, rows.all())}
    return {customer: found[customer] for customer in ids if customer in found}


def past(connection: Connection, customer_id: str) -> list[Past]:
    """Return a customer's history, the oldest first."""
    # The runs are listed first: with them the key is sought once a run, never scanned.
    remembered = connection.execute(select(RUNS.c.id).where(~RUNS.c.backtest)).scalars()
    rows = connection.execute(
        select(HISTORY, RUNS.c.as_of, RUNS.c.model_version, RUNS.c.currency)
        .join(RUNS, RUNS.c.id == HISTORY.c.run)
        .where(HISTORY.c.run.in_(list(remembered)), HISTORY.c.customer_id == customer_id)
        .order_by(RUNS.c.as_of, RUNS.c.id)
    )
    return [Past(**row) for row in rows.mappings()]


def remembered(connection: Connection, run: int) -> pd.DataFrame:
    """Return what the history keeps of a run, by customer; empty where it keeps nothing."""
    names = ["customer_id", *REMEMBERED]
    asked = select(*(HISTORY.c[name] for name in names)).where(HISTORY.c.run == run)
    rows = connection.execute(asked.order_by(HISTORY.c.customer_id))
    frame = pd.DataFrame.from_records([tuple(row) for row in rows], columns=names)
    return frame.astype(dict.fromkeys(REMEMBERED, "float64"))


def count(connection: Connection, query: RiskQuery, run: Run) -> int:
    """Count the customers of a risk list."""
    ids = listing(query, run).with_only_columns(score_table(run.id).c.customer_id).order_by(None)
    return connection.execute(select(func.count()).select_from(ids.subquery())).scalar_one()


def compare(
    connection: Connection, earlier: Run, later: Run, measure: Sort, limit: int
) -> Comparison:
    """Return who rose and who fell between two runs.

    Parameters
    ----------
    connection : Connection
    earlier, later : Run
    measure : str
    limit : int
        Customers at most who rose, and who fell.
    """
    both = _both(connection, earlier, later)
    rose = _changes(connection, (earlier, later), measure, limit, rising=True)
    fell = _changes(connection, (earlier, later), measure, limit, rising=False)
    return Comparison(
        earlier, later, measure, rose, fell, later.customers - both, earlier.customers - both
    )


def _changes(
    connection: Connection, pair: tuple[Run, Run], measure: Sort, limit: int, *, rising: bool
) -> tuple[Change, ...]:
    old, new = (score_table(run.id).alias(f"s{n}") for n, run in enumerate(pair))
    before, after = old.c[measure], new.c[measure]
    change = (after - before).label("change")
    order, met = (change.desc(), after > before) if rising else (change.asc(), after < before)
    rows = connection.execute(
        select(new.c.customer_id, before.label("before"), after.label("after"), change)
        .join_from(new, old, new.c.customer_id == old.c.customer_id)
        .where(met)
        .order_by(order, new.c.customer_id)
        .limit(limit)
    )
    return tuple(Change(**row) for row in rows.mappings())


def _both(connection: Connection, earlier: Run, later: Run) -> int:
    old, new = (score_table(run.id).alias(f"s{n}") for n, run in enumerate((earlier, later)))
    joined = join(old, new, old.c.customer_id == new.c.customer_id)
    return connection.execute(select(func.count()).select_from(joined)).scalar_one()


def frames(
    connection: Connection, run: Run, query: RiskQuery, top: int | None, rows: int
) -> Iterator[pd.DataFrame]:
    """Yield a risk list as frames: ``rank``, the score's columns, words and attributes."""
    chosen = listing(query, run).limit(top)
    result = connection.execution_options(yield_per=rows).execute(chosen)
    names, first = list(result.keys()), 1
    for part in result.partitions():
        frame = pd.DataFrame.from_records([tuple(row) for row in part], columns=names)
        yield _dressed(frame, run, first)
        first += len(frame)
    if first == 1:
        yield _dressed(pd.DataFrame(columns=names), run, first)


def _rules(segments: pd.Series[Any], run: Run, name: str) -> pd.Series[Any] | None:
    return None if run.segment_rules is None else segments.fillna("").map(run.segment_rules[name])


def _dressed(frame: pd.DataFrame, run: Run, first: int) -> pd.DataFrame:
    dressed = frame.assign(
        rank=range(first, first + len(frame)),
        as_of=run.as_of,
        model_version=run.model_version,
        days_since_purchase=frame["days_since_purchase"].astype("Int64"),
        last_contacted_at=pd.to_datetime(frame["last_contacted_at"], utc=True),
        **{rule: _rules(frame[name], run, name) for rule, name in RULES.items()},
    )
    return dressed[["rank", *COLUMNS, *_DETAILS]]
