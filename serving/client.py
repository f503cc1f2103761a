"""A thin client of the API, typed; for applications that use Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from serving.api.contact_schemas import RecordedOut
from serving.api.plan_schemas import PlanOut
from serving.api.problems import Problem
from serving.api.schemas import (
    LookupResponse,
    ModelsOut,
    Reloaded,
    RiskItem,
    RiskList,
    Runs,
    ScoreOut,
)
from serving.online.schemas import Prediction, PredictResponse

History = Mapping[str, Sequence[Mapping[str, Any]]]


class ApiError(RuntimeError):
    """The service refused.

    Parameters
    ----------
    status : int
        The HTTP status.
    problem : Problem
        What it said.
    """

    def __init__(self, status: int, problem: Problem) -> None:
        told = "; ".join(f"{d.location}: {d.problem}" for d in problem.details)
        super().__init__(f"{problem.message}{': ' if told else ''}{told}")
        self.status = status
        self.problem = problem


class Client:
    """Asks a service.

    Parameters
    ----------
    url : str
        Such as ``http://127.0.0.1:3000``.
    key : str, optional
        An API key; not needed on the service's own machine while it has none.
    timeout_s : float
        Of a request, in seconds.
    """

    def __init__(self, url: str, key: str | None = None, timeout_s: float = 30.0) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def predict(
        self, customers: Sequence[Mapping[str, Any]], *, explain: bool = False
    ) -> list[Prediction]:
        """Predict for customers, as the API takes them.

        Raises
        ------
        ApiError
            When the service refuses.
        """
        content = {"customers": list(customers), "explain": explain}
        found = self._ask("POST", "/v1/predict", json=content)
        return PredictResponse.model_validate_json(found).items

    def predict_history(
        self, customer_id: str, as_of: date, history: History, *, explain: bool = False
    ) -> Prediction:
        """Predict for one customer from rows in canonical columns, by table.

        Raises
        ------
        ApiError
            When the service refuses.
        """
        customer = {"customer_id": customer_id, "as_of": as_of.isoformat(), "history": history}
        return self.predict([customer], explain=explain)[0]

    def score(self, customer_id: str) -> ScoreOut:
        """Give a customer's published score.

        Raises
        ------
        ApiError
            With status 404 for a customer whom the run does not have.
        """
        path = f"/v1/customers/{quote(customer_id, safe='')}/score"
        return ScoreOut.model_validate_json(self._ask("GET", path))

    def lookup(self, ids: Sequence[str]) -> LookupResponse:
        """Give the published scores of up to 1,000 customers."""
        found = self._ask("POST", "/v1/scores:lookup", json={"ids": list(ids)})
        return LookupResponse.model_validate_json(found)

    def risk_list(self, **query: str | float) -> RiskList:
        """Give a page of the risk list; the query is the API's.

        Raises
        ------
        ApiError
            When the service refuses.
        """
        return RiskList.model_validate_json(self._ask("GET", "/v1/risk-list", params=query))

    def risk_items(self, **query: str | float) -> Iterator[RiskItem]:
        """Yield a whole risk list, of one run, page by page."""
        page = self.risk_list(**query)
        yield from page.items
        while page.next_cursor is not None:
            page = self.risk_list(**{**query, "cursor": page.next_cursor})
            yield from page.items

    def record_contacts(self, contacts: Sequence[Mapping[str, Any]]) -> RecordedOut:
        """Record up to 1,000 contacts, as the API takes them; told again, they change nothing.

        Raises
        ------
        ApiError
            With status 409 where a known contact is told otherwise.
        """
        found = self._ask("POST", "/v1/contacts", json={"contacts": list(contacts)})
        return RecordedOut.model_validate_json(found)

    def plan(self, budget: float, control: float = 0.0, seed: int = 7) -> PlanOut:
        """Ask for a plan; one of many customers is made while :meth:`find_plan` is asked for it.

        Raises
        ------
        ApiError
            With status 422 where no plan can be made within the budget.
        """
        asked = {"budget": budget, "control": control, "seed": seed}
        return PlanOut.model_validate_json(self._ask("POST", "/v1/plans", json=asked))

    def find_plan(self, plan_id: str, **query: int) -> PlanOut:
        """Give a plan, as far as it is made, and a page of its customers."""
        found = self._ask("GET", f"/v1/plans/{quote(plan_id, safe='')}", params=query)
        return PlanOut.model_validate_json(found)

    def runs(self) -> Runs:
        """List the publications."""
        return Runs.model_validate_json(self._ask("GET", "/v1/runs"))

    def models(self) -> ModelsOut:
        """Tell which model is live, and which were."""
        return ModelsOut.model_validate_json(self._ask("GET", "/v1/models"))

    def reload(self) -> Reloaded:
        """Let the service take a new champion over."""
        return Reloaded.model_validate_json(self._ask("POST", "/v1/models:reload"))

    def _ask(self, method: str, path: str, **options: Any) -> bytes:  # noqa: ANN401 - httpx's
        found = self._http.request(method, path, **options)
        if found.is_success:
            return found.content
        if found.headers.get("content-type") != "application/json":
            found.raise_for_status()  # not Keepwell: a proxy in between
        raise ApiError(found.status_code, Problem.model_validate_json(found.content))
