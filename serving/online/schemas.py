"""What a request for predictions may hold, and what it is answered with."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

import orjson
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails

from features.errors import suggestion
from serving.columns import ScoreColumns
from serving.online.problems import Detail, RequestProblem, shown

MOST_CUSTOMERS = 1_000
"""Customers in one request."""

LONGEST_ID = 256
"""Characters of an id."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def as_id(value: object) -> str:
    """Read an id: text, or a whole number, which becomes its digits.

    Raises
    ------
    ValueError
        When it is anything else, blank or too long.
    """
    text = str(value) if type(value) is int else value
    if not isinstance(text, str):
        msg = "an id is a string or a whole number"
        raise ValueError(msg)  # noqa: TRY004 - pydantic tells ValueError to the sender
    if len(text) > LONGEST_ID:
        msg = f"an id of {len(text):,} characters; give at most {LONGEST_ID}"
        raise ValueError(msg)
    if not text.strip():
        msg = "an id must not be blank"
        raise ValueError(msg)
    return encodable(text)


def encodable(text: str) -> str:
    """Give a text back, or refuse half of a surrogate pair, which no encoding can hold.

    Raises
    ------
    ValueError
    """
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            msg = "the text is not valid Unicode"
            raise ValueError(msg) from None
    return text


def _as_day(value: object) -> date:
    if type(value) is date:
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    msg = 'a day is written "2025-01-31"'
    raise ValueError(msg)


Id = Annotated[
    str,
    BeforeValidator(as_id),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 256}, {"type": "integer"}]},
        mode="validation",
    ),
]
Day = Annotated[date, BeforeValidator(_as_day)]

# Cells are checked against the model in use, which knows the columns and features that it needs.
Row = dict[str, str | int | float | bool | None]
History = Annotated[dict[str, list[Row]], SkipValidation]
Features = Annotated[dict[str, str | float | None], SkipValidation]


class CustomerInput(BaseModel):
    """A customer, as raw history at a day or as named features.

    Attributes
    ----------
    customer_id
        Any text, or a whole number.
    as_of
        The first day that is not known. Needed with a history; with features it is only repeated
        in the answer.
    history
        Rows in canonical columns by canonical table: the tables and columns that the model was
        trained with. A table without rows is sent as ``[]``, a cell that is not known as null.
    features
        Every feature of the model by name; null where it is unknown. Those that are derived with
        a model of their own (``wallet_estimate``, ...) may be left out, all of them together.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "oneOf": [{"required": ["history", "as_of"]}, {"required": ["features"]}]
        },
    )

    customer_id: Id
    as_of: Day | None = None
    history: History | None = None
    features: Features | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> CustomerInput:
        if (self.history is None) == (self.features is None):
            found = "neither" if self.history is None else "both"
            msg = f"give either history or features, not {found}"
            raise ValueError(msg)
        if self.history is not None and self.as_of is None:
            msg = "as_of is missing: give the first day that the history does not cover"
            raise ValueError(msg)
        return self


class PredictRequest(BaseModel):
    """Customers to predict for; the same customer may stand in it more than once."""

    model_config = ConfigDict(extra="forbid")

    customers: list[CustomerInput] = Field(min_length=1, max_length=MOST_CUSTOMERS)
    explain: bool = Field(default=False, strict=True)


class Reason(BaseModel):
    """Why a customer's risk is high; no cause where nobody has told what a column means."""

    text: str
    cause: str | None


class Prediction(ScoreColumns):
    """What the model says of one customer: the columns of a score, and more.

    Attributes
    ----------
    in_population
        Whether the customer bought within the model's ``active_within`` days or, where churn is
        that of subscriptions, whether one runs: the others had left before, and the model has not
        learnt from their like. Null where the features given do not tell.
    reasons
        Strongest first; only where they were asked for.
    """

    in_population: bool | None
    reasons: list[Reason] | None = None


class PredictResponse(BaseModel):
    """Predictions, in the order of the request's customers."""

    items: list[Prediction]


def read(content: bytes) -> PredictRequest:
    """Read the body of a request.

    Raises
    ------
    RequestProblem
        When it is not JSON, or not such a request.
    """
    try:
        parsed = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise RequestProblem("invalid_json", f"the body is not valid JSON: {error}") from None
    return request(parsed)


def request(parsed: Any) -> PredictRequest:  # noqa: ANN401 - what JSON held
    """Read a request that is parsed already.

    Raises
    ------
    RequestProblem
        When it is not such a request.
    """
    try:
        return PredictRequest.model_validate(parsed)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        details = (_detail(e) for e in found)
        message = "the request is not as documented"
        raise RequestProblem("invalid_request", message, details) from None


def _detail(error: ErrorDetails) -> Detail:
    where = error["loc"]
    if error["type"] == "extra_forbidden":
        name = str(where[-1])
        known = list((PredictRequest if len(where) == 1 else CustomerInput).model_fields)
        said = f"unknown key {shown(name)}.{suggestion(name, known)} Known keys: {', '.join(known)}"
        return Detail(_location(where[:-1]), said)
    if error["type"] == "too_long":
        count = f"{len(error['input']):,}"
        return Detail(
            _location(where), f"{count} customers; give at most {MOST_CUSTOMERS:,} a request"
        )
    return Detail(_location(where), error["msg"].removeprefix("Value error, "))


def _location(where: tuple[int | str, ...]) -> str:
    parts = [f"[{p}]" if isinstance(p, int) else f".{p}" for p in where]
    return "".join(parts).removeprefix(".") or "body"
