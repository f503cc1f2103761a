"""The store itself: open it, publish into it, read from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self, TypeVar

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Engine, select

from serving.errors import InvalidCursor, StaleCursor, StoreError, UnknownRun
from serving.store import offers, publish, reads
from serving.store.batches import checked
from serving.store.contact_store import ContactStore
from serving.store.cursor import Cursor, decode, encode
from serving.store.engine import connect, reading, writing
from serving.store.failures import MissingTable
from serving.store.migrate import migrate
from serving.store.plan_store import PlanStore
from serving.store.query import RiskQuery, Sort, order, page
from serving.store.records import Comparison, Past, RiskPage, Run, RunInfo, Score
from serving.store.schema import SECRETS
from serving.targeting.offers import Offers

MOST = 1_000
"""Customers at most in one answer."""

_ATTEMPTS = 3
_Answer = TypeVar("_Answer")


class Store(ContactStore, PlanStore):
    """Published scores, plans and contacts, in SQLite or PostgreSQL.

    Open one with :meth:`open`; it may be shared by threads, but not by processes.
    """

    def __init__(
        self, engine: Engine, secret: bytes, keep_runs: int, history_days: int, wait_s: float
    ) -> None:
        self._engine = engine
        self._secret = secret
        self._keep_runs = keep_runs
        self._history_days = history_days
        self._wait_s = wait_s

    @classmethod
    def open(
        cls, url: str, *, keep_runs: int = 5, history_days: int = 800, wait_s: float = 600.0
    ) -> Self:
        """Open a store; its tables are made or upgraded where they must be.

        Parameters
        ----------
        url : str
            "sqlite:///keepwell.db" or "postgresql+psycopg://user:password@host/database".
        keep_runs : int
            Publications whose scores are kept whole; backtests are counted apart.
        history_days : int
            Days of compact history, counted back from the newest as-of date.
        wait_s : float
            Seconds that a publication waits for another one.

        Raises
        ------
        StoreError
            When the URL is wrong, or a newer Keepwell made the store.
        StoreUnavailable
            When the database does not answer.
        """
        engine = connect(url)
        try:
            migrate(engine, wait_s)
            with reading(engine) as connection:
                secret = connection.execute(
                    select(SECRETS.c.secret).where(SECRETS.c.name == "cursor")
                ).scalar_one()
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, secret, keep_runs, history_days, wait_s)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ping(self) -> None:
        """See that the database answers.

        Raises
        ------
        StoreUnavailable
            When it does not.
        """
        with reading(self._engine) as connection:
            connection.execute(select(1))

    def publish(
        self,
        info: RunInfo,
        scores: Iterable[pd.DataFrame | pa.Table | pa.RecordBatch],
        offered: Offers | None = None,
    ) -> Run:
        """Publish a run: readers see the one before until all of this one is there.

        Parameters
        ----------
        info : RunInfo
        scores : iterable of DataFrame, Table or RecordBatch
            Batches of ``customer_id``, the five measures and, where they are known, the other
            columns of a score, ``days_since_purchase``, ``reason_1`` to ``cause_3``,
            ``attributes`` and ``out_of_fold``; taken one at a time, so that they may be worked out
            on the way.
        offered : Offers, optional
            What actions would bring with these customers.

        Raises
        ------
        StoreError
            When the scores are empty or wrong; nothing is published then.
        StoreUnavailable
            When the database does not answer, or another publication does not end.
        StoreFull
            When the disk is full; the run before stays.
        """
        with writing(self._engine, self._wait_s) as connection:
            run = publish.publish(
                connection,
                info,
                checked(info, scores),
                offered,
                self._keep_runs,
                self._history_days,
            )
        publish.clean(self._engine)
        return run

    def current_run(self) -> Run:
        """Return the newest run that is no backtest.

        Raises
        ------
        UnknownRun
            When nothing is published yet.
        """
        return self._read(None, lambda _, run: run)

    def run(self, run: int) -> Run:
        """Return a run whose scores are kept.

        Raises
        ------
        UnknownRun
            When there is none of that number, or its scores are no longer kept.
        """
        return self._read(run, lambda _, found: found)

    def runs(self, limit: int = 100) -> list[Run]:
        """Return the newest runs first: backtests, and runs no longer kept, among them."""
        with reading(self._engine) as connection:
            return reads.runs(connection, limit)

    def offers(self, run: int | None = None) -> tuple[Run, Offers]:
        """Return the offers of a run, the current one by default.

        Raises
        ------
        UnknownRun
            When the run is not kept or has no offers, or nothing is published.
        """
        return self._read(run, lambda c, found: (found, offers.read(c, found)))

    def score(self, customer_id: str, run: int | None = None) -> Score | None:
        """Return a customer's score, or None for a customer whom the run does not have.

        Raises
        ------
        UnknownRun
            When the run is not kept, or nothing is published.
        """
        return self.scores([customer_id], run).get(customer_id)

    def scores(self, ids: Sequence[str], run: int | None = None) -> dict[str, Score]:
        """Return the scores of the customers whom a run has, in the order asked for.

        Parameters
        ----------
        ids : sequence of str
            At most 1,000.
        run : int, optional
            The current one by default.

        Raises
        ------
        UnknownRun
            When the run is not kept, or nothing is published.
        """
        _check_count(len(ids), least=0)
        return self._read(run, lambda c, found: reads.by_customer(c, found, ids))

    def risk_list(
        self, query: RiskQuery | None = None, *, limit: int = 100, cursor: str | None = None
    ) -> RiskPage:
        """Return a page of the customers to call first.

        Parameters
        ----------
        query : RiskQuery, optional
            By value at risk, everybody, in the current run by default.
        limit : int
            Customers on the page, 1 to 1,000; may differ from page to page.
        cursor : str, optional
            `next_cursor` of the page before; the list then stays on the run it began with.

        Raises
        ------
        UnknownRun
            When a run that the query names is not kept, or nothing is published.
        StaleCursor
            When the run that the cursor pages through is no longer kept.
        InvalidCursor
            When the cursor was changed, or belongs to another query.
        """
        _check_count(limit, least=1)
        query = query or RiskQuery()
        after = None if cursor is None else self._place(query, cursor)
        run = query.run if after is None else after.run

        def read(connection: Connection, found: Run) -> RiskPage:
            if query.since_run is not None:
                reads.find_run(connection, query.since_run)
            return self._page(connection, query, found, after, limit)

        try:
            return self._read(run, read)
        except UnknownRun as error:
            if after is None:
                raise
            raise StaleCursor(
                f"this list was begun on run {after.run} and cannot go on: {error}; begin again "
                "without a cursor"
            ) from None

    def _place(self, query: RiskQuery, cursor: str) -> Cursor:
        place = decode(cursor, self._secret)
        if place.query != query.digest or query.run not in {None, place.run}:
            raise InvalidCursor(
                "this cursor belongs to another query; keep sort, filters and run as they were, "
                "or begin again without a cursor"
            )
        return place

    def _page(
        self, connection: Connection, query: RiskQuery, run: Run, after: Cursor | None, limit: int
    ) -> RiskPage:
        rows = page(connection, query, run, after, limit + 1)
        items = tuple(reads.to_scores(run, rows[:limit]))
        seen = after.seen if after else 0
        further = None
        if len(rows) > limit:
            last = items[-1]
            value: float = getattr(last, order(query, run))
            place = Cursor(run.id, query.digest, seen + limit, value, last.customer_id)
            further = encode(place, self._secret)
        return RiskPage(items, seen + 1, further, run)

    def count(self, query: RiskQuery) -> int:
        """Count the customers of a risk list.

        Raises
        ------
        UnknownRun
            When a run that the query names is not kept, or nothing is published.
        """
        return self._read(query.run, lambda c, found: reads.count(c, query, found))

    def compare(
        self,
        earlier: int,
        later: int | None = None,
        *,
        measure: Sort = "value_at_risk",
        limit: int = 100,
    ) -> Comparison:
        """Return who rose and who fell between two runs.

        Parameters
        ----------
        earlier, later : int
            Runs; `later` is the current one by default.
        measure : str
            What is compared.
        limit : int
            Customers who rose, and who fell, 1 to 1,000.

        Raises
        ------
        UnknownRun
            When one of them is not kept.
        """
        _check_count(limit, least=1)
        RiskQuery(sort=measure)  # refuses an unknown measure

        def read(connection: Connection, found: Run) -> Comparison:
            before = reads.find_run(connection, earlier)
            return reads.compare(connection, before, found, measure, limit)

        return self._read(later, read)

    def history(self, customer_id: str) -> list[Past]:
        """Return what a customer's scores were, the oldest first; no backtests."""
        with reading(self._engine) as connection:
            return reads.past(connection, customer_id)

    def remembered(self, run: int) -> pd.DataFrame:
        """Return the history of a run: ``customer_id`` and four measures, ordered by customer.

        Empty for a backtest, and for a run whose history has been replaced or has grown too old.
        """
        with reading(self._engine) as connection:
            return reads.remembered(connection, run)

    def score_frames(
        self, query: RiskQuery | None = None, *, top: int | None = None, rows: int = 50_000
    ) -> Iterator[pd.DataFrame]:
        """Yield a whole risk list in frames, so that it need not fit into memory.

        Parameters
        ----------
        query : RiskQuery, optional
            As for :meth:`risk_list`.
        top : int, optional
            Customers at most; all by default.
        rows : int
            Rows of a frame at most. An empty list is one frame without rows.

        Raises
        ------
        UnknownRun
            When a run that the query names is not kept, or nothing is published.
        """
        query = query or RiskQuery()
        with reading(self._engine) as connection:
            run = reads.find_run(connection, query.run)
            if query.since_run is not None:
                reads.find_run(connection, query.since_run)
            yield from reads.frames(connection, run, query, top, rows)

    def all_scores(self, query: RiskQuery | None = None, *, top: int | None = None) -> pd.DataFrame:
        """Return a whole risk list: ``rank``, scores, reasons, causes, attributes.

        Parameters
        ----------
        query, top
            As for :meth:`score_frames`.
        """
        return pd.concat(self.score_frames(query, top=top), ignore_index=True)

    def _read(self, run: int | None, read: Callable[[Connection, Run], _Answer]) -> _Answer:
        for _ in range(_ATTEMPTS):
            try:
                with reading(self._engine) as connection:
                    return read(connection, reads.find_run(connection, run))
            except MissingTable:  # dropped by a publication since it was found: look again
                continue
        raise StoreError(
            "the scores are replaced faster than they can be read; raise [store] keep_runs"
        )


def _check_count(count: int, least: int) -> None:
    if not least <= count <= MOST:
        raise StoreError(f"{count} customers asked for; ask for {least} to {MOST:,} at a time")
