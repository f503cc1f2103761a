"""Offers of actions to customers, and the plans that are made of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; scores of before have no offers."""
    op.create_table(
        "score_offers",
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "score_plans",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("asked_at", sa.DateTime, nullable=False),
        sa.Column("asked", sa.JSON, nullable=False),
        sa.Column("finished_at", sa.DateTime),
        sa.Column("facts", sa.JSON),
        sa.Column("problem", sa.Text),
        sa.Column("content", sa.LargeBinary),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("score_plans", "score_offers"):
        op.drop_table(name)
