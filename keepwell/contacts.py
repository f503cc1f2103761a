"""``keepwell contacts``: contacts into the score store, and from it to the other tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from features.errors import InputError
from keepwell.contact_file import Reading, Row, contacts, read_file, refuse, unused
from keepwell.labelled import is_labelled
from keepwell.project import Project, make
from keepwell.settings import Settings
from serving.contacts import Contact, Recorded, problems, unknown_customers
from serving.store import Store

_TELLING = ("customers", "transactions", "subscriptions")


def run_import(
    project: Project, out: Console, path: Path, contacted_at: datetime | None = None
) -> Recorded:
    """Record the contacts of a file, or of a plan that was carried out; see :func:`run_record`."""
    rows = read_file(path)
    try:
        return run_record(project, out, rows, contacted_at)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def run_record(
    project: Project, out: Console, rows: Sequence[Row], contacted_at: datetime | None = None
) -> Recorded:
    """Record contacts and what came of them, all or none; told again, they change nothing.

    Parameters
    ----------
    project : Project
    out : Console
    rows : sequence of mapping
        Columns of :data:`keepwell.contact_file.COLUMNS`.
    contacted_at : datetime, optional
        When the contacts were made, local time; for rows without that column.

    Raises
    ------
    InputError
        Naming every row that cannot be a contact.
    ContradictingContacts
        When a known contact is told otherwise.
    """
    settings = project.settings
    how = Reading(ZoneInfo(settings.data.timezone), contacted_at, _costs(settings))
    found = contacts(rows, how)
    refuse(problems(found, datetime.now(UTC), _actions(settings)))
    make(project.folder)
    with project.store() as store:
        refuse(unknown_customers(found, _unknown(project, store, found)))
        recorded = store.record_contacts(found)
    _say(
        out,
        f"Recorded {len(found):,} contacts: {recorded.new:,} new, {recorded.updated:,} told "
        f"more than was known, {recorded.unchanged:,} known already",
    )
    if left := unused(rows[0]):
        _say(out, f"note: columns that tell nothing of a contact: {'; '.join(left)}")
    return recorded


def _say(out: Console, text: str) -> None:
    out.print(text, highlight=False, markup=False)


def _actions(settings: Settings) -> frozenset[str]:
    return frozenset(settings.actions)


def _costs(settings: Settings) -> dict[str, float]:
    return {name: action.contact_cost for name, action in settings.actions.items()}


def _unknown(project: Project, store: Store, found: Sequence[Contact]) -> set[str]:
    """Give the customers whom neither the store nor a table knows."""
    left = store.unknown_customers(contact.customer_id for contact in found)
    if not left or is_labelled(project):
        return left
    tables = project.load().tables
    for name in _TELLING:
        if left and name in tables:
            ids = tables[name].select("customer_id").distinct().to_pyarrow()["customer_id"]
            left -= set(ids.to_pylist())
    return left
