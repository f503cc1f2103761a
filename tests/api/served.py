"""The service of a shop in this process, and the scores that it serves."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from features.families import FAMILIES
from models.derived import FEATURES
from serving.store import Run, RunInfo, Store

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # BentoML's own use of its libraries
    from serving.service import make_service

__all__ = [
    "features",
    "histories",
    "make_service",
    "open_service",
    "publish",
    "row_of",
    "store_url",
]

REGIONS = ("north", "=south", "Ærø")


def store_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'keepwell.db'}"


def publish(folder: Path, share: float = 1.0, url: str | None = None) -> Run:
    """Publish the shop's scores with attributes and silences that tests can filter by."""
    scores = pd.read_parquet(folder / "scores.parquet")
    scores = scores.head(round(len(scores) * share))
    day = pd.Timestamp(scores["as_of"].iloc[0]).date()
    scores = scores.assign(
        days_since_purchase=[n % 90 for n in range(len(scores))],
        attributes=pd.Series(
            [{"region": REGIONS[n % 3], "age": n % 50} for n in range(len(scores))], dtype=object
        ),
        reason_1="=HYPERLINK(1)",
        cause_1="price",
    )
    info = RunInfo(
        as_of=day,
        model_name="shop",
        model_version="1",
        currency="EUR",
        churn_horizon=30,
        value_horizon=30,
    )
    with Store.open(url or store_url(folder)) as store:
        return store.publish(info, [scores])


@asynccontextmanager
async def open_service(
    folder: Path,
    base: str = "http://localhost",
    peer: str = "127.0.0.1",
    store: str | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """Open the service of a folder, through BentoML's application."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("KEEPWELL_STORE_URL", raising=False)
        if store is not None:
            patch.setenv("KEEPWELL_STORE_URL", store)
        patch.setenv("KEEPWELL_CONFIG", str(folder / "keepwell.toml"))
        app = make_service().to_asgi()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 1))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=base) as client,
        ):
            yield client


def histories(folder: Path, count: int = 1_000_000) -> list[dict[str, Any]]:
    """Give the scored customers with their purchases, as an application sends them."""
    scores = pd.read_parquet(folder / "scores.parquet").head(count)
    sold = pd.read_parquet(folder / "transactions.parquet")
    day = str(pd.Timestamp(scores["as_of"].iloc[0]).date())
    sold = sold[sold["occurred_at"] < day].assign(
        occurred_at=lambda t: t["occurred_at"].dt.strftime("%Y-%m-%dT%H:%M:%S")
    )
    rows = {
        name: [{str(k): v for k, v in row.items()} for row in group.to_dict("records")]
        for name, group in sold[["customer_id", "occurred_at", "amount"]].groupby("customer_id")
    }
    return [
        {"customer_id": name, "as_of": day, "history": {"transactions": rows[name]}}
        for name in scores["customer_id"]
    ]


_CATALOGUE = (*(f for family in FAMILIES for f in family.features), *FEATURES)
_CATEGORIES = {f.name for f in _CATALOGUE if f.dtype == "category"}


def row_of(names: list[str]) -> dict[str, float | None]:
    """Give features of a customer who has bought once; their categories are unknown."""
    return {name: None if name in _CATEGORIES else 1.0 for name in names}


async def features(client: httpx.AsyncClient) -> dict[str, float | None]:
    """Give such features, all that the live model has."""
    return row_of((await client.get("/v1/models")).json()["live"]["features"])
