"""What the store takes and gives: plain, unchangeable records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import ConfigDict

from serving.columns import ScoreColumns


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """What is said of a publication by whoever publishes it.

    Parameters
    ----------
    as_of : date or None
        The first day not known to the scores; None where they rest on a file without time.
    model_name, model_version : str
        The registered model.
    currency : str
        ISO 4217 code of every amount.
    churn_horizon, value_horizon : int or None
        Days that the probability and the values look ahead; None where nobody knows.
    backtest : bool
        The model may have learnt from times after `as_of`; such a run is never the current one.
    valued : bool
        Whether the scores have values; without them every list is in the order of the churn
        probability.
    lifetime_years, lifetime_discount : float or None
        What the lifetime values assume: their cap, and the annual rate of discount; None where
        there are none.
    segment_rules : dict or None
        What puts a customer into each segment, in words, by column and segment; "" stands for
        none. None where the scores have no segments.
    """

    as_of: date | None
    model_name: str
    model_version: str
    currency: str
    churn_horizon: int | None
    value_horizon: int | None
    backtest: bool = False
    valued: bool = True
    lifetime_years: float | None = None
    lifetime_discount: float | None = None
    segment_rules: dict[str, dict[str, str]] | None = None


@dataclass(frozen=True, kw_only=True)
class Run(RunInfo):
    """A publication.

    Parameters
    ----------
    id : int
        Grows with every publication; numbers may be left out.
    published_at : datetime
        In UTC.
    customers : int
        Customers scored.
    kept : bool
        Whether its scores can still be read; its history may be there without.
    """

    id: int
    published_at: datetime
    customers: int
    kept: bool


class Score(ScoreColumns):
    """A customer's published score; amounts in the run's currency.

    Parameters
    ----------
    days_since_purchase : int or None
        At `as_of`; None where the customer never bought.
    reason_1, reason_2, reason_3, cause_1, cause_2, cause_3 : str or None
        Words for the most urgent customers, the strongest first.
    attributes : dict or None
        The customer's own attributes.
    out_of_fold : bool
        The customer's outcome is known, and the probability is that of a model which has not
        learnt from it.
    last_contacted_at, last_action : datetime, str or None
        The newest contact of the customer, in either arm; None where the store knows of none.
    run : int
        The publication it belongs to, published at `published_at` (UTC).
    """

    model_config = ConfigDict(frozen=True)

    days_since_purchase: int | None
    reason_1: str | None
    reason_2: str | None
    reason_3: str | None
    cause_1: str | None
    cause_2: str | None
    cause_3: str | None
    attributes: dict[str, Any] | None
    out_of_fold: bool
    last_contacted_at: datetime | None
    last_action: str | None
    backtest: bool
    run: int
    published_at: datetime


@dataclass(frozen=True)
class RiskPage:
    """Some customers of a risk list.

    Parameters
    ----------
    items : tuple of Score
        In the order of the list.
    first_rank : int
        Place of the first item in the whole list, from 1.
    next_cursor : str or None
        Asks for the customers after these; None at the end.
    run : Run
        The publication listed.
    """

    items: tuple[Score, ...]
    first_rank: int
    next_cursor: str | None
    run: Run


@dataclass(frozen=True)
class Change:
    """A customer scored by two runs: the measure `before`, `after`, and their difference."""

    customer_id: str
    before: float
    after: float
    change: float


@dataclass(frozen=True)
class Comparison:
    """Two runs beside each other.

    Parameters
    ----------
    earlier, later : Run
    measure : str
        The column compared.
    rose, fell : tuple of Change
        Customers of both runs, the greatest change first, ties by customer.
    joined, left : int
        Customers that only the later, and only the earlier run has.
    """

    earlier: Run
    later: Run
    measure: str
    rose: tuple[Change, ...]
    fell: tuple[Change, ...]
    joined: int
    left: int


@dataclass(frozen=True, kw_only=True)
class Past:
    """A score of the compact history; amounts in `currency`."""

    customer_id: str
    as_of: date | None
    churn_probability: float
    value_if_retained: float | None
    value_if_churned: float | None
    expected_value: float | None
    model_version: str
    currency: str
    run: int
