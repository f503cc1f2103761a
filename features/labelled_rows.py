"""Rows of a flat file: who left, and which rows cannot be used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.errors import InputError, nearest
from features.settings import LabelledSettings
from features.tables import TableReport

_PLACE = "tables.labelled"
_SHOWN = 10
_TWO = 2


@dataclass(frozen=True)
class Rows:
    """The good rows, ordered by customer, and how many were not."""

    kept: pd.DataFrame
    report: TableReport


def outcomes(
    column: pa.ChunkedArray, settings: LabelledSettings, *, learning: bool
) -> pd.Series[float]:
    """Give 1 for who left, 0 for who stayed and NaN for who is to be scored.

    Parameters
    ----------
    column
        The outcome as text; null where it is not known.
    settings
        The `[tables.labelled]` section.
    learning
        Whether both outcomes must be there; a file to be scored may lack them.

    Raises
    ------
    InputError
        Unless there are exactly two values, one of them the positive one: a third would be taken
        for "stayed".
    """
    texts = column.to_pandas().map(_said, na_action="ignore")
    positive = _said(str(settings.positive))
    counts = texts.value_counts()
    if learning or len(counts) > 1:
        _check_outcomes(counts, positive, settings)
    left: pd.Series[float] = (texts == positive).astype(np.float64).where(texts.notna())
    return left


def _check_outcomes(counts: pd.Series[int], positive: str, settings: LabelledSettings) -> None:
    place = f"{_PLACE}.outcome = {settings.outcome!r}"
    if counts.empty:
        raise InputError(f"{place}: no row has a value, so there is nothing to learn from")
    if positive not in counts.index:
        match = nearest(positive, counts.index)
        hint = f' Did you mean "{match}"?' if match else ""
        raise InputError(
            f"{_PLACE}.positive = {settings.positive!r}: {settings.outcome} has no such value."
            f"{hint} Its values: {_listed(counts)}"
        )
    if len(counts) < _TWO:
        raise InputError(
            f"{place}: every row with an outcome says {_listed(counts)}; there must be customers "
            "who left and customers who stayed"
        )
    if len(counts) > _TWO:
        raise InputError(
            f"{place}: {len(counts):,} values ({_listed(counts)}), and only two can be told apart: "
            f"{positive} and one other. Leave the rest out with where, or empty the outcome of "
            "rows that are to be scored"
        )


def sound(frame: pd.DataFrame, allowed: float, folder: Path) -> Rows:
    """Set rows without a customer, and repeats of one, apart.

    They are written to ``<folder>/quarantine/labelled.csv``. Of rows with the same customer the
    first in the order of all columns is kept, so that the order of the rows does not matter.

    Raises
    ------
    InputError
        When more than the share `allowed` of the rows is bad.
    """
    ordered = frame.sort_values(list(frame.columns), kind="stable", ignore_index=True)
    ids = ordered["customer_id"]
    missing = ids.isna() | (ids.str.strip() == "")
    repeated = ids.duplicated() & ~missing
    reasons = pd.Series(None, index=ids.index, dtype=object)
    reasons[missing] = "customer_id is missing"
    reasons[repeated] = "repeats the key (customer_id)"
    counts = {str(reason): int(n) for reason, n in reasons.value_counts().items()}
    path = _write_rejected(ordered, reasons, folder)
    if sum(counts.values()) > allowed * len(frame):
        raise InputError(_too_many(counts, ids[repeated], len(frame), allowed))
    kept = ordered[reasons.isna()].reset_index(drop=True)
    report = TableReport(
        "labelled", len(frame), 0, len(kept), counts, len(kept), None, None, quarantine=path
    )
    return Rows(kept, report)


def _said(value: str) -> str:
    """Give a value as the user would write it: 1 for 1.0, true for True."""
    text = value.strip()
    if text.casefold() in {"true", "false"}:
        return text.casefold()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def _listed(counts: pd.Series[int]) -> str:
    shown = [f"{value} ({count:,} rows)" for value, count in counts.head(_SHOWN).items()]
    return ", ".join([*shown, *(["…"] if len(counts) > _SHOWN else [])])


def _write_rejected(ordered: pd.DataFrame, reasons: pd.Series[str], folder: Path) -> Path | None:
    path = folder / "quarantine" / "labelled.csv"
    bad = reasons.notna()
    try:
        if not bad.any():
            path.unlink(missing_ok=True)
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        ordered[bad].assign(reason=reasons[bad]).to_csv(path, index=False)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    return path


def _too_many(counts: dict[str, int], repeated: Iterable[str], rows: int, allowed: float) -> str:
    bad = sum(counts.values())
    examples = ", ".join(repr(i) for i in sorted(set(repeated))[:3])
    said = [f"  {n:,} x {reason}" for reason, n in counts.items()]
    such = f" (such as {examples})" if examples else ""
    return (
        f"{_PLACE}: {bad:,} of {rows:,} rows ({bad / rows:.1%}) cannot be used; "
        f"data.max_rejected allows {allowed:.1%}\n"
        + "\n".join(said)
        + f"\nA customer has one row{such}: map columns.customer_id to the column that tells them "
        "apart, or leave it out to number the rows\nAll of them are in quarantine/labelled.csv"
    )
