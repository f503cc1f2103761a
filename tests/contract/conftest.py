"""The engines that every test of this folder runs on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from features.loading import load
from features.settings import DataSettings, TableSettings
from features.sources import connect
from features.tables import Loaded
from tests.contract.companies import NOW, ZONE, Loader, disconnect
from tests.contract.places import NoJava, Place, duckdb_place, java, postgres_place, spark_place
from tests.postgres import new_database

QUICK = {
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
}
"""For tables of a few rows: compiling a query's code takes longer than running it."""


@pytest.fixture(scope="session")
def spark_conf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of Spark's own settings, where Spark looks for them."""
    folder = tmp_path_factory.mktemp("spark_conf")
    lines = [f"{key} {value}" for key, value in QUICK.items()]
    warehouse = f"spark.sql.warehouse.dir {folder / 'warehouse'}"
    (folder / "spark-defaults.conf").write_text("\n".join([*lines, warehouse]), encoding="utf-8")
    quiet = "rootLogger.level = off\n"
    (folder / "log4j2.properties").write_text(quiet, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def spark(spark_conf: Path) -> None:
    """Make sure that Spark can run, quickly."""
    try:
        java()
    except NoJava as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"NOT TESTED ON SPARK: {reason}")
    os.environ["SPARK_CONF_DIR"] = str(spark_conf)


@pytest.fixture(params=["postgresql", "spark"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give another engine than the one that every other test runs on."""
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("server"))
        return postgres_place(url.replace("postgresql+psycopg://", "postgresql://"))
    request.getfixturevalue("spark")
    return spark_place(tmp_path)


@pytest.fixture
def files(tmp_path: Path) -> Place:
    """Give the engine that every other test runs on."""
    return duckdb_place(tmp_path)


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Loader]:
    """Return a function that puts tables into a place and loads them, and disconnect in the end."""
    backends = []

    def put(place: Place, tables: Mapping[str, pa.Table], **more: object) -> Loaded:
        data = DataSettings(engine=place.engine, timezone=ZONE, max_rejected=1)
        settings = {
            name: TableSettings.model_validate(
                {"columns": {c: c for c in tables[name].column_names}, **where, **more}
            )
            for name, where in place.put(tables).items()
        }
        backends.append(connect(data, tmp_path))
        return load(backends[-1], settings, data, tmp_path, NOW)

    yield put
    for backend in backends:
        disconnect(backend)
