"""Write contacts into the store and read them back, on an open connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, bindparam, func, insert, select, update

from serving.contacts import LATER, Contact, Recorded, differences, joined
from serving.errors import ContradictingContacts
from serving.store.contact_table import CONTACTS
from serving.store.schema import RUNS, score_table

_AT_ONCE = 500
"""Values in one condition: below every database's limit."""

_NAMES = [field.name for field in fields(Contact)]
_TIMES = ("contacted_at", "responded_at", "recorded_at")
LAST = ("customer_id", "contacted_at", "action", "treated")
"""What is told of a customer's last contact."""


def record(connection: Connection, contacts: Sequence[Contact], now: datetime) -> Recorded:
    """Write contacts: new ones, and what is told besides of those known; all of them or none.

    Parameters
    ----------
    connection : Connection
        Of :func:`serving.store.engine.writing`: nobody else writes contacts meanwhile.
    contacts : sequence of Contact
        Each key once.
    now : datetime
        When those are recorded that do not say it.

    Raises
    ------
    ContradictingContacts
        When a known key is told with other facts; nothing is written then.
    """
    known = _by_key(connection, [contact.key for contact in contacts])
    _check(known, contacts)
    new = [
        c if c.recorded_at else replace(c, recorded_at=now) for c in contacts if c.key not in known
    ]
    both = [(known[c.key], joined(known[c.key], c)) for c in contacts if c.key in known]
    changed = [after for before, after in both if after != before]
    if new:
        connection.execute(insert(CONTACTS), [asdict(contact) for contact in new])
    if changed:
        _update(connection, changed)
    return Recorded(len(new), len(changed), len(both) - len(changed))


def _by_key(connection: Connection, keys: Sequence[str]) -> dict[str, Contact]:
    found: dict[str, Contact] = {}
    for some in _parts(keys):
        rows = connection.execute(select(CONTACTS).where(CONTACTS.c.key.in_(some))).mappings()
        found |= {row["key"]: Contact(**row) for row in rows}
    return found


def _check(known: dict[str, Contact], contacts: Sequence[Contact]) -> None:
    wrong = [
        (position, f"{contact.key}: {'; '.join(said)}")
        for position, contact in enumerate(contacts)
        if contact.key in known and (said := differences(known[contact.key], contact))
    ]
    if wrong:
        raise ContradictingContacts(wrong)


def _update(connection: Connection, changed: Iterable[Contact]) -> None:
    values = {name: bindparam(f"new_{name}", type_=CONTACTS.c[name].type) for name in LATER}
    rows = [
        {"old_key": contact.key, **{f"new_{name}": getattr(contact, name) for name in LATER}}
        for contact in changed
    ]
    connection.execute(
        update(CONTACTS).where(CONTACTS.c.key == bindparam("old_key")).values(values), rows
    )


def unknown(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Give those of some customers whom no run that is kept has scored, and nobody contacted."""
    left = set(ids)
    kept = connection.execute(select(RUNS.c.id).where(RUNS.c.kept).order_by(RUNS.c.id.desc()))
    for table in (CONTACTS, *(score_table(run) for run in kept.scalars().all())):
        for some in _parts(sorted(left)):
            column = table.c.customer_id
            left -= set(connection.execute(select(column).where(column.in_(some))).scalars())
    return left


def everything(connection: Connection) -> pd.DataFrame:
    """Read all contacts, ordered by key; times in UTC, money as Decimal."""
    rows = connection.execute(select(CONTACTS).order_by(CONTACTS.c.key))
    return _frame([tuple(row) for row in rows], list(CONTACTS.columns.keys()))


def last(connection: Connection) -> pd.DataFrame:
    """Read every customer's newest contact, in either arm: the columns of :data:`LAST`."""
    rank = func.row_number().over(
        partition_by=CONTACTS.c.customer_id,
        order_by=[CONTACTS.c.contacted_at.desc(), CONTACTS.c.key.desc()],
    )
    ranked = select(*(CONTACTS.c[name] for name in LAST), rank.label("rank")).subquery()
    newest = select(*(ranked.c[name] for name in LAST)).where(ranked.c.rank == 1)
    rows = connection.execute(newest.order_by(ranked.c.customer_id))
    return _frame([tuple(row) for row in rows], list(LAST))


def _frame(rows: list[tuple[Any, ...]], names: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame.from_records(rows, columns=names)
    times = {name: pd.to_datetime(frame[name], utc=True) for name in _TIMES if name in names}
    flags = {"treated": frame["treated"].astype(bool)}
    return frame.assign(**times, **flags)


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
