"""What the operations on contacts do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from serving.api.contact_schemas import ContactsRequest, RecordedOut
from serving.api.handlers import Parts, parsed
from serving.api.limits import read_body
from serving.api.messages import Answer, Request
from serving.api.problems import ApiProblem, Detail
from serving.contacts import Contact, ContactProblem, Recorded, problems, unknown_customers
from serving.store import Store

_WAIT_S = 5.0
"""For another writer; then the caller is asked to try again."""

_TOLD = 20


async def record_contacts(parts: Parts, request: Request) -> Answer:
    """Record contacts and what came of them; told again, they change nothing."""
    wanted = parsed(ContactsRequest, await read_body(request, parts.longest))
    contacts = [told.contact(parts.rules.zone) for told in wanted.contacts]
    _refuse(problems(contacts, datetime.now(UTC), parts.rules.actions))
    recorded = await parts.published.ask(lambda store: _record(store, contacts))
    return Answer(RecordedOut.of(recorded).model_dump_json().encode())


def _record(store: Store, contacts: Sequence[Contact]) -> Recorded:
    unknown = store.unknown_customers(contact.customer_id for contact in contacts)
    _refuse(unknown_customers(contacts, unknown))
    return store.record_contacts(contacts, wait_s=_WAIT_S)


def _refuse(found: Sequence[ContactProblem]) -> None:
    if found:
        details = [
            Detail(location=f"contacts[{one.position}].{one.column}", problem=one.problem)
            for one in found[:_TOLD]
        ]
        message = f"{len(found):,} facts cannot be recorded; nothing is"
        raise ApiProblem(422, "invalid_contacts", message, details)
