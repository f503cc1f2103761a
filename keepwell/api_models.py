"""``keepwell models`` as methods, for notebooks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pandas as pd
from rich.console import Console

from keepwell.project import Project
from keepwell.results import contested, reigns, versions
from keepwell.versions import run_compare, run_list, run_promote, run_rollback
from models.registry import store

Opened = Callable[[], AbstractContextManager[tuple[Project, Console]]]
"""Opens a project for one command."""


class Models:
    """The versions of a company's model; see :attr:`keepwell.api.Company.models`."""

    def __init__(self, opened: Opened, day: Callable[[date | str | None], date | None]) -> None:
        self._opened, self._day = opened, day

    def list(self) -> pd.DataFrame:
        """Give every version: when it was registered, its grade, why it was or was not promoted."""
        with self._opened() as (project, out):
            found = run_list(project, out)
            with store(project.settings.tracking_uri):
                history, champion = project.registry.history(), project.registry.champion()
        return versions(found, history, champion.number if champion else None)

    def champions(self) -> pd.DataFrame:
        """Give which version was champion from when until when, and why, oldest first."""
        with self._opened() as (project, _), store(project.settings.tracking_uri):
            found = project.registry.champion()
            return reigns(project.registry.history(), found.number if found else None)

    def compare(self, first: int, second: int, as_of: date | str | None = None) -> pd.DataFrame:
        """Judge the recipes of two versions on the same customers, with paired differences.

        Parameters
        ----------
        first, second : int
            Versions.
        as_of : date or str, optional
            First day that is not known; the later data cutoff of the two by default.

        Returns
        -------
        DataFrame
            By measure: ``first``, ``second``, the ``difference`` with the ends of its 90 %
            interval, ``low`` and ``high``, and the ``verdict`` on the second.

        Raises
        ------
        InputError
            When they mean different things, or no cutoff can be held out.
        ModelError
            When one of them does not exist, or its bundle cannot be used.
        """
        with self._opened() as (project, out):
            return contested(run_compare(project, out, (first, second), self._day(as_of)))

    def promote(self, version: int, reason: str | None = None) -> None:
        """Make a version the champion, whatever its measures are.

        Raises
        ------
        ModelError
            When there is no such version, or its bundle cannot be used.
        """
        with self._opened() as (project, out):
            run_promote(project, out, version, reason)

    def rollback(self, reason: str | None = None) -> int:
        """Go back to the version that was champion before, and give its number.

        Raises
        ------
        ModelError
            When there was none, or its bundle cannot be used.
        """
        with self._opened() as (project, out):
            return run_rollback(project, out, reason).number
