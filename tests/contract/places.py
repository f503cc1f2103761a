"""Engines to test: one suite, on DuckDB's files, on a real PostgreSQL server and on Spark."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from tests.apt import can_install, install

Names = Mapping[str, Mapping[str, str]]
"""Table to what its section of the configuration says of where it is."""


_JAVA = "openjdk-17-jre-headless"


class NoJava(RuntimeError):  # noqa: N818 - named for what it says
    """Why Spark cannot run here."""


@dataclass(frozen=True)
class Place:
    """Where a company's tables are.

    Attributes
    ----------
    engine
        What `data.engine` says.
    put
        From tables by name to where each of them is.
    """

    engine: str
    put: Callable[[Mapping[str, pa.Table]], Names]


def duckdb_place(folder: Path) -> Place:
    """Give a folder of files."""
    return Place(
        "duckdb://", lambda tables: {n: {"source": _file(t, folder)} for n, t in tables.items()}
    )


def postgres_place(url: str) -> Place:
    """Give a database of a server, each company in a schema of its own."""

    def put(tables: Mapping[str, pa.Table]) -> Names:
        schema = f"shop_{secrets.token_hex(4)}"
        backend = ibis.connect(url)
        backend.raw_sql(f"CREATE SCHEMA {schema}")
        for name, table in tables.items():
            backend.create_table(name, table, database=schema)
        backend.disconnect()
        return {name: {"source": f"{schema}.{name}"} for name in tables}

    return Place(url, put)


def spark_place(folder: Path) -> Place:
    """Give a folder of files that Spark reads, in a session on this machine."""

    def put(tables: Mapping[str, pa.Table]) -> Names:
        return {
            name: {"query": f"SELECT * FROM parquet.`{folder / _file(table, folder)}`"}  # noqa: S608 - ours
            for name, table in tables.items()
        }

    return Place("spark://local[2]", put)


def java() -> None:
    """Bring Java where it is missing.

    Raises
    ------
    NoJava
        When it is missing and cannot be installed.
    """
    if shutil.which("java"):
        return
    if not can_install():
        raise NoJava(f"no java on PATH; install it (Debian: apt-get install {_JAVA})")
    if problem := install(_JAVA):
        raise NoJava(problem)


def _file(table: pa.Table, folder: Path) -> str:
    name = f"{secrets.token_hex(6)}.parquet"
    pq.write_table(table, folder / name)
    return name
