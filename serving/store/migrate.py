"""Bring the store's schema up to date."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from serving.errors import StoreError
from serving.store.engine import place, reading, use_wal, writing
from serving.store.schema import VERSION_TABLE

_FOLDER = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = threading.Lock()  # Alembic's context is the process's, not the thread's


def migrate(engine: Engine, wait_s: float) -> None:
    """Create or upgrade the store's tables; safe when several processes do it at once.

    Parameters
    ----------
    engine : Engine
    wait_s : float
        Seconds to wait for another process.

    Raises
    ------
    StoreError
        When a newer Keepwell made the store.
    """
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    use_wal(engine)
    with reading(engine) as connection:
        revision = _revision(connection)
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"a newer Keepwell made the score store {place(engine)} (schema {revision}; this one "
            f"knows {scripts.get_current_head()}); upgrade Keepwell, or name another [store] url"
        )
    if revision == scripts.get_current_head():
        return
    with _ONE_AT_A_TIME, writing(engine, wait_s) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()
