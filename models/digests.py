"""Rows of a flat file by their digest: which were learnt from, and what was said of them then."""

from __future__ import annotations

import csv
import io

import pandas as pd

from features.catalogue import FeatureSet
from models.matrix import Floats

_HEAD = ("row", "churn_probability")


def digests(frame: pd.DataFrame, features: FeatureSet) -> pd.Series[str]:
    """Give each row's digest: 16 hexadecimal digits of its customer, features and outcome.

    Parameters
    ----------
    frame : DataFrame
        ``customer_id``, the features and ``churned``.
    features : FeatureSet
    """
    columns = frame[["customer_id", *features.names]].assign(churned=frame["churned"].astype(float))
    hashes = pd.util.hash_pandas_object(columns, index=False)
    return hashes.map(lambda number: f"{number:016x}")


def to_text(rows: pd.Series[str], probability: Floats) -> str:
    """Write digests and probabilities as CSV; a reader gets the same numbers back."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_HEAD)
    writer.writerows((row, repr(float(p))) for row, p in zip(rows, probability, strict=True))
    return file.getvalue()


def from_text(text: str) -> dict[str, float]:
    """Read what :func:`to_text` wrote: probability by digest."""
    lines = csv.reader(io.StringIO(text))
    next(lines, None)
    return {row: float(p) for row, p in lines}
