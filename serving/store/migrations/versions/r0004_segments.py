"""Segments of the customers, and their rules; scores of before have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SEGMENTS = (
    "value_tier",
    "grade",
    "portfolio_cell",
    "strategy",
    "lifecycle_stage",
    "loyalty_type",
    "loyalty_evidence",
)


def upgrade() -> None:
    """Add the columns to every run that there is."""
    document = sa.JSON().with_variant(JSONB(), "postgresql")
    op.add_column("score_runs", sa.Column("segment_rules", document))
    for table in _score_tables():
        for name in _SEGMENTS:
            op.add_column(table, sa.Column(name, sa.Text))


def downgrade() -> None:
    """Forget what the older schema has no columns for."""
    with op.batch_alter_table("score_runs", table_kwargs={"sqlite_autoincrement": True}) as altered:
        altered.drop_column("segment_rules")
    for table in _score_tables():
        with op.batch_alter_table(table) as altered:
            for name in _SEGMENTS:
                altered.drop_column(name)


def _score_tables() -> list[str]:
    names = sa.inspect(op.get_bind()).get_table_names()
    return [name for name in names if name.removeprefix("scores_").isdecimal()]
