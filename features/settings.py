"""The settings of tables, population and targets: what each section may hold."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from features.columns import LAYOUTS
from features.errors import suggestion

_DAYS_PER_UNIT = {"d": 1, "w": 7}

ChurnKind = Literal["inactivity", "subscription", "partial", "labelled"]


class Section(BaseModel):
    """A section of the configuration: unchangeable, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def parse_days(value: object) -> int:
    """Return a duration in whole days.

    Parameters
    ----------
    value
        Text such as "90d" or "12w", or a whole number of days.

    Raises
    ------
    ValueError
        When the text has another unit, or none; months and years have no fixed length.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = re.fullmatch(r"\s*(-?\d+)\s*([dw])\s*", value) if isinstance(value, str) else None
    if match is None:
        message = f'{value!r} is not a duration; write days or weeks, such as "90d" or "12w"'
        raise ValueError(message)
    return int(match[1]) * _DAYS_PER_UNIT[match[2]]


def _positive(days: int) -> int:
    if days < 1:
        message = f'{days} days is not a usable duration; give at least one day, such as "30d"'
        raise ValueError(message)
    return days


def _not_negative(days: int) -> int:
    if days < 0:
        message = f'{days} days is before the cutoff; give "0d" or more'
        raise ValueError(message)
    return days


Days = Annotated[int, BeforeValidator(parse_days), AfterValidator(_positive)]
"""A duration of one or more whole days, written "90d" or "12w"."""

DaysFromZero = Annotated[int, BeforeValidator(parse_days), AfterValidator(_not_negative)]
"""A duration of zero or more whole days."""


class DataSettings(Section):
    """`[data]`: the engine and how rows are read.

    Attributes
    ----------
    engine
        An Ibis URL: "duckdb://" runs in process, "duckdb://shop.duckdb" opens a database
        beside the configuration, for reading only.
    timezone
        Days begin at midnight here; times without a zone are taken as local here.
    max_rejected
        Share of a table's rows, 0 to 1, that may be quarantined.
    memory_limit
        Most memory that DuckDB takes before it uses the disk, such as "4GB".
    """

    engine: str = "duckdb://"
    timezone: str = "UTC"
    max_rejected: float = Field(default=0.05, ge=0, le=1)
    memory_limit: str | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            hint = suggestion(value, available_timezones())
            message = f'"{value}" is not a time zone, such as "UTC" or "Europe/Paris".{hint}'
            raise ValueError(message) from None
        return value


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
"""A list of texts."""


def _check_origin(source: str | None, query: str | None) -> None:
    if (source is None) == (query is None):
        found = "neither" if source is None else "both"
        message = f"give either source (a file or table) or query (an SQL SELECT), not {found}"
        raise ValueError(message)


class TableSettings(Section):
    """`[tables.<name>]`: where a table comes from and what its columns mean.

    Attributes
    ----------
    source
        A parquet, csv or csv.gz file, a glob of these, or a table in the engine.
    query
        An SQL SELECT instead of `source`.
    where
        SQL condition; rows that do not meet it are left out and counted.
    columns
        Canonical column name to a source column or an SQL expression over source columns.
    key
        Columns that make a row unique; repeats are quarantined. Empty: repeats are kept.
    """

    source: str | None = None
    query: str | None = None
    where: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    key: Names = ()

    @model_validator(mode="after")
    def _one_origin(self) -> TableSettings:
        _check_origin(self.source, self.query)
        return self

    @model_validator(mode="after")
    def _named_columns(self) -> TableSettings:
        for column in self.columns:
            if not _COLUMN.fullmatch(column):
                named = re.sub(r"\W+", "_", column).strip("_") or "plan"
                message = (
                    f'columns has a column "{column}"; name it with letters, digits and '
                    f'underscores only: {named} = "..."'
                )
                raise ValueError(message)
        return self


_COLUMN = re.compile(r"\w+")


class LabelledSettings(Section):
    """`[tables.labelled]`: a flat file, one row a customer, with a ready-made outcome.

    Attributes
    ----------
    source, query, where, columns
        As in every table; `columns` may name customer_id only, else rows are numbered.
    outcome
        The column that says who left; rows in which it is empty are to be scored.
    positive
        The value of `outcome` that means "left".
    ignore
        Columns that are not used. Every other column is a feature.
    """

    source: str | None = None
    query: str | None = None
    where: str | None = None
    columns: dict[Literal["customer_id"], str] = Field(default_factory=dict)
    outcome: str
    positive: str | int | float | bool
    ignore: Names = ()

    @model_validator(mode="after")
    def _one_origin(self) -> LabelledSettings:
        _check_origin(self.source, self.query)
        return self


def _known_columns(table: TableSettings | None, info: ValidationInfo) -> TableSettings | None:
    """Refuse columns that the canonical table of this name does not have."""
    layout = LAYOUTS[str(info.field_name)]
    for column in table.columns if table and not layout.attributes else ():
        if column not in layout.columns:
            known = ", ".join(layout.columns)
            message = (
                f'columns has an unknown column "{column}".'
                f"{suggestion(column, layout.columns)} Known columns: {known}"
            )
            raise ValueError(message)
    return table


OptionalTable = Annotated[TableSettings | None, AfterValidator(_known_columns)]


class TablesSettings(Section):
    """`[tables]`: the tables that there are; one that tells who left or bought is required.

    Attributes
    ----------
    transactions, customers, complaints, wallets, contacts, subscriptions, activities, surveys, \
