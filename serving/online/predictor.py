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
from models.release import DUE, SCORES
from models.segment_words import RULES
from models.segments import PASSED
from serving.columns import NEXT_PURCHASE, SEGMENTS
from serving.due import due_at
from serving.online.completing import CompleteRows
from serving.online.history import TELLING, tables
from serving.online.membership import is_member, telling
from serving.online.named import Encoded
from serving.online.problems import Detail, RequestProblem
from serving.online.query import feature_query
from serving.online.rows import Histories
from serving.online.schemas import MOST_CUSTOMERS, CustomerInput
from serving.online.shape import shapes

Item = dict[str, Any]

_NO_HISTORY = "the model was trained on a flat file, without time: send features, not a history"
_NOTHING = {
    "transactions": (
        "no purchase (an amount above zero) is known before as_of: there is nothing to score"
    ),
    "subscriptions": "no subscription is known before as_of: there is nothing to score",
}
_SEGMENTS = (*SEGMENTS, *RULES)
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
        self._rows = CompleteRows(bundle.release, threads)
        self._query = feature_query(bundle)
        self._shapes = shapes(bundle)
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
            ids = [customers[n].customer_id for n in named]
            for places, encoded in self._rows.read(rows, named, ids):
                chosen = [named[n] for n in places]
                members = [is_member(rows[n], self.bundle.definition) for n in places]
                self._answer(items, customers, chosen, encoded, members, explain=explain)
        if told:
            encoded, members = self._histories(customers, told)
            self._answer(items, customers, told, encoded, members, explain=explain)
        return items

    def _histories(
        self, customers: Sequence[CustomerInput], positions: list[int]
    ) -> tuple[Encoded, list[bool | None]]:
        if self._query is None:
            raise RequestProblem("invalid_history", _NO_HISTORY)
        now = self._clock()
        kind = self.bundle.definition.churn_kind
        given = Histories(positions, [customers[n] for n in positions], kind)
        self._check_days(given, now.date())
        try:
            found = self._query.compiled.run(tables(given, self._shapes, now), "history")
        except InputError as error:
            raise RequestProblem("invalid_history", str(error)) from None
        found.sort(key=lambda row: int(row[0]))
        if unknown := [n for n, row in enumerate(found) if row[1] is None]:
            table = TELLING[kind][0]
            details = [Detail(given.place(n, f"history.{table}"), _NOTHING[table]) for n in unknown]
            message = "the history of a customer cannot be used"
            raise RequestProblem("invalid_history", message, details)
        rows = [dict(zip(self._rows.names, row[3:], strict=True)) for row in found]
        ids = [customers[n].customer_id for n in positions]
        _, name = telling(self.bundle.definition)
        members = [is_member({name: row[2]}, self.bundle.definition) for row in found]
        return self._rows.encode(rows, ids), members

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
        members: Sequence[bool | None],
        *,
        explain: bool,
    ) -> None:
        scores = self._scores(encoded)
        numbers_of, segments_of = _plain(scores), self._segments(scores, encoded)
        for row, position in enumerate(positions):
            customer = customers[position]
            numbers = dict(zip((*SCORES, DUE), numbers_of[row], strict=True))
            due = due_at(customer.as_of, numbers.pop(DUE))
            items[position] = {
                "customer_id": customer.customer_id,
                "as_of": customer.as_of.isoformat() if customer.as_of else None,
                **numbers,
                NEXT_PURCHASE: due.isoformat() if due else None,
                **segments_of[row],
                "model_version": str(self.version),
                "in_population": members[row],
            }
        if explain:
            for position, said in zip(positions, self._reasons(encoded), strict=True):
                items[position]["reasons"] = said

    def _scores(self, encoded: Encoded) -> Floats:
        release = self.bundle.release
        frame = Encoded(encoded.matrix, {}).frame(self._names) if release.reads_columns else _EMPTY
        return release.score_matrix(frame, encoded.matrix, self._threads)

    def _segments(self, scores: Floats, encoded: Encoded) -> list[Item]:
        """Give the segments of each row, and the rules that put it there; null where unknown."""
        found: dict[str, Any] = dict(self.bundle.release.segmented(scores, encoded.matrix))
        found |= {name: encoded.texts[name] for name in PASSED if name in encoded.texts}
        empty = [None] * len(scores)
        columns = [found.get(name, empty) for name in _SEGMENTS]
        return [dict(zip(_SEGMENTS, row, strict=True)) for row in zip(*columns, strict=True)]

    def _reasons(self, encoded: Encoded) -> list[list[dict[str, str | None]]]:
        currency = self.bundle.definition.currency
        frame = encoded.frame(self._names)
        said = reasons(self.bundle.release, frame, currency, self._threads)
        return [[{"text": r.text, "cause": r.cause} for r in row] for row in said]


def _plain(scores: Floats) -> list[list[Any]]:
    # What a release does not predict is NaN in a matrix, and null in JSON.
    cells = scores.astype(object)
    cells[np.isnan(scores)] = None
    rows: list[list[Any]] = cells.tolist()
    return rows


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
