"""Cursors: where a reader of a risk list goes on, signed so that none can be made up."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

from serving.errors import InvalidCursor

_SEAL = 16
_LONGEST = 4_096


@dataclass(frozen=True)
class Cursor:
    """A place in a list.

    Parameters
    ----------
    run : int
        The publication that the list was begun on.
    query : str
        Digest of sort and filters.
    seen : int
        Customers before this place.
    value : float
        The last customer's sort value.
    customer_id : str
        The last customer.
    """

    run: int
    query: str
    seen: int
    value: float
    customer_id: str


def encode(cursor: Cursor, secret: bytes) -> str:
    """Return a cursor as URL-safe text.

    Parameters
    ----------
    cursor : Cursor
    secret : bytes
        The store's own.
    """
    fields = [cursor.run, cursor.query, cursor.seen, cursor.value, cursor.customer_id]
    content = json.dumps(fields, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_seal(content, secret) + content).decode().rstrip("=")


def decode(text: str, secret: bytes) -> Cursor:
    """Return the cursor that a text stands for.

    Raises
    ------
    InvalidCursor
        When the store did not write it.
    """
    sealed = _bytes(text)
    seal, content = sealed[:_SEAL], sealed[_SEAL:]
    if not hmac.compare_digest(seal, _seal(content, secret)):
        raise _unknown()
    return Cursor(*json.loads(content))


def _bytes(text: str) -> bytes:
    if len(text) > _LONGEST or not text.isascii():
        raise _unknown()
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise _unknown() from None


def _seal(content: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, content, hashlib.sha256)[:_SEAL]


def _unknown() -> InvalidCursor:
    return InvalidCursor(
        "this cursor was not given out by this score store, or was changed on the way; pass "
        "next_cursor on as it is, or begin again without a cursor"
    )
