"""A company with all tables, trained for real, and its records as an application sends them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
from rich.console import Console

from features.asof import Spine
from features.panel import features_at
from features.population import active
from features.tables import Tables
from keepwell.project import Project
from keepwell.training import run_training
from models.bundle import Bundle
from tests.support import sales
from training.task import known_by

ZONE = "Europe/Paris"
CUTOFF, LATER = date(2023, 9, 20), date(2023, 10, 15)
MAPPED = {
    "transactions": "order_id product_id category quantity discount recorded_at",
    "customers": "joined_at valid_from region age birthday",
    "complaints": "promised_at resolved_at category severity satisfaction compensation",
}
SECTIONS = "".join(
    f'[tables.{table}]\nsource = "{table}.parquet"\n[tables.{table}.columns]\n'
    + "".join(f'{column} = "{column}"\n' for column in columns.split())
    for table, columns in MAPPED.items()
)
CONFIG = f"""
name = "shop"
currency = "EUR"

[data]
timezone = "{ZONE}"

{SECTIONS}
[population]
active_within = "60d"

[churn]
horizon = "30d"

[training]
cutoffs = 2
every = "30d"
folds = 1
"""
TIMES = {
    "transactions": "occurred_at",
    "customers": "valid_from",
    "complaints": "opened_at",
}
Frames = dict[str, pd.DataFrame]
Records = dict[str, dict[str, list[dict[str, Any]]]]


def company(seed: int = 3) -> Frames:
    """Make up the tables of a company; times are moments, with an offset."""
    rng = np.random.default_rng(seed)
    lines = sales(250, seed=seed)
    count = len(lines)
    lines["occurred_at"] = lines["occurred_at"].dt.tz_localize("UTC")
    lines["amount"] = np.where(rng.random(count) < 0.05, -lines["amount"], lines["amount"])
    lines["order_id"] = rng.integers(0, 9, count).astype(str)
    lines["order_id"] = lines["order_id"].mask(rng.random(count) < 0.1)
    lines["product_id"] = rng.integers(0, 40, count).astype(str)
    lines["category"] = rng.choice(["food", "drink", "garden"], count)
    lines["quantity"] = rng.integers(1, 5, count).astype(float)
    lines["discount"] = np.where(rng.random(count) < 0.3, np.round(rng.random(count), 2), 0.0)
    late = pd.to_timedelta(np.where(rng.random(count) < 0.1, 15, 0), unit="D")
    lines["recorded_at"] = lines["occurred_at"] + late
    return {"transactions": lines, "customers": _customers(rng), "complaints": _complaints(rng)}


def _customers(rng: np.random.Generator) -> pd.DataFrame:
    first = pd.DataFrame({"customer_id": [f"{n:05d}" for n in range(240)]})
    first["joined_at"] = pd.Timestamp("2022-12-01", tz="UTC")
    first["valid_from"] = pd.Timestamp("2022-12-01", tz="UTC")
    first["region"] = rng.choice(["north", "south", "east"], len(first))
    first["region"] = first["region"].mask(rng.random(len(first)) < 0.2)
    first["age"] = rng.integers(18, 80, len(first)).astype(float)
    first["birthday"] = pd.Timestamp("1980-05-05", tz="UTC") + pd.to_timedelta(
        rng.integers(0, 9000, len(first)), unit="D"
    )
    moved = first.sample(80, random_state=1).assign(region="west")
    moved["valid_from"] = pd.Timestamp("2023-09-01", tz="UTC") + pd.to_timedelta(
        rng.integers(0, 60, len(moved)), unit="D"
    )
    return pd.concat([first, moved], ignore_index=True)


def _complaints(rng: np.random.Generator) -> pd.DataFrame:
    count = 200
    made = pd.DataFrame({"customer_id": [f"{n:05d}" for n in rng.integers(0, 250, count)]})
    hours = pd.to_timedelta(rng.integers(0, 24 * 290, count), unit="h")
    made["opened_at"] = pd.Timestamp("2023-01-01 06:00", tz="UTC") + hours
    took = pd.to_timedelta(rng.integers(1, 900, count), unit="h")
    made["resolved_at"] = (made["opened_at"] + took).where(rng.random(count) < 0.8)
    made["promised_at"] = made["opened_at"] + pd.Timedelta(days=5)
    made["category"] = rng.choice(["late", "broken"], count)
    made["severity"] = rng.integers(1, 4, count).astype(float)
    made["satisfaction"] = rng.integers(1, 6, count).astype(float)
    made["compensation"] = np.round(rng.random(count) * 20, 2)
    return made


@dataclass(frozen=True)
class Trained:
    """A project with a champion, and what its tables say."""

    project: Project
    bundle: Bundle
    records: Records

    def batch(self, day: date) -> pd.DataFrame:
        """Compute the features as the nightly run does."""
        return batch(self.project.load().tables, self.bundle, day)

    def histories(self, day: date, customers: Iterable[str]) -> list[dict[str, Any]]:
        """Give customers as an application sends them: all rows that happened before a day."""
        return [
            {"customer_id": c, "as_of": str(day), "history": history(self.records[c], day)}
            for c in customers
        ]


def batch(tables: Tables, bundle: Bundle, day: date) -> pd.DataFrame:
    """Compute the features of the population at a day, as the nightly run does."""
    spine: Spine = active(tables, day, bundle.definition.active_within)
    made = features_at(known_by(tables, day), spine)
    frame: pd.DataFrame = made.table.order_by("customer_id").to_pandas()
    return frame


def history(records: dict[str, list[dict[str, Any]]], day: date) -> dict[str, Any]:
    """Keep the events before a day; facts without an event's time are kept whole."""
    return {
        table: [r for r in rows if table == "customers" or _local(r[TIMES[table]]).date() < day]
        for table, rows in records.items()
    }


def _local(text: str) -> datetime:
    stamp = pd.Timestamp(text)
    local = stamp.tz_convert(ZONE).tz_localize(None) if stamp.tzinfo else stamp
    return local.to_pydatetime()


def records_of(frames: Frames) -> Records:
    """Give the tables as JSON rows by customer: times now local, now with an offset."""
    found: Records = {}
    for table, frame in frames.items():
        for number, row in enumerate(frame.to_dict("records")):
            cells = {str(c): _json(v, local=number % 2 == 0) for c, v in row.items()}
            owned = found.setdefault(str(cells.pop("customer_id")), {t: [] for t in frames})
            owned[table].append(cells)
    return found


def _json(value: object, *, local: bool) -> object:
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, pd.Timestamp):
        moment = (
            value.tz_convert(ZONE).tz_localize(None) if local else value.tz_convert("Asia/Tokyo")
        )
        return moment.isoformat()
    return value


def train(folder: Path) -> Trained:
    """Train a company for real."""
    folder.mkdir()
    frames = company()
    (folder / "keepwell.toml").write_text(CONFIG, encoding="utf-8")
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet")
    project = Project.at(folder / "keepwell.toml")
    run_training(project, Console(file=io.StringIO()), CUTOFF)
    _, bundle = project.registry.load_champion()
    return Trained(project, bundle, records_of(frames))


def memory_tables(frames: Frames) -> Tables:
    """Give frames with canonical columns and local times as tables."""
    return {name: ibis.memtable(frame) for name, frame in frames.items()}
