from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import ValidationError
from sqlalchemy import create_engine, text

from serving.errors import StoreError, StoreFull, StoreUnavailable
from serving.settings import STORE_VARIABLE, StoreSettings
from serving.store import Store
from serving.store.schema import METADATA, SCORES_PREFIX, VERSION_TABLE
from tests.disks import small_disk
from tests.postgres import new_database
from tests.store.made import info, listed, scores

SECRET = "hunter2"  # noqa: S105 - a password that must not be seen


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("keepwell.db", r'\[store\] url is not a database URL; write "sqlite:///keepwell.db" or'),
        (f"mysql://me:{SECRET}@host/db", r'\[store\] url: unknown kind "mysql"; write "sqlite'),
        (f"postgresql+asyncpg://me:{SECRET}@host/db", r'unknown kind "postgresql\+asyncpg"'),
        ("sqlite://", r"\[store\] url names no file; write"),
        ("sqlite:///:memory:", r"\[store\] url names no file; write"),
        (f"postgresql://me:{SECRET}@host:port/db", r"\[store\] url is not a database URL"),
    ],
)
def test_a_wrong_url_is_explained(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        Store.open(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("query", ["", f"?password={SECRET}"])
@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_a_store_that_is_down_is_unavailable(scheme: str, query: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: whoever connects is refused
        port = unused.getsockname()[1]
        with pytest.raises(StoreUnavailable) as caught:
            Store.open(f"{scheme}://me:{SECRET}@127.0.0.1:{port}/db{query}")
    message = str(caught.value)
    assert f"@127.0.0.1:{port}/db does not answer" in message
    assert "see that the database runs and that [store] url is right" in message
    assert SECRET not in message


def test_a_wrong_password_is_not_printed(server: str) -> None:
    wrong = server.replace(server.split(":")[2].split("@", maxsplit=1)[0], SECRET)
    with pytest.raises(StoreUnavailable, match="password authentication failed") as caught:
        Store.open(wrong)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"cannot be opened .* see that its folder exists"):
        Store.open(f"sqlite:///{tmp_path}/none/keepwell.db")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "keepwell.db").write_text("customer_id,amount\n" * 1_000)
    with pytest.raises(StoreError, match=r"keepwell.db is no database that can be read"):
        Store.open(f"sqlite:///{tmp_path}/keepwell.db")


def test_connections_that_the_server_ended_are_replaced(server: str) -> None:
    url = new_database(server)
    with Store.open(url) as store:
        run = store.publish(info(), [scores(3)])
        engine = create_engine(url)
        with engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        engine.dispose()
        assert store.current_run() == run


def see_that_a_full_disk_leaves_the_old_run(store: Store) -> None:
    run = store.publish(info(), [scores(20)])
    many = (scores([f"b{batch}n{n}" for n in range(30_000)]) for batch in range(6))
    with pytest.raises(StoreFull, match=r"no room is left .* the scores published before stay"):
        store.publish(info(), many)
    assert store.current_run() == run
    assert listed(store) == [f"c{n:03}" for n in range(20)]
    assert store.publish(info(), [scores(20)]).id > run.id


def test_a_full_disk_leaves_the_old_run_on_sqlite(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", 8) as disk,
        Store.open(f"sqlite:///{disk}/keepwell.db") as store,
    ):
        see_that_a_full_disk_leaves_the_old_run(store)


def test_a_full_disk_leaves_the_old_run_on_postgresql(server: str) -> None:
    url = new_database(server)
    folder = Path(_setting(server, "data_directory")).parent / "small"
    with small_disk(folder, 8) as disk:
        shutil.chown(disk, "postgres")
        _administer(server, f"CREATE TABLESPACE small LOCATION '{disk}'")
        with Store.open(f"{url}?options=-c%20default_tablespace%3Dsmall") as store:
            see_that_a_full_disk_leaves_the_old_run(store)
        _administer(server, f"DROP DATABASE {url.rsplit('/', 1)[1]}", "DROP TABLESPACE small")


def _setting(server: str, name: str) -> str:
    engine = create_engine(server)
    with engine.connect() as connection:
        value: str = connection.execute(text(f"SHOW {name}")).scalar_one()
    engine.dispose()
    return value


def _administer(server: str, *statements: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_the_migrations_make_what_the_code_expects(url: str) -> None:
    Store.open(url).close()
    Store.open(url).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        differences = compare_metadata(context, METADATA)
        assert context.get_current_revision() == "0006"
    engine.dispose()
    assert differences == []
    assert not any(name.startswith(SCORES_PREFIX) for name in METADATA.tables)


def test_the_store_leaves_other_tables_alone(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for name in ("runs", "alembic_version", "scores_summary"):
            connection.execute(text(f"CREATE TABLE {name} (x TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('1234')"))
    with Store.open(url, keep_runs=1) as store:
        for _ in range(2):
            store.publish(info(), [scores(2)])
    with engine.begin() as connection:
        assert connection.execute(text("SELECT x FROM alembic_version")).scalar_one() == "1234"
        assert connection.execute(text("SELECT count(*) FROM scores_summary")).scalar_one() == 0
    engine.dispose()


def test_a_store_of_a_newer_keepwell_is_refused(url: str) -> None:
    Store.open(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608
    engine.dispose()
    with pytest.raises(StoreError, match=r"a newer Keepwell made .* \(schema 9999; .* 0006\)"):
        Store.open(url)


def test_the_url_is_relative_to_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(STORE_VARIABLE, raising=False)
    assert StoreSettings().resolved(tmp_path) == f"sqlite:///{tmp_path.resolve()}/keepwell.db"
    absolute = f"sqlite:///{tmp_path}/a.db"
    assert StoreSettings(url=absolute).resolved(Path("elsewhere")) == absolute
    server = "postgresql+psycopg://me@host/db"
    assert StoreSettings(url=server).resolved(tmp_path) == server
    monkeypatch.setenv(STORE_VARIABLE, "sqlite:///b.db")
    assert StoreSettings(url=server).resolved(tmp_path) == f"sqlite:///{tmp_path.resolve()}/b.db"


def test_the_settings_have_their_bounds() -> None:
    assert StoreSettings.model_validate({"history_days": "10w"}).history_days == 70
    for wrong in ({"keep_runs": 0}, {"history_days": "0d"}, {"uri": "sqlite:///x.db"}):
        with pytest.raises(ValidationError):
            StoreSettings.model_validate(wrong)
