"""What the API takes and gives of plans."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from serving.online.schemas import MOST_CUSTOMERS
from serving.store import KeptPlan

_MOST_MONEY = 1e12
_LOST = timedelta(hours=1)
"""No plan takes so long: the worker that made it has ended."""


class PlanRequest(BaseModel):
    """What is asked of a plan.

    `budget`: what may be spent on contacts and incentives, in the run's currency. `control`: share
    of planned customers who are left alone at random, to learn what the others do.
    """

    model_config = ConfigDict(extra="forbid")

    budget: Annotated[float, Field(gt=0, le=_MOST_MONEY, allow_inf_nan=False)]
    control: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 7


class PlanParameters(BaseModel):
    """The query of a plan."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=0, le=MOST_CUSTOMERS)] = 100
    offset: Annotated[int, Field(ge=0, le=2**31, description="next_offset of the page before.")] = 0
    format: Literal["json", "csv"] = "json"


class PlanItem(BaseModel):
    """A customer with an action. Cost and profit of the control group, left alone, are 0."""

    customer_id: str
    action: str
    arm: Literal["treated", "control"]
    cost: float
    expected_profit: float
    basis: Literal["assumed", "estimated"]
    reasons: str


class ActionOut(BaseModel):
    """What becomes of an action in a plan."""

    action: str
    level: str
    basis: Literal["assumed", "estimated"] | None
    eligible: int
    paying: int
    treated: int
    control: int
    cost: float
    worst_cost: float
    expected_profit: float


class PlanFacts(BaseModel):
    """A plan in figures, in the run's currency.

    `low`, `high`: what chance alone makes of the profit (90 %). `forgone`: what the control group
    would have brought. `bound`: no plan within the limits brings more. `marginal`: the profit of
    one more unit of budget.
    """

    treated: int
    control: int
    cost: float
    worst_cost: float
    expected_profit: float
    low: float
    high: float
    forgone: float
    bound: float
    marginal: float
    actions: list[ActionOut]
    notes: list[str]


class PlanOut(BaseModel):
    """A plan: done, still at work, or failed, and then `problem` says why.

    Its customers are ordered by id.
    """

    id: str
    status: Literal["running", "done", "failed"]
    problem: str | None
    run: int
    asked_at: datetime
    finished_at: datetime | None
    budget: float
    control: float
    seed: int
    facts: PlanFacts | None
    items: list[PlanItem]
    next_offset: int | None

    @classmethod
    def of(cls, plan: KeptPlan, rows: pd.DataFrame, page: PlanParameters, now: datetime) -> Self:
        """Tell of a plan, with a page of its rows."""
        end = page.offset + page.limit
        lost = plan.finished_at is None and now - plan.asked_at > _LOST
        items: list[Any] = rows.iloc[page.offset : end].to_dict("records")
        problem = "its worker ended before it was made; ask again" if lost else plan.problem
        return cls(
            id=plan.id,
            status="failed" if problem else "running" if plan.finished_at is None else "done",
            problem=problem,
            run=plan.run,
            asked_at=plan.asked_at,
            finished_at=plan.finished_at,
            facts=None if plan.facts is None else PlanFacts(**plan.facts),
            items=[PlanItem(**item) for item in items],
            next_offset=end if end < len(rows) else None,
            **plan.asked,
        )