referrals
        The canonical tables of `features.columns.LAYOUTS`.
    labelled
        A flat file with a ready-made outcome.
    """

    transactions: OptionalTable = None
    customers: OptionalTable = None
    complaints: OptionalTable = None
    wallets: OptionalTable = None
    contacts: OptionalTable = None
    subscriptions: OptionalTable = None
    activities: OptionalTable = None
    surveys: OptionalTable = None
    referrals: OptionalTable = None
    labelled: LabelledSettings | None = None

    @property
    def given(self) -> dict[str, TableSettings]:
        """The canonical tables that the configuration has, by name; never the labelled one."""
        found = {name: getattr(self, name) for name in LAYOUTS}
        return {name: table for name, table in found.items() if table is not None}

    @model_validator(mode="after")
    def _something_to_learn_from(self) -> TablesSettings:
        if self.transactions is None and self.subscriptions is None and self.labelled is None:
            message = (
                "nothing tells who left; add a [tables.transactions], a [tables.subscriptions] or "
                "a [tables.labelled] section"
            )
            raise ValueError(message)
        return self


class PopulationSettings(Section):
    """`[population]`: who is a customer at a cutoff.

    Attributes
    ----------
    active_within
        Days before the cutoff in which an active customer bought at least once.
    """

    active_within: Days = 365


class ChurnSettings(Section):
    """`[churn]`: what leaving means.

    Attributes
    ----------
    kind
        "inactivity": no positive transaction in the label window. "subscription": a subscription
        ends in it and no other begins within `regrace`. "partial": the spend in it is below
        `share` of the usual. "labelled": the outcome column of `[tables.labelled]` says so.
    horizon
        Length of the label window in days; None: proposed from the gaps between purchases.
    gap
        Days between the cutoff and the label window, to have time to act.
    regrace
        Days after the end of a subscription in which another one undoes it.
    share
        Share of the usual spend, above 0 to 1, below which a customer has partly left.
    norm_windows
        How many windows of the horizon's length before the cutoff make the usual spend.
    """

    kind: ChurnKind = "inactivity"
    horizon: Days | None = None
    gap: DaysFromZero = 0
    regrace: DaysFromZero = 30
    share: float = Field(default=0.5, gt=0, le=1)
    norm_windows: int = Field(default=4, ge=1)


class ValueSettings(Section):
    """`[value]`: what a customer is worth.

    Attributes
    ----------
    horizon
        Days of future value that count; None: the churn horizon.
    measure
        "net": the net amounts of transactions. "margin": their margins.
    amount
        SQL expression over the columns of `[tables.labelled]`; None: no value is predicted.
    lifetime_years
        Years that a lifetime value looks ahead at most.
    lifetime_discount
        Annual rate at which it discounts what comes later.
    """

    horizon: Days | None = None
    measure: Literal["net", "margin"] = "net"
    amount: str | None = None
    lifetime_years: float = Field(default=5.0, gt=0, le=100)
    lifetime_discount: float = Field(default=0.1, ge=0, le=1)


class FeaturesSettings(Section):
    """`[features]`: what is computed beside the families that everybody has.

    Attributes
    ----------
    families
        Python files with feature families of the user's own.
    """

    families: Names = ()
