"""One query for many cutoffs: its SQL is made once, for a stand-in day that is written over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
import pyarrow as pa
from ibis import ir
from ibis.backends import BaseBackend

from features.asof import midnight

STAND_IN = date(1911, 11, 1)
"""A cutoff that no company has: wherever it stands in the SQL, the cutoff is meant."""


@dataclass(frozen=True)
class Dated:
    """The SQL of a query for any cutoff.

    Making the SQL of all features takes longer than many a company's query, and differs between
    cutoffs by nothing but the day.

    Parameters
    ----------
    sql : str
        For :data:`STAND_IN`.
    schema : Schema
        The query's columns.
    backend : BaseBackend
        Where the query's tables are.
    """

    sql: str
    schema: pa.Schema
    backend: BaseBackend

    @classmethod
    def of(cls, table: ir.Table) -> Dated:
        """Make the SQL of a table whose cutoff, by whatever way it came in, is the stand-in."""
        backend = table.get_backend()
        return cls(str(backend.compile(table)), table.schema().to_pyarrow(), backend)

    def at(self, cutoff: date) -> str:
        """Give the SQL for a cutoff."""
        return self.sql.replace(self._said(STAND_IN), self._said(cutoff))

    def _said(self, day: date) -> str:
        """Give a day's first moment as the engine's SQL has it."""
        said = str(self.backend.compile(ibis.literal(midnight(day))))
        return said.removeprefix("SELECT").rsplit(" AS ", 1)[0].strip()
