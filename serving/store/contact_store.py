"""What the store remembers of contacts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import Engine

from serving.contacts import Contact, Recorded
from serving.errors import StoreError
from serving.store import contacts as rows
from serving.store.engine import RECORDING, reading, writing
from serving.store.failures import MissingTable

_ATTEMPTS = 3


class ContactStore:
    """The contacts of :class:`serving.store.Store`."""

    _engine: Engine
    _wait_s: float

    def record_contacts(
        self, contacts: Sequence[Contact], *, wait_s: float | None = None
    ) -> Recorded:
        """Record contacts, all of them or none; a known one told again changes nothing.

        Parameters
        ----------
        contacts : sequence of Contact
            Each key once. What is told of a known key besides what is known, such as a response,
            is added.
        wait_s : float, optional
            Seconds to wait for another writer; as a publication waits by default.

        Raises
        ------
        ContradictingContacts
            When a known key is told with other facts.
        StoreBusy
            When another writer takes longer.
        StoreUnavailable
            When the database does not answer.
        """
        wait = self._wait_s if wait_s is None else wait_s
        with writing(self._engine, wait, RECORDING) as connection:
            return rows.record(connection, contacts, datetime.now(UTC))

    def contacts(self) -> pd.DataFrame:
        """Return all contacts, ordered by key.

        Returns
        -------
        DataFrame
            The fields of :class:`serving.contacts.Contact`; times in UTC, money as Decimal, None
            where nothing is known.
        """
        with reading(self._engine) as connection:
            return rows.everything(connection)

    def last_contacts(self) -> pd.DataFrame:
        """Return the newest contact of every customer who has one, in either arm.

        Returns
        -------
        DataFrame
            ``customer_id``, ``contacted_at`` (UTC), ``action`` and ``treated`` (bool), ordered by
            customer; of contacts at the same moment the one with the greatest key.
        """
        with reading(self._engine) as connection:
            return rows.last(connection)

    def unknown_customers(self, ids: Iterable[str]) -> set[str]:
        """Return those of some customers whom no kept run has scored, and nobody contacted."""
        wanted = set(ids)
        for _ in range(_ATTEMPTS):
            try:
                with reading(self._engine) as connection:
                    return rows.unknown(connection, wanted)
            except MissingTable:  # dropped by a publication since it was found: look again
                continue
        raise StoreError(
            "the scores are replaced faster than they can be read; raise [store] keep_runs"
        )
