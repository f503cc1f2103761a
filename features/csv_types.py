"""Decide the types of CSV columns: exactly, over the whole file, and never at an id's cost.

Files are read as text. A column becomes a number or a date only when every value is one and
nothing is lost by it: leading zeros and more digits than a number holds keep a column text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from features.columns import INTERNAL, Kind, TableLayout
from features.mapping import literal, quoted, source_column

_NUMBERS = ("BIGINT", "DOUBLE")
_CANDIDATES = (*_NUMBERS, "BOOLEAN", "DATE", "TIMESTAMP")
_LEADING_ZERO = r"^\s*[-+]?0[0-9]"
_TOO_LONG = r"^\s*[-+]?[0-9]{19,}\s*$"
_WHOLE_FLOAT = r"^-?[0-9]+(\.0+)?$"
_ENDING = r"\.0+$"

ROWS = ("", "rows")
"""Where a plan's counts hold the number of rows."""


def text_name(column: str) -> str:
    """Return the internal name of a column's own text."""
    return f"{INTERNAL}text_{column}"


def typed_columns(
    mapping: Mapping[str, str], where: str | None, layout: TableLayout, columns: Iterable[str]
) -> set[str]:
    """Return the columns whose type matters: in expressions, in `where`, or as attributes."""
    names = list(columns)
    texts = [where or ""]
    for canonical, value in mapping.items():
        if source_column(value, names) is None or layout.kind(canonical) is Kind.ATTRIBUTE:
            texts.append(value)
    text = "\n".join(texts).casefold()
    return {column for column in names if column.casefold() in text}


def id_columns(mapping: Mapping[str, str], layout: TableLayout, columns: Iterable[str]) -> set[str]:
    """Return the columns that are ids by themselves."""
    names = list(columns)
    found = (
        source_column(value, names)
        for canonical, value in mapping.items()
        if layout.kind(canonical) is Kind.ID
    )
    return {column for column in found if column is not None}


@dataclass(frozen=True)
class Plan:
    """What to count in a file, and the typed view that follows from the counts.

    Attributes
    ----------
    candidates
        Column to the type that a sample of the file suggests.
    used
        Columns whose type matters; the others stay text.
    ids
        Columns that are ids by themselves.
    """

    candidates: Mapping[str, str]
    used: set[str]
    ids: set[str]

    def probes(self) -> dict[tuple[str, str], str]:
        """Return the counts, as SQL by column and name, that one scan of the file takes."""
        counts = {ROWS: "count(*)"}
        for column, candidate in self.candidates.items():
            wanted: dict[str, str] = {}
            if column in self.used:
                wanted |= probes(column, candidate)
            if column in self.ids and candidate == "DOUBLE":
                wanted |= whole_float_probe(column)
            counts |= {(column, name): sql for name, sql in wanted.items()}
        return counts

    def types(self, counts: Mapping[tuple[str, str], int]) -> dict[str, str]:
        """Return the type of every column."""
        return {
            column: decide(candidate, _of(column, counts)) if column in self.used else "VARCHAR"
            for column, candidate in self.candidates.items()
        }

    def typed(self, counts: Mapping[tuple[str, str], int]) -> dict[str, str]:
        """Return, by column, the SQL of its value with its type."""
        return {
            column: f"TRY_CAST({quoted(column)} AS {kind})"
            for column, kind in self.types(counts).items()
        }

    def texts(self, counts: Mapping[tuple[str, str], int]) -> dict[str, str]:
        """Return, by internal name, the SQL of every column's own text."""
        texts = {}
        for column in self.candidates:
            found = _of(column, counts)
            spoilt = "whole" in found and found["whole"] == found["given"]
            texts[text_name(column)] = without_ending(column) if spoilt else quoted(column)
        return texts


def _of(column: str, counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    return {name: count for (of, name), count in counts.items() if of == column}


def probes(column: str, candidate: str) -> dict[str, str]:
    """Return the counts, as SQL, that decide whether a column has the candidate type."""
    name = quoted(column)
    counts = {
        "given": f"count({name})",
        "typed": f"count(TRY_CAST({name} AS {candidate}))",
    }
    if candidate in _NUMBERS:
        counts["fractions"] = f"count(TRY_CAST({name} AS DOUBLE))"
        counts["zeros"] = _count_matches(name, _LEADING_ZERO)
        counts["long"] = _count_matches(name, _TOO_LONG)
    return counts


def decide(candidate: str, counts: Mapping[str, int]) -> str:
    """Return the type of a column from its candidate type and the counts of `probes`."""
    if not counts["given"] or candidate not in _CANDIDATES:
        return "VARCHAR"
    if counts.get("zeros") or counts.get("long"):
        return "VARCHAR"
    if counts["typed"] == counts["given"]:
        return candidate
    return "DOUBLE" if counts.get("fractions") == counts["given"] else "VARCHAR"


def whole_float_probe(column: str) -> dict[str, str]:
    """Return the counts, as SQL, that tell ids that a float column has spoilt: 12346.0."""
    name = quoted(column)
    return {"given": f"count({name})", "whole": _count_matches(name, _WHOLE_FLOAT)}


def without_ending(column: str) -> str:
    """Return the SQL of an id without the ".0" that a float column gave it."""
    return f"regexp_replace({quoted(column)}, {literal(_ENDING)}, '')"


def _count_matches(name: str, pattern: str) -> str:
    return f"count(*) FILTER (WHERE regexp_matches({name}, {literal(pattern)}))"
