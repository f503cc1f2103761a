"""The table of contacts: what was offered to whom, in which arm, and what came of it."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, Column, Dialect, Index, Table, Text, TypeDecorator

from serving.store.schema import METADATA, Moment, identifier

_PLACES = 4


class Money(TypeDecorator[Decimal]):
    """An amount, kept as whole ten-thousandths: exact, and the same in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Turn an amount into ten-thousandths; what is finer is rounded."""
        del dialect
        return None if value is None else int(round(value, _PLACES).scaleb(_PLACES))

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Turn ten-thousandths into an amount."""
        del dialect
        return None if value is None else Decimal(value).scaleb(-_PLACES)


CONTACTS = Table(
    "score_contacts",
    METADATA,
    Column("key", identifier(), primary_key=True),
    Column("customer_id", identifier(), nullable=False),
    Column("action", Text, nullable=False),
    Column("treated", Boolean, nullable=False),
    Column("contacted_at", Moment, nullable=False),
    Column("channel", Text),
    Column("cost", Money),
    Column("responded_at", Moment),
    Column("redeemed_cost", Money),
    Column("recorded_at", Moment, nullable=False),
    Index("score_contacts_last", "customer_id", "contacted_at", "key"),
)
