"""Run the migrations on the connection, and in the transaction, that the store opened."""

from __future__ import annotations

from alembic import context

from serving.store.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite has it too, once its driver leaves BEGIN to the store
)
with context.begin_transaction():
    context.run_migrations()
