"""Batches of scores, checked and brought into the store's columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from serving.columns import MEASURES, NEXT_PURCHASE, NUMBERS, PROBABILITIES, SEGMENTS
from serving.errors import StoreError
from serving.store.records import RunInfo
from serving.store.schema import OUT_OF_FOLD, WORDS

REQUIRED = ("customer_id", *MEASURES)
TYPES = {
    "customer_id": pa.string(),
    **dict.fromkeys(NUMBERS, pa.float64()),
    NEXT_PURCHASE: pa.date32(),
    **dict.fromkeys(SEGMENTS, pa.string()),
    "days_since_purchase": pa.int32(),
    **dict.fromkeys(WORDS, pa.string()),
    "attributes": pa.string(),
    OUT_OF_FOLD: pa.bool_(),
}


def checked(
    info: RunInfo, batches: Iterable[pd.DataFrame | pa.Table | pa.RecordBatch]
) -> Iterator[pa.Table]:
    """Yield the batches as Arrow tables of the store's columns; empty ones are left out.

    Parameters
    ----------
    info : RunInfo
        `as_of`, `model_version` and `backtest` columns, where a batch has them, must agree.
    batches : iterable of DataFrame, Table or RecordBatch
        ``customer_id`` and :data:`serving.columns.MEASURES`; the other columns of a score, days
        since the last purchase, reasons, causes and ``attributes`` (a dict, or JSON text of an
        object) may be absent or null, as may the values where the run has none; ``out_of_fold`` is
        false where it is absent.

    Raises
    ------
    StoreError
        When a column is missing, has another type, is not finite, or belongs to another run.
    """
    for batch in batches:
        frame = batch if isinstance(batch, pd.DataFrame) else batch.to_pandas()
        if len(frame):
            yield _table(info, frame)


def _table(info: RunInfo, frame: pd.DataFrame) -> pa.Table:
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise StoreError(f"the scores lack {', '.join(missing)}; publish all of {_all()}")
    _check_run(info, frame)
    table = pa.table({name: _column(frame, name) for name in TYPES})
    if table["customer_id"].null_count:
        raise StoreError("a score has no customer_id; leave such rows out")
    needed = MEASURES if info.valued else ("churn_probability",)
    for name in NUMBERS:
        _check_number(table, name, needed=name in needed)
    if not info.valued:
        _check_without_values(table)
    return table


def _all() -> str:
    return ", ".join(REQUIRED)


def _column(frame: pd.DataFrame, name: str) -> pa.Array:
    if name not in frame.columns:
        if name == OUT_OF_FOLD:
            return pa.array([False] * len(frame))
        return pa.nulls(len(frame), TYPES[name])
    values: Any = frame[name]
    if name == "attributes":
        values = [_object(value) for value in values]
    kind = TYPES[name]
    try:
        if pa.types.is_string(kind):
            return pa.array(values, kind, from_pandas=True)  # no number passes for a text
        return pa.array(values, from_pandas=True).cast(kind)
    except pa.ArrowException as error:
        raise StoreError(f"scores.{name} must hold {kind}: {error}") from None


def _object(value: object) -> str | None:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return value
    if isinstance(value, dict):
        return _json(value)
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    raise StoreError(f"scores.attributes holds {type(value).__name__}; give a JSON object")


def _json(value: dict[str, Any]) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    except ValueError:
        raise StoreError(
            "scores.attributes holds NaN or infinity; write null for what is not known"
        ) from None


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)


def _check_number(table: pa.Table, name: str, *, needed: bool) -> None:
    values = table[name].to_numpy()
    wrong = ~np.isfinite(values) if needed else np.isinf(values)
    if name in PROBABILITIES:
        wrong |= (values < 0) | (values > 1)
    if wrong.any():
        first = int(np.argmax(wrong))
        kind = "a number from 0 to 1" if name in PROBABILITIES else "a finite number"
        raise StoreError(
            f"scores.{name} is {values[first]} for customer {table['customer_id'][first]}; "
            f"it must be {kind}. Nothing was published"
        )


def _check_without_values(table: pa.Table) -> None:
    for name in NUMBERS:
        if name not in PROBABILITIES and table[name].null_count < table.num_rows:
            raise StoreError(
                f"scores.{name} is given, but the run has no values; publish it with valued=True, "
                "or leave the values out"
            )


def _check_run(info: RunInfo, frame: pd.DataFrame) -> None:
    said = {
        "as_of": str(info.as_of),
        "model_version": info.model_version,
        "backtest": str(info.backtest),
    }
    for name, expected in said.items():
        if name not in frame.columns:
            continue
        found = {_said(name, value) for value in frame[name].unique()}
        if found != {expected}:
            other = min(found - {expected})
            raise StoreError(
                f"scores.{name} is {other} in some rows, but the run's is {expected}; publish "
                "the scores of one run at a time"
            )


def _said(name: str, value: Any) -> str:  # noqa: ANN401 - any scalar of a frame
    return str(pd.Timestamp(value).date()) if name == "as_of" else str(value)
