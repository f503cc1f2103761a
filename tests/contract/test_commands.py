"""A user moves from files to a database, or to a cluster, by one line, and gets the same list."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyspark
import pytest
from pandas.testing import assert_frame_equal

from keepwell.cli import main
from tests.contract.places import postgres_place
from tests.postgres import new_database
from tests.support import BASE, sales

SHORT = BASE.replace("cutoffs = 4", "cutoffs = 2")


@pytest.fixture(scope="module")
def of_files(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Give the list that comes from files."""
    folder = tmp_path_factory.mktemp("files")
    sales().to_parquet(folder / "transactions.parquet")
    return listed(folder, SHORT)


@pytest.fixture
def cluster(spark_conf: Path, spark: None) -> Iterator[str]:
    """Start a Spark Connect server of its own and give its URL."""
    del spark
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = Path(pyspark.__file__).parent
    conf = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    options = [part for key, value in conf.items() for part in ("--conf", f"{key}={value}")]
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    command = [home / "bin" / "spark-submit", "--master", "local[2]", "--class", server, *options]
    environment = {**os.environ, "SPARK_CONF_DIR": str(spark_conf), "SPARK_HOME": str(home)}
    with (spark_conf / "connect.log").open("wb") as log:
        process = subprocess.Popen(
            [*map(str, command), "spark-internal"], env=environment, stdout=log, stderr=log
        )
        try:
            wait_for(port, process)
            yield f"sc://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the server has ended"
        with closing(socket.socket()) as client:
            if not client.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.2)
    pytest.fail("the server does not answer")


def listed(folder: Path, configuration: str, *, apart: bool = False) -> pd.DataFrame:
    """Train, score and give the list; ``apart``: in processes of their own."""
    (folder / "keepwell.toml").write_text(configuration, encoding="utf-8")
    where = ["--config", str(folder / "keepwell.toml")]
    asked = ["risk-list", "--top", "40", "--out", str(folder / "a.csv")]
    for words in (["check"], ["train"], ["score"], asked):
        if apart:
            done = subprocess.run(
                [Path(sys.executable).with_name("keepwell"), *words, *where],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        else:
            assert main([*words, *where]) == 0
    return pd.read_csv(folder / "a.csv", dtype={"customer_id": str})


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert_frame_equal(found, expected, check_exact=False, rtol=1e-6)


def test_a_database(of_files: pd.DataFrame, server: str, tmp_path: Path) -> None:
    url = new_database(server).replace("postgresql+psycopg://", "postgresql://")
    place = postgres_place(url)
    where = place.put({"transactions": pa.Table.from_pandas(sales(), preserve_index=False)})
    configuration = SHORT.replace("transactions.parquet", where["transactions"]["source"])
    same(listed(tmp_path, f'{configuration}\n[data]\nengine = "{url}"\n'), of_files)


def test_a_cluster(of_files: pd.DataFrame, cluster: str, tmp_path: Path) -> None:
    sales().to_parquet(tmp_path / "sales.parquet", coerce_timestamps="us")
    query = f'query = "SELECT * FROM parquet.`{tmp_path / "sales.parquet"}`"'  # noqa: S608 - ours
    configuration = SHORT.replace('source = "transactions.parquet"', query)
    same(listed(tmp_path, f'{configuration}\n[data]\nengine = "{cluster}"\n', apart=True), of_files)
