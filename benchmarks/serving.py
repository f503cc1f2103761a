"""Predictions over HTTP: Keepwell beside MLflow's server and a bare handler, in one run.

    .venv/bin/python -m benchmarks.serving [--seconds 10] [--customers 3000]

All three servers score with every booster of the same bundle, on one thread, in one worker, on
this machine. The load comes from this process: an asyncio client over plain sockets that keeps
its connections open and sends the next request when the answer to the last is there.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightgbm as lgb
import mlflow.pyfunc
import numpy as np
import orjson
import pandas as pd
from mlflow.models import infer_signature
from mlflow.pyfunc.model import PythonModel
from rich.console import Console
from rich.table import Table

from keepwell.cli import main as keepwell
from models import bundle as bundles
from models.bundle import Bundle
from models.folder_registry import FolderRegistry
from tests.support import BASE, sales

BIN = Path(sys.executable).parent
CONNECTIONS = 8
WARM_S = 2.0
START_S = 180
PREDICT = "/v1/predict"


@dataclass(frozen=True)
class Load:
    """What a run of requests came to."""

    per_second: float
    p50_ms: float
    p99_ms: float


async def _ask(port: int, request: bytes, until: float, took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            raise RuntimeError(head.decode())
        length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
        await reader.readexactly(int(length))
        took.append(time.perf_counter() - began)
    writer.close()


def load(port: int, path: str, body: bytes | None, seconds: float, connections: int) -> Load:
    """Ask for `seconds` over some connections, after a warm-up.

    Parameters
    ----------
    port : int
    path : str
    body : bytes or None
        JSON to be posted; None gets.
    seconds : float
    connections : int
    """
    request = _request(path, body)

    async def run(duration: float) -> list[float]:
        took: list[float] = []
        until = time.perf_counter() + duration
        await asyncio.gather(*(_ask(port, request, until, took) for _ in range(connections)))
        return took

    asyncio.run(run(WARM_S))
    began = time.perf_counter()
    took = asyncio.run(run(seconds))
    spent = time.perf_counter() - began
    p50, p99 = np.percentile(took, [50, 99]) * 1000
    return Load(len(took) / spent, float(p50), float(p99))


def _request(path: str, body: bytes | None) -> bytes:
    if body is None:
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def server(command: Sequence[object], ready: str, port: int, log: Path) -> Iterator[int]:
    """Start a server, wait until it answers, and stop it."""
    with log.open("w") as out:
        words = [str(word) for word in command]
        process = subprocess.Popen(words, stdout=out, stderr=out, env=_environment())  # noqa: S603
        try:
            _wait(port, ready, log)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}


def _wait(port: int, path: str, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                if b" 200 " in client.recv(20):
                    return
        except OSError:
            pass
        time.sleep(0.3)
    raise RuntimeError(log.read_text())


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class AllBoosters(PythonModel):
    """The bundle as MLflow's server takes it."""

    def load_context(self, context: Any) -> None:  # noqa: ANN401 - MLflow's context
        """Read the bundle."""
        self.bundle = bundles.load(Path(context.artifacts["bundle"]))

    def predict(
        self,
        context: Any,  # noqa: ANN401 - MLflow's context
        model_input: pd.DataFrame,
        params: object = None,
    ) -> pd.DataFrame:
        """Score rows of features."""
        del context, params
        release = self.bundle.release
        scores = release.score_matrix(model_input, release.encoder.matrix(model_input), 1)
        return pd.DataFrame(scores)


