"""Plans in the store: asked for, at work, done; kept as long as the run they rest on."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, delete, insert, select, update

from serving.errors import UnknownPlan
from serving.store.schema import PLANS


@dataclass(frozen=True, kw_only=True)
class KeptPlan:
    """A plan that was asked for.

    Parameters
    ----------
    id : str
    run : int
        Whose offers it is made of.
    asked_at : datetime
        In UTC.
    asked : dict
        Budget, control and seed.
    finished_at : datetime or None
        None while it is at work.
    facts : dict or None
        Of a plan that was made.
    problem : str or None
        Why none could be made.
    """

    id: str
    run: int
    asked_at: datetime
    asked: dict[str, Any]
    finished_at: datetime | None
    facts: dict[str, Any] | None
    problem: str | None


_FACTS = [PLANS.c[name] for name in KeptPlan.__dataclass_fields__]


def begin(connection: Connection, plan: str, run: int, asked: Mapping[str, Any]) -> None:
    """Note a plan that is asked for."""
    row = {"id": plan, "run": run, "asked_at": datetime.now(UTC), "asked": dict(asked)}
    connection.execute(insert(PLANS).values(row))


def finish(connection: Connection, plan: str, facts: Mapping[str, Any], rows: pd.DataFrame) -> None:
    """Keep what became of it."""
    content = io.BytesIO()
    rows.to_parquet(content, index=False)
    _end(connection, plan, {"facts": dict(facts), "content": content.getvalue()})


def fail(connection: Connection, plan: str, problem: str) -> None:
    """Keep why it could not be made."""
    _end(connection, plan, {"problem": problem})


def _end(connection: Connection, plan: str, found: Mapping[str, Any]) -> None:
    row = {"finished_at": datetime.now(UTC), **found}
    connection.execute(update(PLANS).where(PLANS.c.id == plan).values(row))


def find(connection: Connection, plan: str) -> KeptPlan:
    """Return a plan.

    Raises
    ------
    UnknownPlan
        When there is none of that id, or its run is no longer kept.
    """
    row = connection.execute(select(*_FACTS).where(PLANS.c.id == plan)).mappings().one_or_none()
    if row is None:
        raise UnknownPlan(
            "there is no such plan; a plan is kept as long as the run that it is made of"
        )
    return KeptPlan(**row)


def rows(connection: Connection, plan: str) -> pd.DataFrame:
    """Return the rows of a plan that was made; none of another one."""
    asked = select(PLANS.c.content).where(PLANS.c.id == plan)
    content = connection.execute(asked).scalar_one_or_none()
    return pd.DataFrame() if content is None else pd.read_parquet(io.BytesIO(content))


def retire(connection: Connection, kept: list[int]) -> None:
    """Forget the plans of all runs but these."""
    connection.execute(delete(PLANS).where(PLANS.c.run.not_in(kept)))
