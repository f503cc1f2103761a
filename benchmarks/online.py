"""Predictions on request beside the boosters alone: ``python -m benchmarks.online``.

One process, one thread. The boosters are fitted on made-up figures of a full set of features, with
400, 400 and 100 trees; their denominator is all three of them, on one thread, on an encoded matrix.
The requests are JSON text, as a server gets them, and are read in the measured time. The median of
several rounds is told, because the machine is rarely idle, and for histories also the processor
time of the best one.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import ibis
import lightgbm as lgb
import numpy as np
from rich.console import Console

from features.asof import Spine
from features.catalogue import FeatureSet
from features.columns import LAYOUTS, Kind, TableLayout
from features.inputs import Inputs, unbound
from features.panel import features_at
from models.bundle import Bundle, Definition
from models.churn import ChurnModel
from models.matrix import Encoder, Floats
from models.recipe import Recipe
from models.release import Release
from models.value import ConditionalValue
from serving.online.predictor import Predictor
from serving.online.schemas import read

Row = dict[str, Any]
AS_OF = datetime(2024, 7, 1)  # noqa: DTZ001 - local time
LINES = 50
SHOPS = {
    "transactions with all columns": ("transactions",),
    "complaints too": ("transactions", "complaints"),
    "every table": tuple(LAYOUTS),
}
FEWER = {"transactions": LINES, "activities": 20}
"""Rows of a history by table; 2 of the others."""


def inputs_of(tables: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Give tables with all columns, but for the time of recording, which makes a query slower."""
    return {
        name: {c: k.dtype for c, k in LAYOUTS[name].columns.items() if c != "recorded_at"}
        for name in tables
    }


def features_of(inputs: Inputs) -> FeatureSet:
    """Give the features that tables allow, numbers alone."""
    spine = ibis.table({"customer_id": "string", "cutoff": "timestamp(6)"}, name="spine")
    found = features_at(unbound(inputs), Spine(spine)).features
    return FeatureSet(tuple(f for f in found if f.dtype == "float64"))


def bundle_of(inputs: Inputs, rng: np.random.Generator) -> Bundle:
    """Fit boosters of a usual size on noise: their speed does not depend on what they know."""
    features = features_of(inputs)
    matrix = rng.gamma(1.0, 20.0, (4_000, len(features)))
    outcome = (matrix[:, 0] + rng.gamma(1.0, 20.0, 4_000) > 30).astype(float)  # noqa: PLR2004

    def fitted(objective: str, trees: int) -> lgb.Booster:
        parameters = {"objective": objective, "num_leaves": 15, "verbosity": -1, "num_threads": 1}
        data = lgb.Dataset(matrix, outcome, feature_name=features.names)
        return lgb.train({**parameters, "learning_rate": 0.03}, data, trees)

    release = Release(
        Encoder(features, {}),
        ChurnModel(fitted("binary", 400)),
        ConditionalValue(fitted("tweedie", 400)),
        ConditionalValue(fitted("regression", 100)),
        {},
    )
    definition = Definition("inactivity", 90, 0, 90, 365, "EUR", "UTC")
    return Bundle("bench", release, definition, Recipe(), "2024-06-01", inputs=inputs)


def histories(predictor: Predictor, count: int, rng: np.random.Generator) -> bytes:
    """Make a request of customers with 50 transactions each, and rows of other tables, as JSON."""
    customers = [_history(predictor, number, rng) for number in range(count)]
    return json.dumps({"customers": customers}).encode()


def _history(predictor: Predictor, number: int, rng: np.random.Generator) -> dict[str, Any]:
    inputs = predictor.bundle.inputs
    history = {
        name: [_row(LAYOUTS[name], columns, rng) for _ in range(FEWER.get(name, 2))]
        for name, columns in inputs.items()
    }
    if "customers" in history:
        history["customers"] = history["customers"][:1]
    if "referrals" in history:
        friend = {"occurred_at": "2024-05-01", "amount": 5}
        lines = [{"customer_id": r["referred_id"], **friend} for r in history["referrals"]]
        history["referred_transactions"] = lines
    return {"customer_id": f"c{number}", "as_of": str(AS_OF.date()), "history": history}


