"""What each operation does."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from serving.api import metrics
from serving.api.auth import Access
from serving.api.background import Background
from serving.api.batching import Batches, predicted
from serving.api.limits import MEGABYTE, RateLimit, read_body
from serving.api.messages import Answer, Request, answer_json
from serving.api.monitor_gauges import MonitorGauges
from serving.api.periods import periods
from serving.api.problems import ApiProblem, invalid, not_ready, of_request
from serving.api.published import Published
from serving.api.query import parameters
from serving.api.reload import Live, Models
from serving.api.schemas import (
    Health,
    LiveModel,
    LookupRequest,
    ModelsOut,
    Reloaded,
    RiskItem,
    RiskParameters,
    RunOut,
    RunsParameters,
    ScoreOut,
    Storable,
    score_fields,
)
from serving.api.settings import ServingSettings
from serving.api.table import to_csv
from serving.contacts import ContactRules
from serving.errors import StoreError
from serving.online.problems import RequestProblem
from serving.store import RiskQuery, Score, Store

_Model = TypeVar("_Model", bound=BaseModel)

_SMALL = 8_192
"""Bytes of a body of features that are answered faster at once than by another thread."""

_MOST_WAITING = 128

_RUNNERS = 2
"""Batches at the same time: one in the engine while another is read."""


@dataclass
class Parts:
    """All that the operations work with."""

    models: Models
    published: Published
    access: Access
    limit: RateLimit
    settings: ServingSettings
    threads: ThreadPoolExecutor
    monitored: MonitorGauges
    rules: ContactRules
    batches: Batches = field(init=False)
    background: Background = field(default_factory=Background)

    def __post_init__(self) -> None:
        self.batches = Batches(self.threads, _RUNNERS)

    @property
    def longest(self) -> int:
        """Bytes of a body at most."""
        return int(self.settings.body_megabytes * MEGABYTE)


def live_model(parts: Parts) -> Live:
    """Give the model in use.

    Raises
    ------
    ApiProblem
        Before the first is loaded (503).
    """
    live = parts.models.live
    if live is None:
        raise not_ready()
    return live


async def predict(parts: Parts, request: Request) -> Answer:
    """Predict for customers, given by their history or by named features."""
    live = live_model(parts)
    body = await read_body(request, parts.longest)
    try:
        if len(body) <= _SMALL and b'"history"' not in body:
            return Answer(predicted(live, body))
        if len(parts.batches) < _MOST_WAITING:
            return Answer(await parts.batches.ask(live, body))
    except RequestProblem as problem:
        raise of_request(problem) from None
    message = f"{len(parts.batches)} requests are waiting already; try again later"
    raise ApiProblem(503, "overloaded", message, headers={"Retry-After": "1"})


async def customer_score(parts: Parts, request: Request) -> Answer:
    """Give a customer's published score."""
    customer = _customer_in(request.path)
    score = await parts.published.ask(lambda store: store.score(customer))
    if score is None:
        message = "the current run has no such customer: unknown, or not active when it was scored"
        raise ApiProblem(404, "unknown_customer", message)
    return answer_json(score_fields(score, _now()))


class _Customer(BaseModel):
    id: Storable


def _customer_in(path: str) -> str:
    given = path.removeprefix("/v1/customers/").removesuffix("/score")
    try:
        return _Customer(id=given).id
    except ValidationError as error:
        said = error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise invalid("path.customer_id", said) from None


async def lookup(parts: Parts, request: Request) -> Answer:
    """Give the published scores of several customers."""
    wanted = parsed(LookupRequest, await read_body(request, parts.longest))
    ids = list(dict.fromkeys(wanted.ids))

    def ask(store: Store) -> tuple[int, dict[str, Score]]:
        run = store.current_run().id
        return run, store.scores(ids, run)

    run, found = await parts.published.ask(ask)
    now = _now()
    items = [score_fields(found[name], now) for name in ids if name in found]
    return answer_json(
        {"items": items, "unknown": [name for name in ids if name not in found], "run": run}
    )


def parsed(model: type[_Model], body: bytes) -> _Model:
    """Read a JSON body.

    Raises
    ------
    ApiProblem
        Naming the first thing that is wrong (400, 422).
    """
    try:
        return model.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        problem = RequestProblem("invalid_json", f"the body is not valid JSON: {error}")
        raise of_request(problem) from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = "".join(f"[{p}]" if isinstance(p, int) else str(p) for p in found["loc"])
        raise invalid(place or "body", found["msg"].removeprefix("Value error, ")) from None


