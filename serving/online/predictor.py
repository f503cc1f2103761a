"""Predictions of one bundle, on request, from raw history or from named features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from features.errors import InputError
from models.bundle import Bundle
from models.matrix import Floats
from models.reasons import reasons
from models.release import SCORES
from serving.online.history import Histories, tables
from serving.online.named import Encoded, FeatureRows
from serving.online.problems import Detail, RequestProblem
from serving.online.query import SILENCE, feature_query
from serving.online.schemas import MOST_CUSTOMERS, CustomerInput
from serving.online.shape import shapes

Item = dict[str, Any]

_EMPTY = pd.DataFrame()  # making one takes a quarter of a single row's time


class Predictor:
    """A loaded bundle that answers requests; made once for it, and used by any number of threads.

    Parameters
    ----------
    bundle : Bundle
    version : int
        Its registered version.
    threads : int
        Of the boosters, for one request. One is fastest for a few rows, and leaves the other
        processors to other requests.
    clock : callable, optional
        Gives the present in local time of the bundle's timezone.

    Raises
    ------
    BundleError
        When this Keepwell computes other features than the bundle was fitted on.
    """

    def __init__(
        self,
        bundle: Bundle,
        version: int,
        threads: int = 1,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.bundle = bundle
        self.version = version
        self._threads = threads
        self._clock = clock or _clock(bundle.definition.timezone)
        self._rows = FeatureRows(bundle.release.encoder)
        self._query = feature_query(bundle)
        self._shapes = shapes(bundle, self._query.columns)
        self._names = bundle.features.names

    def predict(self, customers: Sequence[CustomerInput], *, explain: bool = False) -> list[Item]:
        """Predict for customers, given in either way, in their order.

        Parameters
        ----------
        customers : sequence of CustomerInput
            At most 1,000.
        explain : bool
            Add reasons, strongest first.

        Returns
        -------
        list of dict
            JSON types; the fields of :class:`serving.online.schemas.Prediction`.

        Raises
        ------
        RequestProblem
            When any of the customers cannot be scored; then none is.
        """
        if len(customers) > MOST_CUSTOMERS:
            message = f"{len(customers):,} customers; give at most {MOST_CUSTOMERS:,} a request"
            raise RequestProblem("invalid_request", message)
        told = [n for n, c in enumerate(customers) if c.history is not None]
        named = [n for n, c in enumerate(customers) if c.features is not None]
        items: list[Item] = [{}] * len(customers)
        if named:
            rows = [customers[n].features or {} for n in named]
            encoded = self._rows.read(rows, named)
            silences = [row.get(SILENCE) for row in rows] if SILENCE in self._names else None
            self._answer(items, customers, named, encoded, silences, explain=explain)
        if told:
            encoded, silences = self._histories(customers, told)
            self._answer(items, customers, told, encoded, silences, explain=explain)
        return items

    def _histories(
        self, customers: Sequence[CustomerInput], positions: list[int]
    ) -> tuple[Encoded, list[Any]]:
        now = self._clock()
        given = Histories(positions, [customers[n] for n in positions])
        self._check_days(given, now.date())
        try:
            found = self._query.compiled.run(tables(given, self._shapes, now), "history")
        except InputError as error:
            raise RequestProblem("invalid_history", str(error)) from None
        found.sort(key=lambda row: int(row[0]))
        silences = [row[1] for row in found]
        if None in silences:
            details = (
                Detail(
                    given.place(n, "history.transactions"),
                    "no purchase (an amount above zero) is known before as_of: there is nothing "
                    "to score",
                )
                for n, silence in enumerate(silences)
                if silence is None
            )
            message = "the history of a customer cannot be used"
            raise RequestProblem("invalid_history", message, details)
        rows = [dict(zip(self._names, row[2:], strict=True)) for row in found]
        return self._rows.encode(rows), silences

    def _check_days(self, given: Histories, today: date) -> None:
        earliest = date.fromisoformat(self.bundle.data_cutoff)
        details = [
            Detail(given.place(n, "as_of"), said)
            for n, day in enumerate(given.days)
            if (said := _wrong_day(day, earliest, today))
        ]
        if details:
            raise RequestProblem("invalid_history", "as_of is a day that cannot be scored", details)

    def _answer(
        self,
        items: list[Item],
        customers: Sequence[CustomerInput],
        positions: list[int],
        encoded: Encoded,
        silences: Sequence[Any] | None,
        *,
        explain: bool,
    ) -> None:
        scores = self._scores(encoded)
        within = self.bundle.definition.active_within
        for row, position in enumerate(positions):
            customer = customers[position]
            silence = silences[row] if silences is not None else None
            items[position] = {
                "customer_id": customer.customer_id,
                "as_of": customer.as_of.isoformat() if customer.as_of else None,
                **dict(zip(SCORES, scores[row], strict=True)),
                "model_version": str(self.version),
                "in_population": None
                if silences is None
                else silence is not None and silence <= within,
            }
        if explain:
            for position, said in zip(positions, self._reasons(encoded), strict=True):
                items[position]["reasons"] = said

    def _scores(self, encoded: Encoded) -> list[list[float]]:
        release = self.bundle.release
        frame = Encoded(encoded.matrix, {}).frame(self._names) if release.reads_columns else _EMPTY
        scores: Floats = release.score_matrix(frame, encoded.matrix, self._threads)
        return np.asarray(scores).tolist()  # type: ignore[no-any-return]

    def _reasons(self, encoded: Encoded) -> list[list[dict[str, str]]]:
        currency = self.bundle.definition.currency
        frame = encoded.frame(self._names)
        said = reasons(self.bundle.release, frame, currency, self._threads)
        return [[{"text": r.text, "cause": r.cause} for r in row] for row in said]


def _clock(timezone: str) -> Callable[[], datetime]:
    zone = ZoneInfo(timezone)
    return lambda: datetime.now(zone).replace(tzinfo=None)


def _wrong_day(day: date, earliest: date, today: date) -> str:
    if day < earliest:
        return (
            f"{day} is earlier than {earliest}, up to which the model has learnt: its score would "
            "know its own future"
        )
    if day > today + timedelta(days=1):
        tomorrow = today + timedelta(days=1)
        return f"{day} is in the future; give at most {tomorrow}, which covers all of today"
    return ""
