"""Intervals, lifetime value and the next purchase; scores of before have none."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_RUNS: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "lifetime_years": sa.Double,
    "lifetime_discount": sa.Double,
}
_SCORES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "expected_value_low_90": sa.Double,
    "expected_value_high_90": sa.Double,
    "expected_value_low_80": sa.Double,
    "expected_value_high_80": sa.Double,
    "lifetime_value": sa.Double,
    "purchase_probability_30d": sa.Double,
    "next_purchase_expected_at": sa.Date,
}


def upgrade() -> None:
    """Add the columns to every run that there is."""
    for table, columns in _tables().items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind))


def downgrade() -> None:
    """Forget what the older schema has no columns for."""
    for table, columns in _tables().items():
        options = {"sqlite_autoincrement": True} if table == "score_runs" else {}
        with op.batch_alter_table(table, table_kwargs=options) as altered:
            for name in columns:
                altered.drop_column(name)


def _tables() -> dict[str, dict[str, type[sa.types.TypeEngine[Any]]]]:
    names = sa.inspect(op.get_bind()).get_table_names()
    scores = [name for name in names if name.removeprefix("scores_").isdecimal()]
    return {"score_runs": _RUNS, **dict.fromkeys(scores, _SCORES)}
