"""Contacts, with what came of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and the index that finds a customer's last contact."""
    identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "score_contacts",
        sa.Column("key", identifier, primary_key=True),
        sa.Column("customer_id", identifier, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("treated", sa.Boolean, nullable=False),
        sa.Column("contacted_at", sa.DateTime, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("cost", sa.BigInteger),
        sa.Column("responded_at", sa.DateTime),
        sa.Column("redeemed_cost", sa.BigInteger),
        sa.Column("recorded_at", sa.DateTime, nullable=False),
    )
    columns = ["customer_id", "contacted_at", "key"]
    op.create_index("score_contacts_last", "score_contacts", columns)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("score_contacts")
