"""A real PostgreSQL server for the length of a block, in a folder of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from tests.apt import can_install, install

_DEBIAN = Path("/usr/lib/postgresql")
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class NoPostgres(RuntimeError):  # noqa: N818 - named for what it says
    """Why no server can be started here."""


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """Start a server on 127.0.0.1 and yield the URL of an empty database in it.

    Parameters
    ----------
    durable : bool
        Keep PostgreSQL's own settings for safety on disk: slower, and what a benchmark measures.

    Raises
    ------
    NoPostgres
        When PostgreSQL is missing and cannot be installed, or does not start.
    """
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="keepwell-postgres-"))
    password, port = secrets.token_hex(8), _free_port()
    try:
        _initialise(binaries, folder, password)
        _control(binaries, folder, "start", _options(folder, port, durable=durable))
        try:
            yield f"postgresql+psycopg://keepwell:{password}@127.0.0.1:{port}/postgres"
        finally:
            _control(binaries, folder, "stop", "")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options(folder: Path, port: int, *, durable: bool) -> str:
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    return " ".join(f"-c {setting}" for setting in [*settings, *(() if durable else _FAST)])


def _initialise(binaries: Path, folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password)
    if os.geteuid() == 0:
        for path in (folder, secret):
            shutil.chown(path, "postgres", "postgres")
    initdb = [str(binaries / "initdb"), "--username=keepwell", "--auth=scram-sha-256"]
    places = [f"--pgdata={folder / 'data'}", f"--pwfile={secret}"]
    _run([*initdb, *places, "--encoding=UTF8", "--no-locale", "--no-sync"])


def _control(binaries: Path, folder: Path, action: str, options: str) -> None:
    control = [str(binaries / "pg_ctl"), action, "--wait", f"--pgdata={folder / 'data'}"]
    log = [f"--log={folder / 'log'}", f"--options={options}"]
    _run([*control, *(log if action == "start" else ["--mode=immediate"])])


def _run(command: Sequence[str]) -> None:
    """Run a server's program, which refuses to be root."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    # To a file: a server that is started would hold a pipe open for as long as it runs.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run([*user, *command], stdout=said, stderr=said, cwd="/", check=False)
        said.seek(0)
        if done.returncode:
            raise NoPostgres(f"{command[0]} failed: {said.read().decode().strip()}")


def _binaries() -> Path:
    found = _find()
    if found is None and can_install():
        if problem := install("postgresql"):
            raise NoPostgres(problem)
        found = _find()
    if found is None:
        raise NoPostgres(
            "PostgreSQL's initdb is not here; install it (Debian: apt-get install postgresql)"
        )
    return found


def _find() -> Path | None:
    for folder in sorted(_DEBIAN.glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
    return port


def new_database(server: str) -> str:
    """Make a database and return its URL, its password shown."""
    name = f"store_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)
