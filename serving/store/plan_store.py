"""What the store keeps of plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from serving.store import plans
from serving.store.engine import reading, writing
from serving.store.plans import KeptPlan

_ASKING_S = 5.0
"""Whoever asks for a plan does not wait for a publication to end; whoever has made one does."""


class PlanStore:
    """The plans of :class:`serving.store.Store`."""

    _engine: Engine
    _wait_s: float

    def begin_plan(self, plan: str, run: int, asked: Mapping[str, Any]) -> KeptPlan:
        """Note a plan that is asked for.

        Parameters
        ----------
        plan : str
            Its id.
        run : int
            Whose offers it is made of.
        asked : mapping
            JSON types.

        Raises
        ------
        StoreUnavailable
            When the database does not answer, or another writer holds it.
        """
        with writing(self._engine, _ASKING_S) as connection:
            plans.begin(connection, plan, run, asked)
            return plans.find(connection, plan)

    def finish_plan(self, plan: str, facts: Mapping[str, Any], rows: pd.DataFrame) -> KeptPlan:
        """Keep what became of a plan."""
        with writing(self._engine, self._wait_s) as connection:
            plans.finish(connection, plan, facts, rows)
            return plans.find(connection, plan)

    def fail_plan(self, plan: str, problem: str) -> KeptPlan:
        """Keep why a plan could not be made."""
        with writing(self._engine, self._wait_s) as connection:
            plans.fail(connection, plan, problem)
            return plans.find(connection, plan)

    def plan(self, plan: str) -> tuple[KeptPlan, pd.DataFrame]:
        """Return a plan and its rows, of which there are none before it is made.

        Raises
        ------
        UnknownPlan
            When there is none of that id, or its run is no longer kept.
        """
        with reading(self._engine) as connection:
            return plans.find(connection, plan), plans.rows(connection, plan)
