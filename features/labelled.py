"""A flat file with a ready-made outcome: read, typed, and its bad rows set apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from ibis.backends import BaseBackend

from features import inferred
from features.catalogue import Feature, FeatureSet
from features.columns import LABELLED
from features.errors import InputError, suggestion
from features.inferred import AMOUNT
from features.keeping import in_order
from features.labelled_rows import outcomes, sound
from features.mapping import source_column
from features.normalise import normalise
from features.reading import open_source, read_source
from features.settings import DataSettings, LabelledSettings, TableSettings
from features.sources import mendable
from features.tables import TableReport

_PLACE = "tables.labelled"
_WORTH = Feature(
    AMOUNT, "value", "currency", None, "What is lost when the customer leaves.", empty=0
)


@dataclass(frozen=True)
class Flat:
    """A flat file, read.

    Parameters
    ----------
    frame : DataFrame
        A customer a row, ordered by ``customer_id``: the features, then ``churned``: 1 left,
        0 stayed, NaN to be scored.
    features : FeatureSet
        With ``amount`` as its last where a value is configured.
    report : TableReport
    """

    frame: pd.DataFrame
    features: FeatureSet
    report: TableReport

    @property
    def counts(self) -> str:
        """How many left, stayed, and are to be scored, in words."""
        churned = self.frame["churned"]
        return (
            f"{int(churned.sum()):,} left, {int((churned == 0).sum()):,} stayed, "
            f"{int(churned.isna().sum()):,} to be scored"
        )

    def labelled(self) -> pd.DataFrame:
        """Give the rows whose outcome is known."""
        return self.frame[self.frame["churned"].notna()].reset_index(drop=True)


@dataclass(frozen=True)
class _Source:
    """The columns of the file as they were read, by their own name, beside the named ones."""

    columns: Mapping[str, pa.ChunkedArray]
    ids: pa.ChunkedArray
    outcome: pa.ChunkedArray
    amount: pa.ChunkedArray | None
    left_out: int


def read_labelled(
    backend: BaseBackend,
    settings: LabelledSettings,
    data: DataSettings,
    folder: Path,
    amount: str | None = None,
    wanted: FeatureSet | None = None,
) -> Flat:
    """Read ``[tables.labelled]``.

    Parameters
    ----------
    backend
        What `features.sources.connect` returned.
    settings
        The `[tables.labelled]` section. Without ``columns.customer_id``, and without a column of
        that name, a customer is the number of the row, from 1, in the order of the file.
    data
        The `[data]` section.
    folder
        The configuration's folder.
    amount
        SQL expression of what is lost when a customer leaves.
    wanted
        The features of a champion, into which the columns are read; None: they are inferred.

    Raises
    ------
    InputError
        When a column or value is missing or wrong, or more rows are bad than `max_rejected`
        allows.
    """
    source = _read(backend, settings, folder, amount)
    churned = outcomes(source.outcome, settings, learning=wanted is None)
    found, notes = _inferred(source) if wanted is None else (_known(source, wanted), ())
    columns: dict[str, Any] = {
        feature.name: inferred.read(source.columns[column], feature, column)
        for column, feature in found.items()
    }
    if source.amount is not None:
        columns[AMOUNT] = source.amount.cast(pa.float64()).to_pandas()
    frame = pd.DataFrame({"customer_id": _texts(source.ids), **columns, "churned": churned})
    rows = sound(frame, data.max_rejected, folder)
    worth = () if source.amount is None else (_WORTH,)
    _check_amount(rows.kept)
    report = replace(rows.report, left_out=source.left_out, warnings=notes)
    return Flat(rows.kept, FeatureSet((*found.values(), *worth)), report)


def _read(
    backend: BaseBackend, settings: LabelledSettings, folder: Path, amount: str | None
) -> _Source:
    origin = TableSettings(source=settings.source, query=settings.query, where=settings.where)
    with mendable(_PLACE, folder):
        relation, _ = open_source(backend, LABELLED, origin, folder)
        names = list(relation.columns)
        outcome = _column(names, settings.outcome, "outcome")
        ignored = {_column(names, name, "ignore") for name in settings.ignore}
        own = settings.columns.get("customer_id") or source_column("customer_id", names)
        taken = {outcome, *ignored, source_column(own, names) if own else None}
        used = [name for name in names if name not in taken]
        mapping = {f"column_{n}": name for n, name in enumerate(used)} | {"outcome": outcome}
        mapping |= {k: v for k, v in {"customer_id": own, AMOUNT: amount}.items() if v}
        try:
            source = read_source(
                backend, LABELLED, origin.model_copy(update={"columns": mapping}), folder
            )
            rows = in_order(normalise(source.mapped, LABELLED).select(*mapping), backend)
        except InputError as error:
            place = f"{_PLACE}.columns.{AMOUNT}"
            raise InputError(str(error).replace(place, "value.amount")) from error
    if not rows.num_rows:
        raise InputError(f"{_PLACE} is empty: no rows; check the source, and where")
    numbers = pa.chunked_array([pa.array(range(1, rows.num_rows + 1))])
    return _Source(
        {name: rows[f"column_{n}"] for n, name in enumerate(used)},
        rows["customer_id"] if own else numbers,
        rows["outcome"],
        rows[AMOUNT] if amount else None,
        0 if source.rows is None else source.rows - rows.num_rows,
    )


def _column(names: list[str], wanted: str, key: str) -> str:
    found = source_column(wanted, names)
    if found is None:
        raise InputError(
            f'{_PLACE}.{key}: the source has no column "{wanted}".{suggestion(wanted, names)} '
            f"Columns: {', '.join(names)}"
        )
    return found


def _inferred(source: _Source) -> tuple[dict[str, Feature], tuple[str, ...]]:
    """Give each usable column its feature, and say what is odd about columns."""
    names = inferred.feature_names(source.columns)
    said = {column: inferred.infer(values) for column, values in source.columns.items()}
    features = {
        column: inferred.feature(names[column], column, found.kind)
        for column, found in said.items()
        if found.kind not in {"identifier", "none"}
    }
    if not features:
        raise InputError(
            f"{_PLACE}: no column is left to learn from; the source has "
            f"{', '.join(source.columns) or 'none'} beside the outcome and what is ignored"
        )
    notes = tuple(f"{column} {found.note}" for column, found in said.items() if found.note)
    return features, notes


def _known(source: _Source, wanted: FeatureSet) -> dict[str, Feature]:
    """Find the columns of a champion's features."""
    by_name = {name: column for column, name in inferred.feature_names(source.columns).items()}
    needed = [feature for feature in wanted if feature.name != AMOUNT]
    if missing := [feature.name for feature in needed if feature.name not in by_name]:
        raise InputError(
            f"{_PLACE}: the champion was trained on columns that the source lacks: "
            f"{', '.join(missing)}.{suggestion(missing[0], by_name)} Give it those columns, or run "
            "`keepwell train`"
        )
    return {by_name[feature.name]: feature for feature in needed}


def _texts(ids: pa.ChunkedArray) -> pd.Series[Any]:
    texts: pd.Series[Any] = ids.cast(pa.string()).to_pandas()
    return texts


def _check_amount(frame: pd.DataFrame) -> None:
    if AMOUNT not in frame.columns:
        return
    missing = frame[frame[AMOUNT].isna()]
    if len(missing):
        raise InputError(
            f"value.amount is missing in {len(missing):,} rows (such as that of customer "
            f"{missing['customer_id'].iloc[0]}); give every row an amount, for example with "
            "coalesce(..., 0)"
        )
