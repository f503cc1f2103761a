"""What to train: the task, and what its dates and data allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from features.asof import before
from features.errors import InputError
from features.grains import Tables
from features.horizon import SHARE, propose
from features.labels import Target
from features.settings import ChurnSettings
from models.bundle import Definition
from training.settings import TrainingSettings
from training.splits import Roles, roles

_TIMES = {"transactions": "occurred_at", "complaints": "opened_at", "customers": "valid_from"}


@dataclass(frozen=True)
class Task:
    """What to train.

    Parameters
    ----------
    name : str
        Experiment and registered model.
    churn : ChurnSettings
    value_horizon : int or None
        Days; None: the churn horizon.
    active_within : int
        Days; the population's.
    currency, timezone : str
    training : TrainingSettings
    seed : int
    as_of : date or None
        None: midnight after the last transaction, never later than ``today``.
    today : date
    replacing : bool
        Replace a champion whose scores mean something else, or that has learnt from later data.
    """

    name: str
    churn: ChurnSettings
    value_horizon: int | None
    active_within: int
    currency: str
    timezone: str
    training: TrainingSettings
    seed: int
    as_of: date | None
    today: date
    replacing: bool = False

    def definition(self, target: Target) -> Definition:
        """Give what the scores mean."""
        return Definition(
            target.kind,
            target.horizon,
            target.gap,
            target.value_horizon,
            self.active_within,
            self.currency,
            self.timezone,
        )


@dataclass(frozen=True)
class Dates:
    """The first day of the history, as-of, and what was decided about it."""

    first: date
    as_of: date
    notes: tuple[str, ...] = ()

    @property
    def history(self) -> int:
        """Days of history."""
        return (self.as_of - self.first).days


def dates(tables: Tables, as_of: date | None, today: date) -> Dates:
    """Settle as-of: the first moment that is not known.

    A day beyond the data is not known either: labels would call everybody silent.

    Raises
    ------
    InputError
        When as-of lies in the future or before the first transaction.
    """
    lines = tables["transactions"]
    span = lines.aggregate(
        first=lines["occurred_at"].min(),
        last=lines["occurred_at"].max(),
        bought=(lines["amount"] > 0).any(),
    )
    (row,) = span.to_pyarrow().to_pylist()
    if not row["bought"]:
        raise InputError(
            "tables.transactions: no amount is above zero, so nobody ever bought anything; check "
            "the mapping of amount, and its sign"
        )
    first, end = row["first"].date(), min(row["last"].date() + timedelta(days=1), today)
    if end <= first:
        raise InputError(
            f"tables.transactions: all times lie in the future: they start on {first}, and today "
            f"is {today}; correct the mapping of occurred_at"
        )
    if as_of is None:
        return Dates(first, end)
    if as_of > today:
        raise InputError(f"--as-of {as_of} is later than today, {today}; give today or earlier")
    if as_of <= first:
        raise InputError(
            f"--as-of {as_of}: transactions start on {first}, so nothing is known before it; "
            f"give a day up to {end}"
        )
    if as_of > end:
        note = f"transactions end on {end - timedelta(days=1)}, so training is as of {end}"
        return Dates(first, end, (note,))
    return Dates(first, as_of)


def known_by(tables: Tables, as_of: date) -> Tables:
    """Keep what happened and was recorded before as-of.

    A table without a time of its own (customers without ``valid_from``) is kept whole.
    """
    timed = {n: _TIMES[n] for n, t in tables.items() if _TIMES[n] in t.columns}
    return {n: before(t, as_of, timed[n]) if n in timed else t for n, t in tables.items()}


def target(
    task: Task, tables: Tables, history: int, champion: Definition | None
) -> tuple[Target, tuple[str, ...]]:
    """Settle what is predicted, proposing a churn horizon where none is given.

    A champion's horizon is kept, so that a proposal does not change its meaning from day to day.
    """
    notes: tuple[str, ...] = ()
    horizon = task.churn.horizon
    if horizon is None and champion is not None and not task.replacing:
        horizon = champion.churn_horizon
        notes = (f"churn.horizon is not given: the champion's {horizon} days are kept",)
    if horizon is None:
        horizon = propose(tables["transactions"], history)
        notes = (
            (
                f"churn.horizon is not given: proposed {horizon} days, from the time within which "
                f"{SHARE:.0%} of the returning customers usually buy again"
            ),
        )
    value_horizon = task.value_horizon or horizon
    return Target(task.churn.kind, horizon, task.churn.gap, value_horizon), notes


def plan(task: Task, when: Dates, aim: Target) -> Roles:
    """Give the cutoffs their roles.

    Raises
    ------
    InputError
        When the history holds no complete cutoff; says how many days there are and are needed.
    """
    least = task.training.min_history or min(aim.horizon, 90)
    settings = task.training
    found = roles(
        when.first,
        when.as_of,
        aim.reach,
        cutoffs=settings.cutoffs,
        every=settings.every,
        min_history=least,
        folds=settings.folds,
    )
    if found is None:
        raise InputError(
            f"the history is too short: {when.history} days, from {when.first} to {when.as_of}; "
            f"needed are {least + aim.reach}: {least} to learn from ([training] min_history) and "
            f"{aim.reach} for the label window (churn.gap, churn.horizon and value.horizon). "
            "Shorten these or bring more history"
        )
    return found


def check_enough(frame: pd.DataFrame, settings: TrainingSettings, horizon: int) -> None:
    """Refuse to learn from too little.

    Raises
    ------
    InputError
        Saying what is there and what is needed.
    """
    customers = frame["customer_id"].nunique()
    outcome = frame.groupby("customer_id")["churned"]
    churners, stayers = int(outcome.max().sum()), int((1 - outcome.min()).sum())
    count = frame["cutoff"].nunique()
    cutoffs = "1 cutoff" if count == 1 else f"{count} cutoffs"
    there = (
        f"{customers:,} customers in {cutoffs}, {churners:,} of them left "
        f"within {horizon} days of a cutoff and {stayers:,} stayed"
    )
    if customers < settings.min_customers:
        raise InputError(
            f"too little data to learn from: {there}; needed are {settings.min_customers:,} "
            "customers ([training] min_customers). Bring more history, or lower the setting"
        )
    if min(churners, stayers) < settings.min_churners:
        which = "stayed: lengthen" if stayers < churners else "left: shorten"
        raise InputError(
            f"too little to tell leavers from stayers: {there}; needed are "
            f"{settings.min_churners:,} of each ([training] min_churners). Too few {which} "
            "churn.horizon, bring more history, or lower the setting"
        )
