"""Query strings as checked parameters."""

from __future__ import annotations

import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from features.errors import suggestion
from serving.api.messages import Request
from serving.api.problems import ApiProblem, Detail, invalid
from serving.online.problems import shown

_MEMBER = re.compile(r"(\w+)\[(.*)\]", re.DOTALL)
_MOST_FIELDS = 50
_Parameters = TypeVar("_Parameters", bound=BaseModel)


def parameters(request: Request, model: type[_Parameters]) -> _Parameters:
    """Read the query string.

    Parameters
    ----------
    request : Request
    model : type of BaseModel
        Every field is a parameter; one that is a dictionary is written ``name[member]=value``.

    Raises
    ------
    ApiProblem
        Naming each parameter that is unknown, given twice or wrong (422).
    """
    try:
        return model.model_validate(_fields(request, model))
    except ValidationError as error:
        details = [
            Detail(location=_place(e["loc"]), problem=e["msg"].removeprefix("Value error, "))
            for e in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        message = "the request is not as documented"
        raise ApiProblem(422, "invalid_request", message, details[:20]) from None


def _fields(request: Request, model: type[BaseModel]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in _pairs(request):
        member = _MEMBER.fullmatch(name)
        holder, key = (found.setdefault(member[1], {}), member[2]) if member else (found, name)
        known = _members(model) if member else set(model.model_fields) - _members(model)
        if (member[1] if member else name) not in known:
            raise invalid("query", _unknown(name, model))
        if key in holder:
            raise invalid(f"query.{name}", "is given twice; give it once")
        holder[key] = value
    return found


def _pairs(request: Request) -> list[tuple[str, str]]:
    text = request.scope.get("query_string", b"").decode("latin-1")
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except UnicodeDecodeError:
        raise invalid("query", "is not UTF-8 text in percent encoding") from None
    except ValueError:
        raise invalid("query", f"has more than {_MOST_FIELDS} parameters") from None


def _members(model: type[BaseModel]) -> set[str]:
    return {n for n, field in model.model_fields.items() if isinstance(field.default, dict)}


def _unknown(name: str, model: type[BaseModel]) -> str:
    dictionaries = _members(model)
    known = [f"{n}[…]" if n in dictionaries else n for n in model.model_fields]
    hint = suggestion(name, model.model_fields)
    return f"unknown parameter {shown(name)}.{hint} Known parameters: {', '.join(known)}"


def _place(where: tuple[int | str, ...]) -> str:
    first, *rest = [str(part) for part in where if part != "[key]"]
    return f"query.{first}" + "".join(f"[{part}]" for part in rest)
