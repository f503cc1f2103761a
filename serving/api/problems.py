"""The one shape of errors, and which error is answered with which status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from serving.errors import (
    ContradictingContacts,
    InvalidCursor,
    StaleCursor,
    StoreBusy,
    StoreError,
    UnknownPlan,
    UnknownRun,
)
from serving.online.problems import RequestProblem

_TOLD = 20
_REFUSALS: Mapping[type[StoreError], tuple[int, str]] = {
    UnknownRun: (404, "unknown_run"),
    UnknownPlan: (404, "unknown_plan"),
    StaleCursor: (410, "stale_cursor"),
    InvalidCursor: (422, "invalid_cursor"),
}
RETRY_S = 5
"""Seconds after which a store that is down may be asked again."""


class Detail(BaseModel):
    """One thing that is wrong, and where."""

    location: str
    problem: str


class Problem(BaseModel):
    """Every answer that is not a success."""

    code: str = Field(description="Stable, for programs.")
    message: str = Field(description="For people; may change.")
    details: list[Detail]
    request_id: str


class ApiProblem(Exception):  # noqa: N818 - named for what it says
    """A request that is not answered as asked.

    Parameters
    ----------
    status : int
        The HTTP status.
    code, message : str
    details : sequence of Detail
    headers : mapping of str to str, optional
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = list(details)
        self.headers = dict(headers or {})

    def body(self, request_id: str) -> bytes:
        """Give the answer's JSON."""
        said = Problem(
            code=self.code, message=self.message, details=self.details, request_id=request_id
        )
        return said.model_dump_json().encode()


INTERNAL = ApiProblem(
    500, "internal_error", "this is our fault; tell the operator the request id, which the log has"
)


def not_ready() -> ApiProblem:
    """Refuse until the models are loaded."""
    message = "the models are not loaded yet; try again in a moment"
    return ApiProblem(503, "not_ready", message, headers={"Retry-After": str(RETRY_S)})


def of_request(problem: RequestProblem) -> ApiProblem:
    """Answer a body that cannot be used."""
    status = 400 if problem.code == "invalid_json" else 422
    details = [Detail(location=d.location, problem=d.problem) for d in problem.details]
    return ApiProblem(status, problem.code, problem.message, details)


def of_store(error: StoreError) -> ApiProblem:
    """Answer what the store refuses; what only its operator may know stays in the log."""
    for kind, (status, code) in _REFUSALS.items():
        if isinstance(error, kind):
            return ApiProblem(status, code, str(error))
    if isinstance(error, ContradictingContacts):
        return _contradicting(error)
    if isinstance(error, StoreBusy):
        message = "somebody else writes to the score store; try again in a moment"
        return ApiProblem(503, "store_busy", message, headers={"Retry-After": str(RETRY_S)})
    message = "the score store does not answer; try again later. Predictions go on meanwhile"
    return ApiProblem(503, "store_unavailable", message, headers={"Retry-After": str(RETRY_S)})


def _contradicting(error: ContradictingContacts) -> ApiProblem:
    message = (
        f"{len(error.problems):,} contacts contradict what is known under their keys; nothing is "
        "recorded"
    )
    details = [Detail(location=f"contacts[{n}]", problem=said) for n, said in error.problems]
    return ApiProblem(409, "contradicting_contacts", message, details[:_TOLD])


def invalid(location: str, problem: str) -> ApiProblem:
    """Refuse one thing in a request."""
    message = "the request is not as documented"
    return ApiProblem(422, "invalid_request", message, [Detail(location=location, problem=problem)])
