"""``keepwell contacts`` and ``keepwell campaign`` as methods, for notebooks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from io import StringIO

import pandas as pd
import pyarrow as pa
from rich.console import Console

from keepwell.campaign_facts import Campaign
from keepwell.campaign_rows import Asked
from keepwell.campaigns import run_campaign, run_size
from keepwell.contacts import run_record
from keepwell.days import Day, day
from keepwell.project import Project
from serving.contacts import Recorded
from training.campaign_size import Size

Opened = Callable[[], AbstractContextManager[tuple[Project, Console]]]
"""Opens a project for one command."""


class Contacts:
    """Who was contacted, and what came of it; see :attr:`keepwell.api.Company.contacts`."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def record(self, contacts: pd.DataFrame, contacted_at: datetime | None = None) -> Recorded:
        """Record contacts and what came of them, all or none; told again, they change nothing.

        Parameters
        ----------
        contacts : DataFrame
            The columns of a file of ``keepwell contacts import``.
        contacted_at : datetime, optional
            When they were made, local time, where no column says it.

        Raises
        ------
        InputError
            Naming every row that cannot be a contact.
        """
        rows = pa.Table.from_pandas(contacts, preserve_index=False).to_pylist()
        with self._opened() as (project, out):
            return run_record(project, out, rows, contacted_at)

    def all(self) -> pd.DataFrame:
        """Give every contact that is recorded, with times in UTC."""
        with self._opened() as (project, _), project.store() as store:
            return store.contacts()

    def last(self) -> pd.DataFrame:
        """Give every customer's newest contact, in either arm, with its time in UTC."""
        with self._opened() as (project, _), project.store() as store:
            return store.last_contacts()


class CampaignMethods(ABC):
    """Contacts and campaigns, as methods of :class:`keepwell.api.Company`."""

    @abstractmethod
    def _opened(self) -> AbstractContextManager[tuple[Project, Console]]:
        """Open the project for one command."""

    @property
    def contacts(self) -> Contacts:
        """The contacts that are recorded: ``record``, ``all`` and ``last``."""
        return Contacts(self._opened)

    def campaign(
        self,
        name: str,
        since: Day | None = None,
        until: Day | None = None,
        control: float | None = None,
    ) -> Campaign:
        """Measure what a campaign brought: treated against control, with intervals.

        Parameters
        ----------
        name : str
            The action, as in the contacts.
        since, until : date or str, optional
            Of contacts in ``[since, until)``.
        control : float, optional
            The planned share of controls.

        Raises
        ------
        InputError
            Where there are no such contacts.
        """
        with self._opened() as (project, out):
            asked = Asked(name, day(since), day(until))
            return run_campaign(project, out, asked, control)

    def campaign_size(
        self,
        base_rate: float,
        effect: float,
        control: float = 0.5,
        customers: int | None = None,
        power: float = 0.8,
    ) -> Size:
        """Give the customers that a campaign needs to show an effect, or the chance of so many.

        Parameters
        ----------
        base_rate : float
            Share of the controls who leave.
        effect : float
            By how much it is to fall.
        control : float
            Share of controls.
        customers : int, optional
            Give the chance of so many instead.
        power : float
            Chance to find the effect.

        Raises
        ------
        InputError
            For numbers that are no shares.
        """
        quiet = Console(file=StringIO())
        return run_size(quiet, base_rate, effect, control, customers, power)