def rows_of(found: Bundle, count: int) -> list[dict[str, float | str]]:
    """Give features of so many customers, no two alike: equal ones are scored unusually fast."""
    rng, levels = np.random.default_rng(1), found.release.encoder.levels
    columns = {
        f.name: rng.choice(levels[f.name] or ("none",), count).tolist()
        if f.name in levels
        else rng.gamma(1.0, 20.0, count).tolist()
        for f in found.table_features
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def named(found: Bundle, customers: int) -> bytes:
    """Give a request with rows of features."""
    rows = rows_of(found, customers)
    given = [{"customer_id": str(n), "features": row} for n, row in enumerate(rows)]
    return orjson.dumps({"customers": given})


def told(found: Bundle, customers: int) -> bytes:
    """Give a request with histories of 50 transactions."""
    day = pd.Timestamp(found.data_cutoff)
    rows = [
        {
            "occurred_at": (day - timedelta(days=5 * n + 1)).isoformat(),
            "amount": 10.0 + n,
        }
        for n in range(50)
    ]
    one = {"as_of": found.data_cutoff, "history": {"transactions": rows}}
    return orjson.dumps({"customers": [{"customer_id": str(n), **one} for n in range(customers)]})


def boosters_alone(found: Bundle, rows: int, seconds: float) -> float:
    """Give the rows per second that the boosters score, on one thread, from a ready matrix."""
    frame = pd.DataFrame(rows_of(found, rows))
    matrix = found.release.encoder.matrix(frame)
    count, until = 0, time.perf_counter() + seconds
    began = time.perf_counter()
    while time.perf_counter() < until:
        found.release.score_matrix(frame, matrix, 1)
        count += rows
    return count / (time.perf_counter() - began)


def run(folder: Path, customers: int, seconds: float, out: Console) -> None:
    """Measure everything and print it."""
    config = trained(folder, customers)
    release = FolderRegistry(folder / "release")
    _, found = release.load_champion()
    one, many = named(found, 1), named(found, 1_000)
    by: dict[str, Load] = {}
    port = free_port()
    serve = [BIN / "keepwell", "serve", "--config", config, "--port", str(port)]
    with server(serve, "/readyz", port, folder / "keepwell.log"):
        by["Keepwell"] = load(port, PREDICT, one, seconds, CONNECTIONS)
        thousand = load(port, PREDICT, many, seconds, 1)
        history = load(port, PREDICT, told(found, 1), seconds, 1)
        crowd = load(port, PREDICT, told(found, 1), seconds, CONNECTIONS)
        histories = load(port, PREDICT, told(found, 500), seconds, 1)
    by["bare uvicorn handler"] = _bare(folder, one, seconds)
    by["mlflow models serve"] = _mlflow(folder, found, seconds)
    alone = boosters_alone(found, 1_000, seconds)
    out.print(
        f"{platform.platform()}, {os.cpu_count()} processors; {len(found.features)} features, "
        f"{_trees(found)} trees; {CONNECTIONS} connections for single rows, {seconds:g} s each"
    )
    _print(by, out)
    rows = 1_000 * thousand.per_second
    per_customer = 500 * histories.per_second
    for line in (
        f"1,000 rows a request: {rows:,.0f} rows/s; the boosters alone {alone:,.0f}",
        f"  {rows / alone:.2f} x; target 0.3",
        f"a history of 50 transactions, one at a time: {history.per_second:,.0f} requests/s",
        f"  p50 {history.p50_ms:.1f} ms; target 40 requests/s",
        f"  {CONNECTIONS} connections: {crowd.per_second:,.0f} requests/s",
        f"500 such histories a request: {per_customer:,.0f} customers/s; target 1,500",
    ):
        out.print(line)


def _trees(found: Bundle) -> int:
    release = found.release
    estimators = (release.churn, release.retained, release.churned)
    fitted = [m.estimator for m in estimators if isinstance(m.estimator, lgb.Booster)]
    return sum(booster.num_trees() for booster in fitted)


def trained(folder: Path, customers: int) -> Path:
    """Train on a made-up shop and export its champion; give the configuration."""
    config = folder / "keepwell.toml"
    config.write_text(BASE, encoding="utf-8")
    sales(customers).to_parquet(folder / "transactions.parquet")
    for command in (["train"], ["export", str(folder / "release")]):
        if keepwell([*command, "--config", str(config)]) != 0:
            raise RuntimeError(command)
    return config


def _bare(folder: Path, body: bytes, seconds: float) -> Load:
    port = free_port()
    os.environ["KEEPWELL_BENCHMARK_RELEASE"] = str(folder / "release")
    command: list[str | Path] = [
        BIN / "uvicorn",
        "benchmarks.bare_handler:app",
        "--port",
        str(port),
    ]
    with server([*command, "--no-access-log"], "/", port, folder / "bare.log"):
        return load(port, PREDICT, body, seconds, CONNECTIONS)


def _mlflow(folder: Path, found: Bundle, seconds: float) -> Load:
    path = folder / "pyfunc"
    mlflow.pyfunc.save_model(
        path,
        python_model=AllBoosters(),
        artifacts={"bundle": str(folder / "release" / "bundle")},
        pip_requirements=[],
        signature=infer_signature(pd.DataFrame(rows_of(found, 1))),  # it checks its input as ours
    )
    body = orjson.dumps({"dataframe_records": rows_of(found, 1)})
    port = free_port()
    command: list[str | Path] = [BIN / "mlflow", "models", "serve", "-m", path, "-p", str(port)]
    with server(
        [*command, "--env-manager", "local", "-w", "1"], "/ping", port, folder / "mlflow.log"
    ):
        return load(port, "/invocations", body, seconds, CONNECTIONS)


def _print(by: dict[str, Load], out: Console) -> None:
    table = Table("one row of features", "requests/s", "p50 ms", "p99 ms", "p99/p50")
    for name, found in by.items():
        table.add_row(
            name,
            f"{found.per_second:,.0f}",
            f"{found.p50_ms:.1f}",
            f"{found.p99_ms:.1f}",
            f"{found.p99_ms / found.p50_ms:.1f}",
        )
    out.print(table)
    ours = by["Keepwell"].per_second
    for name, target in (("mlflow models serve", 12.0), ("bare uvicorn handler", 0.2)):
        out.print(f"{ours / by[name].per_second:.2f} x {name}; target {target:g}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--customers", type=int, default=3_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        run(Path(place), given.customers, given.seconds, Console(width=100))
