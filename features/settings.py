"""The settings of tables, population and targets: what each section may hold."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from features.columns import LAYOUTS
from features.errors import suggestion

_DAYS_PER_UNIT = {"d": 1, "w": 7}
_LATER_KINDS = ("subscription", "partial", "labelled")


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
    key: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()

    @model_validator(mode="after")
    def _one_origin(self) -> TableSettings:
        if (self.source is None) == (self.query is None):
            found = "neither" if self.source is None else "both"
            message = f"give either source (a file or table) or query (an SQL SELECT), not {found}"
            raise ValueError(message)
        return self


def _known_tables(tables: dict[str, TableSettings]) -> dict[str, TableSettings]:
    for name, table in tables.items():
        if name not in LAYOUTS:
            known = ", ".join(LAYOUTS)
            message = f'unknown table "{name}".{suggestion(name, LAYOUTS)} Known tables: {known}'
            raise ValueError(message)
        _known_columns(name, table)
    if "transactions" not in tables:
        message = "the transactions table is missing; add a [tables.transactions] section"
        raise ValueError(message)
    return tables


def _known_columns(name: str, table: TableSettings) -> None:
    layout = LAYOUTS[name]
    for column in table.columns:
        if column not in layout.columns and not layout.attributes:
            known = ", ".join(layout.columns)
            message = (
                f'{name}.columns has an unknown column "{column}".'
                f"{suggestion(column, layout.columns)} Known columns: {known}"
            )
            raise ValueError(message)
        if not _ATTRIBUTE.fullmatch(column):
            named = re.sub(r"\W+", "_", column).strip("_") or "plan"
            message = (
                f'{name}.columns has a column "{column}"; name it with letters, digits and '
                f'underscores only: {named} = "..."'
            )
            raise ValueError(message)


_ATTRIBUTE = re.compile(r"\w+")

TablesSettings = Annotated[dict[str, TableSettings], AfterValidator(_known_tables)]
"""`[tables]`: settings by canonical table name; transactions are required."""


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
        "inactivity": no positive transaction in the label window.
    horizon
        Length of the label window in days; None: proposed from the gaps between purchases.
    gap
        Days between the cutoff and the label window, to have time to act.
    """

    kind: Literal["inactivity"] = "inactivity"
    horizon: Days | None = None
    gap: DaysFromZero = 0

    @field_validator("kind", mode="before")
    @classmethod
    def _available_kind(cls, value: Any) -> Any:  # noqa: ANN401 - what TOML held
        if value in _LATER_KINDS:
            message = f'kind "{value}" is not available yet; use "inactivity"'
            raise ValueError(message)
        return value


class ValueSettings(Section):
    """`[value]`: what a customer is worth.

    Attributes
    ----------
    horizon
        Days of future net amount that count; None: the churn horizon.
    """

    horizon: Days | None = None
