"""Scores without a day, a horizon or values: those of a flat file."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UNKNOWN: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "score_runs": {
        "as_of": sa.Date(),
        "churn_horizon": sa.Integer(),
        "value_horizon": sa.Integer(),
    },
    "score_history": {
        "value_if_retained": sa.Double(),
        "value_if_churned": sa.Double(),
        "expected_value": sa.Double(),
    },
}
_OPTIONS: dict[str, dict[str, bool]] = {
    "score_runs": {"sqlite_autoincrement": True},
    "score_history": {"sqlite_with_rowid": False},
}


def upgrade() -> None:
    """Allow what is not known to be null, and mark what is out of fold."""
    _allow_nulls(nullable=True)
    op.add_column(
        "score_runs", sa.Column("valued", sa.Boolean, nullable=False, server_default=sa.true())
    )
    for table in _score_tables():
        op.add_column(table, _mark())


def _mark() -> sa.Column[bool]:
    return sa.Column("out_of_fold", sa.Boolean, nullable=False, server_default=sa.false())


def downgrade() -> None:
    """Forget runs that the older schema cannot hold."""
    runs = sa.table("score_runs", sa.column("id"), sa.column("as_of"), sa.column("valued"))
    odd = sa.select(runs.c.id).where(runs.c.as_of.is_(None) | ~runs.c.valued)
    connection = op.get_bind()
    found = [*connection.execute(odd).scalars()]
    for run in found:
        connection.execute(sa.text(f"DROP TABLE IF EXISTS scores_{run}"))
    history = sa.table("score_history", sa.column("run"))
    connection.execute(sa.delete(history).where(history.c.run.in_(found)))
    connection.execute(sa.delete(runs).where(runs.c.id.in_(found)))
    for table in _score_tables():
        _drop(table, "out_of_fold")
    _drop("score_runs", "valued")
    _allow_nulls(nullable=False)


def _allow_nulls(*, nullable: bool) -> None:
    for table, columns in _UNKNOWN.items():
        with op.batch_alter_table(table, table_kwargs=_OPTIONS[table]) as altered:
            for name, kind in columns.items():
                altered.alter_column(name, existing_type=kind, nullable=nullable)


def _drop(table: str, column: str) -> None:
    with op.batch_alter_table(table, table_kwargs=_OPTIONS.get(table, {})) as altered:
        altered.drop_column(column)


def _score_tables() -> list[str]:
    names = sa.inspect(op.get_bind()).get_table_names()
    return [name for name in names if name.removeprefix("scores_").isdecimal()]
