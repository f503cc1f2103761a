"""The operations: one table, which requests are routed by and the OpenAPI document is made from."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pydantic import BaseModel

from serving.api import contact_handlers, handlers, plan_handlers
from serving.api.contact_schemas import ContactsRequest, RecordedOut
from serving.api.handlers import Parts
from serving.api.keys import Role
from serving.api.messages import Answer, Request
from serving.api.plan_schemas import PlanOut, PlanParameters, PlanRequest
from serving.api.problems import ApiProblem
from serving.api.schemas import (
    Health,
    LookupRequest,
    LookupResponse,
    ModelsOut,
    Reloaded,
    RiskList,
    RiskParameters,
    Runs,
    RunsParameters,
    ScoreOut,
)
from serving.online.schemas import PredictRequest, PredictResponse

Handler = Callable[[Parts, Request], Awaitable[Answer]]

_CUSTOMER = "/v1/customers/{customer_id}/score"
_NAMED = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    Parameters
    ----------
    method, path : str
    handler : callable
    gives : type of BaseModel or str
        The answer's model, or its media type where it is no JSON.
    role : Role or None
        That a key needs; None: any key will do.
    problems : tuple of int
        Statuses of problems of its own, beside those that every operation has.
    open : bool
        Answers everybody, without a key.
    parameters, body : type of BaseModel, optional
    also : tuple of str
        Further media types of the answer.
    successes : tuple of int
        Statuses of an answer that is no problem.
    """

    method: str
    path: str
    handler: Handler
    gives: type[BaseModel] | str
    role: Role | None = None
    problems: tuple[int, ...] = ()
    open: bool = False
    parameters: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    also: tuple[str, ...] = field(default=())
    successes: tuple[int, ...] = (200,)

    @property
    def name(self) -> str:
        """Name of the operation, for programs."""
        return self.handler.__name__


_BODY = (400, 408, 413, 415, 422)

OPERATIONS = (
    Operation(
        "POST",
        "/v1/predict",
        handlers.predict,
        PredictResponse,
        Role.PREDICT,
        (*_BODY, 503),
        body=PredictRequest,
    ),
    Operation("GET", _CUSTOMER, handlers.customer_score, ScoreOut, Role.READ, (404, 422, 503)),
    Operation(
        "POST",
        "/v1/scores:lookup",
        handlers.lookup,
        LookupResponse,
        Role.READ,
        (*_BODY, 404, 503),
        body=LookupRequest,
    ),
    Operation(
        "GET",
        "/v1/risk-list",
        handlers.risk_list,
        RiskList,
        Role.READ,
        (404, 410, 422, 503),
        parameters=RiskParameters,
        also=("text/csv",),
    ),
    Operation(
        "POST",
        "/v1/contacts",
        contact_handlers.record_contacts,
        RecordedOut,
        Role.WRITE,
        (*_BODY, 409, 503),
        body=ContactsRequest,
    ),
    Operation(
        "GET", "/v1/runs", handlers.runs, Runs, Role.READ, (422, 503), parameters=RunsParameters
    ),
    Operation(
        "POST",
        "/v1/plans",
        plan_handlers.make_plan,
        PlanOut,
        Role.READ,
        (*_BODY, 404, 503),
        body=PlanRequest,
        successes=(201, 202),
    ),
    Operation(
        "GET",
        "/v1/plans/{plan_id}",
        plan_handlers.plan,
        PlanOut,
        Role.READ,
        (404, 422, 503),
        parameters=PlanParameters,
        also=("text/csv",),
    ),
    Operation("GET", "/v1/models", handlers.models, ModelsOut, Role.READ, (503,)),
    Operation("POST", "/v1/models:reload", handlers.reload, Reloaded, Role.ADMIN, (409, 503)),
    Operation("GET", "/livez", handlers.livez, Health, open=True),
    Operation("GET", "/readyz", handlers.readyz, Health, problems=(503,), open=True),
    Operation("GET", "/metrics", handlers.exposition, "text/plain"),
)


class Router:
    """Finds the operation of a request.

    Parameters
    ----------
    operations : tuple of Operation
    """

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        self._paths: dict[str, dict[str, Operation]] = {}
        for operation in operations:
            self._paths.setdefault(operation.path, {})[operation.method] = operation
        self._named = {path: _NAMED.split(path) for path in self._paths if "{" in path}

    def find(self, request: Request) -> Operation:
        """Give the operation, and note its path as the route of the request.

        Raises
        ------
        ApiProblem
            When there is no such path (404), or not with this method (405).
        """
        path = self._template(request.path)
        methods = self._paths.get(path)
        if methods is None:
            raise ApiProblem(404, "not_found", "there is no such path; /docs shows those there are")
        request.route = path
        operation = methods.get(request.method)
        if operation is None:
            allowed = ", ".join(methods)
            raise ApiProblem(
                405, "method_not_allowed", f"use {allowed} here", headers={"Allow": allowed}
            )
        return operation

    def _template(self, given: str) -> str:
        """Give the path that names what another one holds, such as a customer."""
        for path, (head, tail) in self._named.items():
            room = len(given) > len(head) + len(tail)
            if room and given.startswith(head) and given.endswith(tail):
                return path
        return given
