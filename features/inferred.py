"""Columns of a flat file as features: which type their values have, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.catalogue import Feature
from features.errors import InputError

FAMILY = "labelled"
AMOUNT = "amount"

_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?\s*$"
_LEADING_ZERO = r"^\s*[+-]?0[0-9]"
_DAY = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*$"
_FEWEST_NAMES = 50
_MOST_LEVELS = 0.5
_NEARLY_UNIQUE = 0.95
_EXAMPLES = 3

Kind = Literal["number", "days", "category", "identifier", "none"]


@dataclass(frozen=True)
class Inferred:
    """What a column holds.

    Attributes
    ----------
    kind
        "number"; "days", a date as days since 1970-01-01; "category"; "identifier", which names
        customers rather than describing them; "none", nothing that a model could use.
    note
        What the user should know of it; empty where the column is what it seems.
    """

    kind: Kind
    note: str = ""


def infer(column: pa.ChunkedArray) -> Inferred:
    """Tell what a column holds, from all its values.

    A text column whose values are all numbers is a number, and one whose values are all dates is
    a date; blanks are missing. Numbers with leading zeros are codes and stay text.

    Parameters
    ----------
    column
        Blank texts are null.
    """
    known = column.drop_null()
    if not len(known):
        return Inferred("none", "holds no value; it is left out")
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _text(known, blanks=column.null_count)
    if pa.types.is_integer(column.type) and (said := _names_customers(known, _NEARLY_UNIQUE)):
        remedy = "where it measures something, give it as a DOUBLE in tables.labelled.query"
        return Inferred("identifier", f"{said}; {remedy}")
    if pa.types.is_boolean(column.type) or _is_number(column.type):
        return Inferred("number")
    if pa.types.is_temporal(column.type):
        return Inferred("days")
    return Inferred("none", f"holds {column.type}, which no model can use; it is left out")


def feature_names(columns: Iterable[str]) -> dict[str, str]:
    """Give each column the name of its feature: letters, digits and underscores, each name once."""
    taken = {"customer_id", "churned", "cutoff", AMOUNT}
    names: dict[str, str] = {}
    for column in columns:
        plain = re.sub(r"\W+", "_", column).strip("_")
        stem = name = plain if re.match(r"[^\W\d]", plain) else f"column_{plain}".rstrip("_")
        number = 2
        while name in taken:
            name, number = f"{stem}_{number}", number + 1
        taken.add(name)
        names[column] = name
    return names


def feature(name: str, column: str, kind: Kind) -> Feature:
    """Make the feature of a column that holds numbers, dates or categories."""
    doc = f'The column "{column}" of the labelled file'
    if kind == "category":
        return Feature(name, FAMILY, "category", None, f"{doc}.", dtype="category")
    if kind == "days":
        return Feature(name, FAMILY, "days", None, f"{doc}, as days since 1970-01-01.")
    return Feature(name, FAMILY, "own", None, f"{doc}.")


def read(column: pa.ChunkedArray, wanted: Feature, source: str) -> pd.Series[Any]:
    """Read a column as a feature: float64, or texts with None for what is missing.

    Parameters
    ----------
    column
        Blank texts are null.
    wanted
        What it was when the model was trained.
    source
        The column's own name, for messages.

    Raises
    ------
    InputError
        When a number or a date was wanted and a value is none.
    """
    if wanted.dtype == "category":
        texts = column.cast(pa.string()).to_pandas()
        known: pd.Series[Any] = texts.astype(object).where(texts.notna(), None)
        return known
    if pa.types.is_null(column.type):
        return pd.Series(np.full(len(column), np.nan))
    numbers = _days(column) if wanted.unit == "days" else _numbers(column)
    lost = numbers.isna().to_numpy() & pc.is_valid(column).to_numpy()
    if lost.any():
        examples = ", ".join(repr(v) for v in column.filter(pa.array(lost))[:_EXAMPLES].to_pylist())
        meant = "dates" if wanted.unit == "days" else "numbers"
        raise InputError(
            f'tables.labelled: the champion was trained on {meant} in "{source}", and '
            f"{lost.sum():,} values are none (such as {examples}); correct them, or run "
            "`keepwell train`"
        )
    return numbers


def _text(known: pa.ChunkedArray, blanks: int) -> Inferred:
    missing = f", {blanks:,} blank ones are missing" if blanks else ""
    if _all_match(known, _NUMBER) and not _any_match(known, _LEADING_ZERO):
        if said := _names_customers(_whole(known), _NEARLY_UNIQUE):
            return Inferred("identifier", said)
        return Inferred(
            "number", f"is text whose values are all numbers: taken as a number{missing}"
        )
    if _all_match(known, _DAY):
        return Inferred("days", f"is text whose values are all dates: taken as a date{missing}")
    if said := _names_customers(known, _MOST_LEVELS):
        return Inferred("identifier", said)
    return Inferred("category")


def _names_customers(known: pa.ChunkedArray, share: float) -> str:
    values = pc.count_distinct(known).as_py()
    if values <= max(_FEWEST_NAMES, share * len(known)):
        return ""
    return (
        f"has {values:,} values in {len(known):,} rows, like an identifier, which can leak the "
        "outcome and tells nothing of new customers: left out"
    )


def _whole(known: pa.ChunkedArray) -> pa.ChunkedArray:
    # Amounts written as text are nearly unique, too, but hardly ever all whole.
    return known if _all_match(known, r"^\s*[+-]?[0-9]+\s*$") else known.slice(0, 0)


def _all_match(known: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(known, pattern)).as_py())


def _any_match(known: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(known, pattern)).as_py())


def _is_number(dtype: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype)
    )


def _numbers(column: pa.ChunkedArray) -> pd.Series[float]:
    if pa.types.is_temporal(column.type):
        return pd.Series(np.full(len(column), np.nan))
    found: pd.Series[float] = pd.to_numeric(column.to_pandas(), errors="coerce").astype(np.float64)
    return found.where(np.isfinite(found))


def _days(column: pa.ChunkedArray) -> pd.Series[float]:
    if pa.types.is_string(column.type) or pa.types.is_temporal(column.type):
        times = pd.to_datetime(column.to_pandas(), errors="coerce", format="ISO8601")
        days: pd.Series[float] = (times - pd.Timestamp(0)) / pd.Timedelta(days=1)
        return days
    return pd.Series(np.full(len(column), np.nan))
