"""The OpenAPI 3.1 document, made from the operations and their pydantic models."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.api.operations import Operation
from serving.api.problems import Problem

_REFERENCE = "#/components/schemas/{model}"
_EVERYWHERE = (403, 405, 500)
_KEYED = (401, 429)
_DESCRIPTION = (
    "Who will leave, what they are worth, and why. Every error has one shape: code, message, "
    "details, request_id. Send X-Request-ID to find a request in the log again."
)
Json = dict[str, Any]


def document(operations: Sequence[Operation], version: str) -> Json:
    """Give the document.

    Parameters
    ----------
    operations : sequence of Operation
    version : str
        Of the API's implementation.
    """
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Keepwell", "version": version, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": _schemas(operations),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(operations: Sequence[Operation]) -> Json:
    given = [(o.body, "validation") for o in operations if o.body]
    told = [(o.gives, "serialization") for o in operations if not isinstance(o.gives, str)]
    models: Any = [*given, *told, (Problem, "serialization")]
    _, found = models_json_schema(list(dict.fromkeys(models)), ref_template=_REFERENCE)
    return dict(sorted(found["$defs"].items()))


def _operation(operation: Operation) -> Json:
    summary = inspect.getdoc(operation.handler) or ""
    made: Json = {
        "operationId": operation.name,
        "summary": summary.splitlines()[0],
        "responses": _responses(operation),
    }
    if not operation.open:
        role = f"the role {operation.role}" if operation.role else "any role"
        made["description"] = f"Needs a key with {role}; none while no key exists."
        made["security"] = [{}, {"key": []}]
    if parameters := [*_path_parameters(operation), *_query_parameters(operation)]:
        made["parameters"] = parameters
    if operation.body:
        content = {"application/json": {"schema": _reference(operation.body)}}
        made["requestBody"] = {"required": True, "content": content}
    return made


def _path_parameters(operation: Operation) -> list[Json]:
    schema = {"type": "string", "minLength": 1, "maxLength": 256}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]


def _query_parameters(operation: Operation) -> list[Json]:
    if operation.parameters is None:
        return []
    schema = operation.parameters.model_json_schema()
    return [_query_parameter(name, facts) for name, facts in schema["properties"].items()]


def _query_parameter(name: str, facts: Json) -> Json:
    # What may be absent is never null in a query string.
    kinds = [kind for kind in facts.get("anyOf", []) if kind.get("type") != "null"]
    kept = {k: v for k, v in facts.items() if k not in {"anyOf", "title", "description"}}
    if kept.get("default", ...) is None:
        del kept["default"]
    made: Json = {"name": name, "in": "query", "schema": {**kept, **(kinds[0] if kinds else {})}}
    if "description" in facts:
        made["description"] = facts["description"]
    if made["schema"].get("type") == "object":
        made |= {"style": "deepObject", "explode": True}
    return made


def _responses(operation: Operation) -> Json:
    content = (
        {operation.gives: {"schema": {"type": "string"}}}
        if isinstance(operation.gives, str)
        else {"application/json": {"schema": _reference(operation.gives)}}
    )
    content |= {media: {"schema": {"type": "string"}} for media in operation.also}
    statuses = {*_EVERYWHERE, *operation.problems, *(() if operation.open else _KEYED)}
    found: Json = {
        str(status): {"description": HTTPStatus(status).phrase, "content": content}
        for status in operation.successes
    }
    for status in sorted(statuses):
        found[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": _reference(Problem)}},
        }
    return found


def _reference(model: type[BaseModel]) -> Json:
    return {"$ref": _REFERENCE.format(model=model.__name__)}