async def risk_list(parts: Parts, request: Request) -> Answer:
    """List the customers to call first."""
    given = parameters(request, RiskParameters)
    query = RiskQuery(
        sort=given.sort,
        min_probability=given.min_probability,
        min_value=given.min_value,
        min_days_since_purchase=given.min_days_since_purchase,
        max_days_since_purchase=given.max_days_since_purchase,
        attributes=given.attributes,
        segments=given.segments,
        since_run=given.since_run,
        rest_days=parts.rules.rest_days if given.rest_days is None else given.rest_days,
    )
    page = await parts.published.ask(
        lambda store: store.risk_list(query, limit=given.limit, cursor=given.cursor)
    )
    now = _now()
    items = [
        {**score_fields(score, now), **_shown(score), "rank": rank}
        for rank, score in enumerate(page.items, start=page.first_rank)
    ]
    if given.format == "csv":
        day = page.run.as_of or page.run.published_at.date()
        return _download(items, page.next_cursor, day.isoformat())
    return answer_json({"items": items, "next_cursor": page.next_cursor, "run": page.run.id})


_MORE = [n for n in RiskItem.model_fields if n not in ScoreOut.model_fields and n != "rank"]


def _shown(score: Score) -> dict[str, Any]:
    return {name: getattr(score, name) for name in _MORE}


def _download(items: list[dict[str, Any]], cursor: str | None, day: str) -> Answer:
    headers = {"Content-Disposition": f'attachment; filename="risk-list-{day}.csv"'}
    if cursor is not None:
        headers["X-Next-Cursor"] = cursor
    return Answer(to_csv(items), media="text/csv; charset=utf-8", headers=headers)


async def runs(parts: Parts, request: Request) -> Answer:
    """List the publications, the newest first."""
    given = parameters(request, RunsParameters)
    found = await parts.published.ask(lambda store: store.runs(given.limit))
    return answer_json({"items": [RunOut.of(run).model_dump(mode="json") for run in found]})


async def models(parts: Parts, _: Request) -> Answer:
    """Tell which model is live, and which were."""
    live, trouble = live_model(parts), parts.models.trouble
    champions = periods(parts.models.history, live.version.number)
    since = champions[-1].since.isoformat() if champions else None
    told = ModelsOut(
        status="ok" if trouble is None else "degraded",
        problem=trouble,
        live=LiveModel.of(live.bundle, live.version.number, since, live.loaded_at),
        champions=champions,
    )
    return Answer(told.model_dump_json().encode())


async def reload(parts: Parts, _: Request) -> Answer:
    """Take the champion over now, if it is another one than the one in use."""
    live_model(parts)
    changed = await asyncio.to_thread(parts.models.refresh)
    if parts.models.trouble is not None:
        raise ApiProblem(
            409, "champion_refused", f"{parts.models.trouble}. The model before goes on"
        )
    told = Reloaded(changed=changed, version=str(live_model(parts).version.number))
    return Answer(told.model_dump_json().encode())


async def livez(_: Parts, __: Request) -> Answer:
    """Tell that the process answers."""
    return Answer(Health(status="ok").model_dump_json().encode())


async def readyz(parts: Parts, _: Request) -> Answer:
    """Tell whether predictions can be asked for."""
    live_model(parts)
    wrong = {"model": parts.models.trouble is not None, "store": parts.published.down}
    problems = [name for name, is_wrong in wrong.items() if is_wrong]
    return answer_json({"status": "degraded" if problems else "ok", "problems": problems})


async def exposition(parts: Parts, _: Request) -> Answer:
    """Give Prometheus its numbers."""
    try:
        run = await parts.published.ask(lambda store: store.current_run())
        metrics.SCORE_AGE.set((_now() - run.published_at).total_seconds())
    except StoreError:  # told by the gauge below; an unknown run is an answer
        metrics.SCORE_AGE.set(float("nan"))
    metrics.STORE_UP.set(0 if parts.published.down else 1)
    text = await asyncio.to_thread(metrics.exposition)
    text += await asyncio.to_thread(parts.monitored.exposition)
    return Answer(text, media=metrics.CONTENT_TYPE)


def _now() -> datetime:
    return datetime.now(UTC)
