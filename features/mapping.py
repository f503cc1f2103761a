"""Map the user's columns to canonical ones: names and SQL text, no engine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from features.columns import INTERNAL, Kind, TableLayout
from features.errors import InputError, suggestion
from features.settings import TableSettings

_UNKNOWN_COLUMN = re.compile(
    r'["`](?P<name>[^"`]+)["`] (?:not found|does not exist|cannot be resolved)'
)
_NO_SQL = re.compile("Parser Error|syntax error|PARSE_SYNTAX_ERROR")


@dataclass(frozen=True)
class Relation:
    """A source that the engine can read.

    Attributes
    ----------
    name
        SQL name of a view or table.
    columns
        Column name to the engine's type.
    texts
        Column name to the internal column that holds it as the file's own text.
    """

    name: str
    columns: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def source_column(value: str, columns: Iterable[str]) -> str | None:
    """Return the source column that a mapped value names, or None for an expression.

    An exact match wins over one that differs in case only.
    """
    names = list(columns)
    if value in names:
        return value
    folded = [name for name in names if name.casefold() == value.casefold()]
    return folded[0] if len(folded) == 1 else None


def completed(settings: TableSettings, layout: TableLayout, relation: Relation) -> dict[str, str]:
    """Return the mapping, with unmapped required columns taken by their own name.

    Raises
    ------
    InputError
        When a required column is neither mapped nor in the source.
    """
    mapping = dict(settings.columns)
    for column in layout.required:
        if column in mapping:
            continue
        if source_column(column, relation.columns) is None:
            raise InputError(
                f"tables.{layout.name}.columns: {column} is not mapped, and the source has no "
                f'column of that name; add {column} = "..." with one of: {listed(relation)}'
            )
        mapping[column] = column
    ordered = [*(c for c in layout.columns if c in mapping), *mapping]
    return {column: mapping[column] for column in dict.fromkeys(ordered)}


def expression(value: str, relation: Relation, kind: Kind) -> str:
    """Return the SQL of a mapped value.

    A column that stands alone is read as the file's own text where there is such text, so that
    ids keep their zeros and digits; in an expression it has its number or date type.
    """
    column = source_column(value, relation.columns)
    if column is None:
        return f"(\n{value}\n)"
    if kind is not Kind.ATTRIBUTE:
        column = relation.texts.get(column, column)
    return quoted(column)


def key_columns(
    key: tuple[str, ...], mapping: Mapping[str, str], relation: Relation, place: str
) -> list[str]:
    """Return the SQL of a configured key: canonical columns, or else source columns.

    Raises
    ------
    InputError
        When a part of the key is neither.
    """
    parts = []
    for name in key:
        column = mapping.get(name) or source_column(name, relation.columns)
        if column is None:
            known = [*mapping, *relation.columns]
            raise InputError(
                f'{place}.key has "{name}", neither a mapped column nor a column of the source.'
                f"{suggestion(name, known)} Columns: {', '.join(known)}"
            )
        parts.append(expression(column, relation, Kind.ID))
    return parts


def key_name(position: int) -> str:
    """Return the internal name of a part of the configured key."""
    return f"{INTERNAL}key_{position}"


def select(relation: Relation, items: Mapping[str, str], where: str | None) -> str:
    """Return the SELECT of named SQL expressions over a relation."""
    columns = ",\n".join(f"{sql} AS {quoted(name)}" for name, sql in items.items())
    condition = f"\nWHERE (\n{where}\n)" if where else ""
    return f"SELECT {columns}\nFROM {relation.name}{condition}"


def listed(relation: Relation) -> str:
    """Return the columns of a relation, for messages."""
    return ", ".join(relation.columns)


def _types(value: str, relation: Relation) -> str:
    text = value.casefold()
    named = [f"{c} is {kind}" for c, kind in relation.columns.items() if c.casefold() in text]
    return f" Here {', '.join(named)}." if named else ""


def explain(place: str, value: str, problem: str, relation: Relation) -> str:
    """Say what is wrong with a mapped value, with the nearest column and all columns.

    Parameters
    ----------
    place
        The dotted key of the setting.
    value
        What the user wrote.
    problem
        The engine's message.
    relation
        The source.
    """
    unknown = _UNKNOWN_COLUMN.search(problem)
    if unknown:
        hint = suggestion(unknown["name"], relation.columns)
        said = f'the source has no column "{unknown["name"]}".{hint}'
    elif _NO_SQL.search(problem):
        hint = suggestion(value, relation.columns)
        said = f"neither a column of the source nor an SQL expression: {first_line(problem)}.{hint}"
    elif "VARCHAR" in problem:
        said = (
            f"{first_line(problem)}. A text column needs a cast, such as "
            f'TRY_CAST("..." AS DOUBLE) or strptime("...", \'%d/%m/%Y %H:%M\').'
            f"{_types(value, relation)}"
        )
    else:
        said = f"{first_line(problem)}."
    return f"{place} = {value!r}: {said} Columns: {listed(relation)}"


def first_line(problem: str) -> str:
    """Return the first line of an engine's message, and the next where it only says "where"."""
    lines = [line.strip() for line in problem.strip().splitlines() if line.strip()]
    said = " ".join(lines[:2]) if lines[0].startswith("Invalid Input Error: CSV") else lines[0]
    return said.rstrip(".")
