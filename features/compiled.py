"""A fixed query over small tables in memory: compiled once, run for one request after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ibis
import pyarrow as pa
from ibis import ir
from ibis.backends import BaseBackend

from features.errors import InputError
from features.mapping import quoted
from features.sources import in_memory, mendable

_STATEMENT = "keepwell_compiled"

_FEW = 200
"""Rows up to which parameters of a statement are faster than a view of an Arrow table."""


class Compiled:
    """A query whose SQL is made once, and planned once in each engine that runs it.

    Safe to use from many threads: a run has an engine to itself, taken from those that are idle,
    so that there are never more of them than there were runs at the same time.

    Parameters
    ----------
    inputs : mapping of str to ibis Schema
        The tables that the query reads.
    query : ibis Table
        Over unbound tables of these names and schemas.
    """

    def __init__(self, inputs: Mapping[str, ibis.Schema], query: ir.Table) -> None:
        self._inputs = dict(inputs)
        engine = in_memory()
        self._sql = str(engine.compile(query))
        self._idle = deque([self._prepared(engine)])

    def run(self, rows: Mapping[str, pa.Table], place: str) -> list[tuple[Any, ...]]:
        """Run the query over the given rows, which are gone from the engine afterwards.

        Parameters
        ----------
        rows : mapping of str to pyarrow Table
            By input; a column that is left out is null in every row.
        place : str
            What a complaint of the engine begins with.

        Raises
        ------
        InputError
            When the engine cannot compute with these values.
        """
        with self._engine() as engine, mendable(place), _forgetting(engine):
            for name, table in rows.items():
                _insert(engine, name, table)
            found: list[tuple[Any, ...]] = engine.raw_sql(f"EXECUTE {_STATEMENT}").fetchall()
            return found

    @contextmanager
    def _engine(self) -> Iterator[BaseBackend]:
        try:
            engine = self._idle.pop()
        except IndexError:
            engine = self._prepared(in_memory())
        try:
            yield engine
        except InputError:
            self._idle.append(engine)
            raise
        # After an exception that nobody foresaw the engine is not used again.
        self._idle.append(engine)

    def _prepared(self, engine: BaseBackend) -> BaseBackend:
        for name, schema in self._inputs.items():
            engine.create_table(name, schema=schema)
        engine.raw_sql(f"PREPARE {_STATEMENT} AS {self._sql}")
        return engine


@contextmanager
def _forgetting(engine: BaseBackend) -> Iterator[None]:
    engine.raw_sql("BEGIN")
    try:
        yield
    finally:
        engine.raw_sql("ROLLBACK")


def _insert(engine: BaseBackend, name: str, table: pa.Table) -> None:
    columns = ", ".join(quoted(column) for column in table.column_names)
    into = f"INSERT INTO {quoted(name)} ({columns}) SELECT"
    if table.num_rows <= _FEW:
        values = [column.to_pylist() for column in table.columns]
        marks = ", ".join(f"unnest(${number})" for number in range(1, len(values) + 1))
        engine.con.execute(f"{into} {marks}", values)
        return
    given = f"given_{name}"
    engine.con.register(given, table)
    engine.raw_sql(f"{into} {columns} FROM {given}")
    engine.con.unregister(given)