def _row(layout: TableLayout, columns: Mapping[str, str], rng: np.random.Generator) -> Row:
    """Make a row of any table; outcomes are open."""
    age = timedelta(days=float(rng.uniform(1, 700)))
    made: dict[Kind, Any] = {
        Kind.TIME: None,
        Kind.ID: f"p{rng.integers(0, 30)}",
        Kind.TEXT: f"kind {rng.integers(0, 3)}",
        Kind.MONEY: round(float(rng.gamma(2.0, 20.0)), 2),
        Kind.NUMBER: 2,
        Kind.FLAG: True,
    }
    row = {c: made[layout.kind(c)] for c in columns if c != "customer_id"}
    return {**row, str(layout.time or "valid_from"): (AS_OF - age).isoformat(timespec="seconds")}


def rows(predictor: Predictor, count: int, rng: np.random.Generator) -> bytes:
    """Make a request of customers with named features, as JSON."""
    names = predictor.bundle.features.names
    figures = rng.gamma(1.0, 20.0, (count, len(names))).round(4).tolist()
    customers = [
        {"customer_id": f"c{n}", "features": dict(zip(names, row, strict=True))}
        for n, row in enumerate(figures)
    ]
    return json.dumps({"customers": customers}).encode()


def seconds(work: Callable[[], object], least: float = 1.5) -> tuple[float, float]:
    """Give the median time of a call, and the least processor time, over some seconds of calls."""
    work()
    taken: list[float] = []
    used: list[float] = []
    while sum(taken) < least or len(taken) < 5:  # noqa: PLR2004 - a median of fewer says little
        start, busy = time.perf_counter(), time.process_time()
        work()
        taken.append(time.perf_counter() - start)
        used.append(time.process_time() - busy)
    return statistics.median(taken), min(used)


def boosters(bundle: Bundle, matrix: Floats, threads: int = 1) -> None:
    """Run the three boosters and nothing else."""
    release = bundle.release
    for model in (release.churn.estimator, release.retained.estimator, release.churned.estimator):
        assert isinstance(model, lgb.Booster)  # noqa: S101 - as made above
        model.predict(matrix, num_threads=threads)


def answer(predictor: Predictor, body: bytes) -> None:
    """Do what a request asks, from its text on."""
    request = read(body)
    predictor.predict(request.customers, explain=request.explain)


def measure_rows(predictor: Predictor, count: int, rng: np.random.Generator) -> str:
    """Time feature rows, and the boosters alone on as many."""
    figures = rng.gamma(1.0, 20.0, (count, len(predictor.bundle.features)))
    alone, _ = seconds(partial(boosters, predictor.bundle, figures))
    took, _ = seconds(partial(answer, predictor, rows(predictor, count, rng)))
    return (
        f"  {count:>5,} rows of features: {1e3 * took:8.2f} ms, boosters alone "
        f"{1e3 * alone:8.2f} ms: {alone / took:.2f} x their rows a second"
    )


def measure_histories(predictor: Predictor, count: int, rng: np.random.Generator) -> str:
    """Time histories, from their text on."""
    took, busy = seconds(partial(answer, predictor, histories(predictor, count, rng)))
    return (
        f"  {count:>5,} histories of {LINES} rows: {1e3 * took:6.1f} ms, "
        f"{1 / took:,.0f} requests/s, {count / took:,.0f} customers/s; "
        f"{1e3 * busy:.1f} ms of a processor"
    )


def main() -> None:
    """Measure and print."""
    out, rng = Console(highlight=False, width=120), np.random.default_rng(1)
    for name, tables in SHOPS.items():
        bundle = bundle_of(inputs_of(tables), rng)
        start = time.perf_counter()
        predictor = Predictor(bundle, 1, clock=lambda: AS_OF)
        made = time.perf_counter() - start
        out.print(f"{name}: {len(predictor.bundle.features)} features, ready in {made:.2f} s")
        for count in (1, 1_000):
            out.print(measure_rows(predictor, count, rng))
        for count in (1, 500):
            out.print(measure_histories(predictor, count, rng))


if __name__ == "__main__":
    main()
