"""Aggregates of some of the rows, as SQL: a case inside the aggregate instead of a filter."""

from __future__ import annotations

import sqlglot.expressions as sge
from ibis.backends.sql.compilers.base import AggGen, SQLGlotCompiler

_PASS_OVER_NULL = frozenset({"sum", "count", "min", "max", "avg", "bool_or", "bool_and"})
"""Aggregates that make nothing of a null, so that a case without an else leaves a row out."""


class Cases(AggGen):  # type: ignore[misc] # untyped
    """Write ``sum(x) FILTER (WHERE c)`` as ``sum(CASE WHEN c THEN x END)``, which is the same.

    For each filter DuckDB copies all columns of the rows that pass, used or not: over many rows it
    spends more on that than on the sums, over the few of a request on setting room apart for it.
    """

    def aggregate(
        self,
        compiler: SQLGlotCompiler,
        name: str,
        *args: sge.Expression,
        where: sge.Expression | None = None,
        order_by: tuple[sge.Expression, ...] = (),
    ) -> sge.Expression:
        """Compile an aggregate; see :class:`ibis.backends.sql.compilers.base.AggGen`."""
        if where is not None and name in _PASS_OVER_NULL:
            args, where = (_case(where, args[0]),), None
        made: sge.Expression = super().aggregate(
            compiler, name, *args, where=where, order_by=order_by
        )
        return made


def _case(condition: sge.Expression, value: sge.Expression) -> sge.Expression:
    if isinstance(value, sge.Distinct):
        return sge.Distinct(expressions=[_case(condition, e) for e in value.expressions])
    counted = sge.Literal.number(1) if isinstance(value, sge.Star) else value
    return sge.Case(ifs=[sge.If(this=condition.copy(), true=counted)])
