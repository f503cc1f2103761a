"""Scores of a population: the champion's predictions beside what they rest on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from models.bundle import Bundle
from models.reasons import MOST, reasons

COLUMNS = (
    "customer_id",
    "as_of",
    "churn_probability",
    "value_if_retained",
    "value_if_churned",
    "expected_value",
    "value_at_risk",
    "model_version",
)
"""The columns of ``scores.parquet``."""

REASON_COLUMNS = tuple(f"reason_{n}" for n in range(1, MOST + 1))
CAUSE_COLUMNS = tuple(f"cause_{n}" for n in range(1, MOST + 1))


@dataclass(frozen=True)
class Scored:
    """Scores, and the words that explain the most urgent ones.

    Parameters
    ----------
    scores : DataFrame
        The columns of :data:`COLUMNS`, a customer a row, ordered by customer.
    reasons : DataFrame
        ``customer_id``, ``days_since_purchase``, reasons and causes, for the same customers;
        words only for those with the most value at risk.
    """

    scores: pd.DataFrame
    reasons: pd.DataFrame


def score(
    bundle: Bundle,
    batches: Iterable[pd.DataFrame],
    as_of: date,
    version: int,
    *,
    explain: int,
    backtest: bool = False,
) -> Scored:
    """Score customers, a batch of snapshots at a time.

    Parameters
    ----------
    bundle : Bundle
    batches : iterable of DataFrame
        Snapshots with ``customer_id`` and the bundle's features.
    as_of : date
        Their cutoff.
    version : int
        The registered version of the bundle.
    explain : int
        Customers who get reasons, the highest value at risk first.
    backtest : bool
        Marks scores that a model gives of a time it may have learnt from, in a column of its own.

    Notes
    -----
    A customer's scores depend on their own snapshot alone, so batches do not change them.
    """
    scored, urgent = [], pd.DataFrame()
    for frame in batches:
        scores = bundle.release.score(frame)
        scored.append(scores.assign(customer_id=frame["customer_id"], silence=_silence(frame)))
        risk = scores["value_at_risk"].rename("_risk")
        urgent = pd.concat([urgent, frame.join(risk)]).nlargest(explain, "_risk", keep="first")
    table = pd.concat(scored, ignore_index=True)
    return Scored(
        _labelled(table, as_of, version, backtest=backtest), _explained(bundle, table, urgent)
    )


def _labelled(table: pd.DataFrame, as_of: date, version: int, *, backtest: bool) -> pd.DataFrame:
    marked = table.assign(as_of=as_of, model_version=str(version))
    if backtest:
        return marked[list(COLUMNS)].assign(backtest=True)
    return marked[list(COLUMNS)]


def _silence(frame: pd.DataFrame) -> pd.Series[int]:
    return frame["days_since_purchase"].astype("int64")


def _explained(bundle: Bundle, table: pd.DataFrame, urgent: pd.DataFrame) -> pd.DataFrame:
    words = _words(bundle, urgent)
    known = table[["customer_id", "silence"]].rename(columns={"silence": "days_since_purchase"})
    return known.merge(words, on="customer_id", how="left")


def _words(bundle: Bundle, urgent: pd.DataFrame) -> pd.DataFrame:
    columns = ["customer_id", *REASON_COLUMNS, *CAUSE_COLUMNS]
    if urgent.empty:
        return pd.DataFrame({c: pd.Series(dtype="object") for c in columns})
    said = reasons(bundle.release, urgent, bundle.definition.currency)
    padded = [[*found, *[None] * (MOST - len(found))] for found in said]
    rows = [
        [*(r.text if r else None for r in row), *(r.cause if r else None for r in row)]
        for row in padded
    ]
    words = pd.DataFrame(np.asarray(rows, dtype=object), columns=columns[1:])
    return words.assign(customer_id=urgent["customer_id"].to_numpy())[columns]
