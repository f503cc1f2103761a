"""A company with all tables, trained for real, and its records as an application sends them."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
from rich.console import Console

from features.columns import LAYOUTS
from features.families import FAMILIES
from features.own import load
from features.panel import features_at
from features.population import population
from features.tables import Tables
from keepwell.project import Project
from keepwell.training import run_training
from models.bundle import Bundle
from serving.online.shape import REFERRED
from tests.serving import online_tables
from tests.support import sales
from training.dates import known_by

ZONE = "Europe/Paris"
CUTOFF, LATER = date(2023, 9, 20), date(2023, 10, 15)
ATTRIBUTES = ("region", "age", "children", "vip", "email", "birthday")
MAPPED = {name: (*layout.optional,) for name, layout in LAYOUTS.items()} | {
    "customers": (
        "joined_at",
        "valid_from",
        *["region", "age", "children", "vip", "email", "birthday"],
    ),
    "complaints": tuple(c for c in LAYOUTS["complaints"].optional if c != "recorded_at"),
}
"""All optional columns; complaints do without the day of recording, which the others have."""

SECTIONS = "".join(
    f'[tables.{table}]\nsource = "{table}.parquet"\n[tables.{table}.columns]\n'
    + "".join(f'{column} = "{column}"\n' for column in columns)
    for table, columns in MAPPED.items()
)
CONFIG = f"""
name = "shop"
currency = "EUR"

[data]
timezone = "{ZONE}"

{SECTIONS}
[features]
families = ["shopping_times.py"]

[population]
active_within = "60d"

[churn]
horizon = "30d"

[training]
cutoffs = 2
every = "30d"
folds = 1
"""
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "own-families.md"
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
    lines["margin"] = lines["amount"] * 0.2
    lines["channel"] = rng.choice(["shop", "web"], count)
    others = {n: getattr(online_tables, n)(rng) for n in LAYOUTS if n != "transactions"}
    return {"transactions": lines, **others}


def own_family() -> str:
    """Give the family that the documentation shows."""
    (text,) = re.findall(r"```python\n(.*?)```", EXAMPLE.read_text(encoding="utf-8"), re.DOTALL)
    return str(text)


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
    meant = bundle.definition
    spine = population(tables, day, meant.churn_kind, meant.active_within)
    own = load(bundle.families, FAMILIES)
    made = features_at(known_by(tables, day), spine, own.families)
    frame: pd.DataFrame = made.table.order_by("customer_id").to_pandas()
    return frame


def history(records: dict[str, list[dict[str, Any]]], day: date) -> dict[str, Any]:
    """Keep the events before a day; facts without an event's time are kept whole."""
    kept = {
        table: [r for r in rows if table == "customers" or _local(r[_time(table)]).date() < day]
        for table, rows in records.items()
    }
    referred = {row["referred_id"] for row in kept.get("referrals", [])}
    lines = [line for line in kept.get(REFERRED, []) if line["customer_id"] in referred]
    return {**kept, REFERRED: lines}


def _time(table: str) -> str:
    return str(LAYOUTS["transactions" if table == REFERRED else table].time)


def _local(text: str) -> datetime:
    stamp = pd.Timestamp(text)
    local = stamp.tz_convert(ZONE).tz_localize(None) if stamp.tzinfo else stamp
    return local.to_pydatetime()


def records_of(frames: Frames) -> Records:
    """Give the tables as JSON rows by customer: times now local, now with an offset."""
    found: Records = defaultdict(lambda: {t: [] for t in (*frames, REFERRED)})
    for table, frame in frames.items():
        for number, row in enumerate(frame.to_dict("records")):
            cells = {str(c): _json(v, local=number % 2 == 0) for c, v in row.items()}
            if table == "referrals":
                found[str(cells["referred_id"])][table].append(dict(cells))
            found[str(cells.pop("customer_id"))][table].append(cells)
    for owned in found.values():
        brought = {r["referred_id"] for r in owned.get("referrals", []) if "customer_id" not in r}
        owned[REFERRED] = [
            {"customer_id": c, **_plain(line)}
            for c in sorted(brought & found.keys())
            for line in found[c]["transactions"]
        ]
    return found


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    return {c: line[c] for c in ("occurred_at", "amount", "recorded_at") if c in line}


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
    (folder / "shopping_times.py").write_text(own_family(), encoding="utf-8")
    project = Project.at(folder / "keepwell.toml")
    run_training(project, Console(file=io.StringIO()), CUTOFF)
    _, bundle = project.registry.load_champion()
    return Trained(project, bundle, records_of(frames))


def memory_tables(frames: Frames) -> Tables:
    """Give frames with canonical columns and local times as tables."""
    return {name: ibis.memtable(frame) for name, frame in frames.items()}
