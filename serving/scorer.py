"""Scores of a population: the champion's predictions beside what they rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from models.bundle import Bundle
from models.reasons import MOST, reasons
from models.release import DUE, Release
from serving.columns import COLUMNS, NEXT_PURCHASE
from serving.due import due_column

REASON_COLUMNS = tuple(f"reason_{n}" for n in range(1, MOST + 1))
CAUSE_COLUMNS = tuple(f"cause_{n}" for n in range(1, MOST + 1))
KNOWN = ("customer_id", "days_since_purchase", "attributes")

LIST_COLUMNS = ("rank", *COLUMNS, "days_since_purchase", *REASON_COLUMNS, *CAUSE_COLUMNS)
"""The columns of a risk list."""

SILENCE = "days_since_purchase"
_ATTRIBUTE = "attribute_"

Frames = Iterable[pd.DataFrame]

Spread = Callable[[Release, Frames], Iterable[tuple[pd.DataFrame, pd.DataFrame]]]
"""Scores batches of snapshots, here or elsewhere: each with its scores, in the same order."""


@dataclass(frozen=True)
class Scored:
    """Scores, and the words that explain the most urgent ones.

    Parameters
    ----------
    scores : DataFrame
        The columns of :data:`serving.columns.COLUMNS`, a customer a row, ordered by customer.
    details : DataFrame
        ``customer_id``, ``days_since_purchase``, ``attributes`` (JSON), reasons and causes, for
        the same customers; words only for those with the most value at risk.
    """

    scores: pd.DataFrame
    details: pd.DataFrame


def here(release: Release, batches: Frames) -> Iterable[tuple[pd.DataFrame, pd.DataFrame]]:
    """Score in this process."""
    return ((frame, release.tell(frame)) for frame in batches)


def score(
    bundle: Bundle,
    batches: Frames,
    as_of: date,
    version: int,
    *,
    explain: int,
    backtest: bool = False,
    spread: Spread = here,
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
    spread : callable
        What scores the batches.

    Notes
    -----
    A customer's scores depend on their own snapshot alone, so batches do not change them.
    """
    scored, urgent = [], pd.DataFrame()
    for frame, scores in spread(bundle.release, batches):
        scored.append(pd.concat([_known(frame), scores], axis=1))
        risk = scores["value_at_risk"].nlargest(explain, keep="first").rename("_risk")
        # The few are taken out of their batch first: a batch is wide, and slow to copy.
        first = frame.loc[risk.index].join(risk)
        urgent = pd.concat([urgent, first]).nlargest(explain, "_risk", keep="first")
    table = pd.concat(scored, ignore_index=True)
    return Scored(
        _labelled(table, as_of, version, backtest=backtest), explained(bundle, table, urgent)
    )


def _labelled(table: pd.DataFrame, as_of: date, version: int, *, backtest: bool) -> pd.DataFrame:
    due = due_column(as_of, table[DUE])
    marked = table.assign(as_of=as_of, model_version=str(version), **{NEXT_PURCHASE: due})
    return in_columns(marked).assign(**({"backtest": True} if backtest else {}))


def in_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of a score, in their order; those that nothing tells are empty."""
    missing = [name for name in COLUMNS if name not in table.columns]
    return table.assign(**dict.fromkeys(missing))[list(COLUMNS)]


def _known(frame: pd.DataFrame) -> pd.DataFrame:
    """Give what a list shows of a customer besides the scores; attributes as JSON objects."""
    own = [c for c in frame.columns if c.startswith(_ATTRIBUTE)]
    named = frame[own].rename(columns=lambda c: c.removeprefix(_ATTRIBUTE))
    lines = named.to_json(orient="records", lines=True).splitlines() if own else None
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "days_since_purchase": _silence(frame),
            "attributes": pd.Series(lines, index=frame.index, dtype="object"),
        }
    )


def _silence(frame: pd.DataFrame) -> pd.Series[Any]:
    # A subscriber may never have bought anything, and a company may sell nothing else.
    if SILENCE not in frame.columns:
        return pd.Series(pd.NA, index=frame.index, dtype="Int64")
    return frame[SILENCE].astype("Int64")


def explained(bundle: Bundle, table: pd.DataFrame, urgent: pd.DataFrame) -> pd.DataFrame:
    """Join what is known of customers with the reasons of the most urgent ones."""
    words = _words(bundle, urgent)
    return table[list(KNOWN)].merge(words, on="customer_id", how="left")


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
