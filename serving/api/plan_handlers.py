"""What the operations on plans do."""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict
from datetime import UTC, datetime

from features.errors import InputError
from serving.api.handlers import Parts, parsed
from serving.api.limits import read_body
from serving.api.messages import Answer, Request
from serving.api.plan_schemas import PlanOut, PlanParameters, PlanRequest
from serving.api.problems import ApiProblem
from serving.api.query import parameters
from serving.api.table import plan_csv
from serving.errors import UnknownRun
from serving.store import KeptPlan, Store
from serving.targeting.order import Order
from serving.targeting.planning import plan_from

AT_ONCE = 5_000
"""Customers of a run whose plan is made while its asker waits."""

_PLANS = "/v1/plans/"
_ID = re.compile("[0-9a-f]{16}")


async def make_plan(parts: Parts, request: Request) -> Answer:
    """Choose an action or none for each scored customer, within a budget."""
    wanted = parsed(PlanRequest, await read_body(request, parts.longest))
    order = Order(wanted.budget, wanted.control, wanted.seed)
    run = await parts.published.ask(lambda store: store.current_run())
    name = secrets.token_hex(8)
    large = run.customers > AT_ONCE
    if large:
        parts.background.check_room()
    kept = await parts.published.ask(lambda store: store.begin_plan(name, run.id, asdict(order)))
    if large:
        parts.background.start(_later(parts, kept, order))
        return await _told(parts, kept, 202)
    kept = await parts.published.ask(lambda store: carry_out(store, kept, order))
    if kept.problem is not None:
        raise ApiProblem(422, "no_plan", kept.problem)
    return await _told(parts, kept, 201)


async def _told(parts: Parts, kept: KeptPlan, status: int) -> Answer:
    found, rows = await parts.published.ask(lambda store: store.plan(kept.id))
    told = PlanOut.of(found, rows, PlanParameters(), datetime.now(UTC))
    headers = {"Location": f"{_PLANS}{kept.id}"}
    return Answer(told.model_dump_json().encode(), status, headers=headers)


async def _later(parts: Parts, kept: KeptPlan, order: Order) -> None:
    await parts.published.ask(lambda store: carry_out(store, kept, order))


def carry_out(store: Store, kept: KeptPlan, order: Order) -> KeptPlan:
    """Make a plan that was asked for, and keep it, or why it cannot be made."""
    try:
        _, plan = plan_from(store, order, kept.run)
    except (InputError, UnknownRun) as error:
        return store.fail_plan(kept.id, str(error))
    return store.finish_plan(kept.id, plan.facts.to_dict(), plan.rows)


async def plan(parts: Parts, request: Request) -> Answer:
    """Give a plan, as far as it is made."""
    given = parameters(request, PlanParameters)
    name = request.path.removeprefix(_PLANS)
    if not _ID.fullmatch(name):
        raise ApiProblem(404, "unknown_plan", "there is no such plan: no plan has such an id")
    kept, rows = await parts.published.ask(lambda store: store.plan(name))
    if given.format == "csv":
        headers = {"Content-Disposition": f'attachment; filename="plan-{kept.id}.csv"'}
        return Answer(plan_csv(rows), media="text/csv; charset=utf-8", headers=headers)
    told = PlanOut.of(kept, rows, given, datetime.now(UTC))
    return Answer(told.model_dump_json().encode())
