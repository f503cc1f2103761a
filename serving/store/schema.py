"""The tables of the store.

Runs, history and secrets are fixed, and made by migrations. The scores of a run have a table of
their own, ``scores_<run>``, made with the publication: loaded before it is indexed, and dropped
instead of deleted row by row, which keeps a nightly publication fast and the database free of
dead rows. The names share a prefix so that the store may lie in a database with other tables.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    false,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from serving.columns import NEXT_PURCHASE, NUMBERS, SEGMENTS

VERSION_TABLE = "score_store_version"
SCORES_PREFIX = "scores_"
WORDS = ("reason_1", "reason_2", "reason_3", "cause_1", "cause_2", "cause_3")
REMEMBERED = ("churn_probability", "value_if_retained", "value_if_churned", "expected_value")
"""What the history keeps of a score."""
SORTS = ("value_at_risk", "churn_probability", "expected_value")
OUT_OF_FOLD = "out_of_fold"

METADATA = MetaData()


class Moment(TypeDecorator[datetime]):
    """A moment, kept in UTC without a zone, which both databases order and store alike."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any moment with a zone into UTC."""
        del dialect
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that what was stored is UTC."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


def identifier() -> Text:
    """Return the type of customer ids, ordered by code point on either database."""
    return Text().with_variant(Text(collation="C"), "postgresql")


def _measure(name: str) -> Column[float]:
    """Return the column of a measure: only the probability is always known."""
    return Column(name, Double, nullable=name != "churn_probability")


_DOCUMENT = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

RUNS = Table(
    "score_runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("published_at", Moment, nullable=False),
    Column("as_of", Date),
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("churn_horizon", Integer),
    Column("value_horizon", Integer),
    Column("backtest", Boolean, nullable=False),
    Column("kept", Boolean, nullable=False),
    Column("valued", Boolean, nullable=False, server_default=true()),
    Column("lifetime_years", Double),
    Column("lifetime_discount", Double),
    Column("segment_rules", _DOCUMENT),
    sqlite_autoincrement=True,
)

# As-of date and version stand once, with the run: a row is a customer's id and four numbers. No
# foreign key: PostgreSQL would look each of a million rows up, and runs are never deleted.
HISTORY = Table(
    "score_history",
    METADATA,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("customer_id", identifier(), primary_key=True),
    *(_measure(name) for name in REMEMBERED),
    sqlite_with_rowid=False,
)

SECRETS = Table(
    "score_secrets",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
)

# A run's offers, some customers a part: see serving.targeting.kept.
OFFERS = Table(
    "score_offers",
    METADATA,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

PLANS = Table(
    "score_plans",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("finished_at", Moment),
    Column("facts", JSON),
    Column("problem", Text),
    Column("content", LargeBinary),
)


@lru_cache(maxsize=64)  # one object a run: SQLAlchemy remembers the statements written with it
def score_table(run: int) -> Table:
    """Return the table of a run's scores, without its indexes.

    Parameters
    ----------
    run : int
        The run's id.
    """
    return _score_table(run)


def _score_table(run: int) -> Table:
    return Table(
        f"{SCORES_PREFIX}{run}",
        MetaData(),
        Column("customer_id", identifier(), nullable=False),
        *(_measure(name) for name in NUMBERS),
        Column(NEXT_PURCHASE, Date),
        *(Column(name, Text) for name in SEGMENTS),
        Column("days_since_purchase", Integer),
        *(Column(name, Text) for name in WORDS),
        Column("attributes", JSON().with_variant(JSONB(), "postgresql")),
        Column(OUT_OF_FOLD, Boolean, nullable=False, server_default=false()),
    )


def score_indexes(run: int) -> list[Index]:
    """Return the indexes of a run's scores: by customer, and in the order of every list."""
    table = _score_table(run)  # its own: an index becomes part of the table that it is given
    name, customer = table.name, table.c.customer_id
    return [
        Index(f"{name}_customer", customer, unique=True),
        *(Index(f"{name}_{sort}", table.c[sort].desc(), customer) for sort in SORTS),
    ]
