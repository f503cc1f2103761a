"""Scores of a flat file: rows whose outcome is known are scored by models that have not seen it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.bundle import Bundle
from models.digests import digests, from_text
from models.matrix import Floats
from models.release import DUE, mixture
from serving.columns import NEXT_PURCHASE
from serving.due import due_column
from serving.scorer import Scored, Spread, explained, here, in_columns

OUT_OF_FOLD = "out_of_fold"

_BATCH = 100_000


def score_flat(
    bundle: Bundle, frame: pd.DataFrame, version: int, *, explain: int, spread: Spread = here
) -> Scored:
    """Score the customers of a flat file.

    Parameters
    ----------
    bundle : Bundle
    frame : DataFrame
        ``customer_id``, the bundle's features and ``churned``, NaN where it is to be predicted.
    version : int
        The registered version of the bundle.
    explain : int
        Customers who get reasons, the highest value at risk first, or the highest probability
        where there are no values.
    spread : callable
        What scores the rows, a batch at a time.

    Returns
    -------
    Scored
        Its scores have a column more, ``out_of_fold``: true for rows that the release has learnt
        from, which get the probability that the cross-fitting gave them. A row with an outcome
        that it has not learnt from, as it is, is scored like any other.
    """
    batches = (frame.iloc[start : start + _BATCH] for start in range(0, len(frame) or 1, _BATCH))
    scores = pd.concat([scores for _, scores in spread(bundle.release, batches)])
    known, probability = _out_of_fold(bundle, frame)
    p = np.where(known, probability, scores["churn_probability"])
    scores = _with_probability(scores, p)
    order = "value_at_risk" if bundle.definition.valued else "churn_probability"
    never = due_column(None, scores[DUE])
    table = pd.concat([frame[["customer_id"]], scores], axis=1).assign(
        as_of=never, model_version=str(version), **{NEXT_PURCHASE: never}
    )
    urgent = frame.loc[scores[order].nlargest(explain, keep="first").index]
    details = _details(bundle, frame)
    return Scored(
        in_columns(table).assign(**{OUT_OF_FOLD: known}), explained(bundle, details, urgent)
    )


def _out_of_fold(bundle: Bundle, frame: pd.DataFrame) -> tuple[NDArray[np.bool_], Floats]:
    said = from_text(bundle.out_of_fold)
    found = digests(frame, bundle.features).map(said)
    known = found.notna() & frame["churned"].notna()
    return np.asarray(known, dtype=np.bool_), np.asarray(found, dtype=np.float64)


def _with_probability(scores: pd.DataFrame, p: Floats) -> pd.DataFrame:
    retained = scores["value_if_retained"].to_numpy(np.float64)
    churned = scores["value_if_churned"].to_numpy(np.float64)
    return scores.assign(
        churn_probability=p,
        expected_value=mixture(p, retained, churned),
        value_at_risk=p * (retained - churned),
    )


def _details(bundle: Bundle, frame: pd.DataFrame) -> pd.DataFrame:
    own = [feature.name for feature in bundle.features if feature.family != "value"]
    lines = frame[own].to_json(orient="records", lines=True).splitlines()
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "days_since_purchase": pd.Series(pd.NA, index=frame.index, dtype="Int64"),
            "attributes": pd.Series(lines, index=frame.index, dtype="object"),
        }
    )
