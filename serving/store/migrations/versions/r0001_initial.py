"""Runs, history and the secret that signs cursors."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and draw the secret."""
    _runs()
    _history()
    table = op.create_table(
        "score_secrets",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("secret", sa.LargeBinary, nullable=False),
    )
    op.bulk_insert(table, [{"name": "cursor", "secret": secrets.token_bytes(32)}])


def _runs() -> None:
    op.create_table(
        "score_runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("published_at", sa.DateTime, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("customers", sa.Integer, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("churn_horizon", sa.Integer, nullable=False),
        sa.Column("value_horizon", sa.Integer, nullable=False),
        sa.Column("backtest", sa.Boolean, nullable=False),
        sa.Column("kept", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )


def _history() -> None:
    identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "score_history",
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("customer_id", identifier, primary_key=True),
        sa.Column("churn_probability", sa.Double, nullable=False),
        sa.Column("value_if_retained", sa.Double, nullable=False),
        sa.Column("value_if_churned", sa.Double, nullable=False),
        sa.Column("expected_value", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("score_secrets", "score_history", "score_runs"):
        op.drop_table(name)
