"""Offers in the store: with the run that they belong to, and as long as its scores."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from serving.errors import UnknownRun
from serving.store.records import Run
from serving.store.schema import OFFERS
from serving.targeting.kept import from_parts, to_parts
from serving.targeting.offers import Offers


def write(connection: Connection, run: int, offers: Offers) -> None:
    """Keep the offers of a run."""
    for part, content in enumerate(to_parts(offers)):
        connection.execute(insert(OFFERS).values(run=run, part=part, content=content))


def read(connection: Connection, run: Run) -> Offers:
    """Return the offers of a run.

    Raises
    ------
    UnknownRun
        When its scores were published without offers.
    """
    asked = select(OFFERS.c.content).where(OFFERS.c.run == run.id).order_by(OFFERS.c.part)
    parts = connection.execute(asked).scalars().all()
    if not parts:
        raise UnknownRun(
            f"the scores of run {run.id} have no offers; describe [actions] in keepwell.toml and "
            "run `keepwell score`"
        )
    return from_parts(parts)


def retire(connection: Connection, kept: list[int]) -> None:
    """Forget the offers of all runs but these."""
    connection.execute(delete(OFFERS).where(OFFERS.c.run.not_in(kept)))
