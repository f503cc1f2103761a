"""Requests made up from the OpenAPI document: no 500, and no status that is not documented."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import positive_data_acceptance

from serving.api.openapi import document
from serving.api.operations import OPERATIONS

EXAMPLES = 40
"""Of each operation."""


schema = schemathesis.openapi.from_dict(document(OPERATIONS, "0"))


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_made_up_from_the_document_breaks_anything(
    case: schemathesis.Case[Any], address: str
) -> None:
    # Which features a row must have only the model knows: what the document allows may be refused.
    case.call_and_validate(base_url=address, excluded_checks=[positive_data_acceptance])
