"""What to train: the task, and what its dates and data allow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from features.errors import InputError
from features.grains import Tables
from features.horizon import SHARE, propose, propose_period
from features.labels import Target
from features.own import NONE, Own
from features.settings import ChurnSettings
from models.bundle import Definition
from models.stored import Frame
from training.dates import Dates
from training.settings import SegmentSettings, TrainingSettings
from training.splits import Roles, roles
from training.tuned import Tuned


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
        None: the one that :func:`training.dates.dates` gives.
    today : date
    replacing : bool
        Replace a champion whose scores mean something else, or that has learnt from later data.
    measure : {"net", "margin"}
        What a transaction is worth.
    own : Own
        The company's own families.
    lifetime_years, lifetime_discount : float
        What lifetime values assume.
    tuned : Tuned or None
        Parameters that take the place of the default ones, where they fit.
    champion : int or None
        The version whose horizon is kept where none is given.
    segments : SegmentSettings
        What the customers' segments rest on.
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
    measure: str = "net"
    own: Own = NONE
    lifetime_years: float = 5.0
    lifetime_discount: float = 0.1
    tuned: Tuned | None = None
    champion: int | None = None
    segments: SegmentSettings = field(default_factory=SegmentSettings)

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
            churn_regrace=target.regrace if target.kind == "subscription" else None,
            churn_share=target.share if target.kind == "partial" else None,
            churn_norm_windows=target.norm_windows if target.kind == "partial" else None,
            value_measure=target.measure,
            lifetime_years=self.lifetime_years,
            lifetime_discount=self.lifetime_discount,
        )


def target(
    task: Task, tables: Tables, history: int, champion: Definition | None
) -> tuple[Target, tuple[str, ...]]:
    """Settle what is predicted, proposing a churn horizon where none is given.

    A champion's horizon is kept, so that a proposal does not change its meaning from day to day.
    """
    churn = task.churn
    horizon, notes = churn.horizon, ""
    kept = champion is not None and champion.churn_kind == churn.kind and not task.replacing
    if horizon is None and champion is not None and kept:
        horizon = champion.churn_horizon
        notes = f"churn.horizon is not given: the champion's {horizon} days are kept"
    if horizon is None:
        horizon, why = _proposal(churn, tables, history)
        notes = f"churn.horizon is not given: proposed {horizon} days, {why}"
    aim = Target(
        churn.kind,
        horizon,
        churn.gap,
        task.value_horizon or horizon,
        churn.regrace,
        churn.share,
        churn.norm_windows,
        task.measure if "transactions" in tables else "price",
    )
    return aim, (notes,) if notes else ()


def _proposal(churn: ChurnSettings, tables: Tables, history: int) -> tuple[int, str]:
    """Propose a horizon, and say where it comes from."""
    if churn.kind == "subscription":
        days = propose_period(tables["subscriptions"], history)
        return days, "from the period that most subscriptions are priced for"
    windows = churn.norm_windows if churn.kind == "partial" else 1
    return propose(tables["transactions"], history, windows), (
        f"from the time within which {SHARE:.0%} of the returning customers usually buy again"
    )


def plan(task: Task, when: Dates, aim: Target) -> Roles:
    """Give the cutoffs their roles.

    Raises
    ------
    InputError
        When the history holds no complete cutoff; says how many days there are and are needed.
    """
    least = task.training.min_history or aim.norm or min(aim.horizon, 90)
    regrace = ", churn.regrace" if aim.kind == "subscription" else ""
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
            f"{aim.reach} for the label window (churn.gap, churn.horizon{regrace} and "
            "value.horizon). "
            "Shorten these or bring more history"
        )
    return found


def check_enough(frame: Frame, settings: TrainingSettings, horizon: int) -> None:
    """Refuse to learn from too little.

    Raises
    ------
    InputError
        Saying what is there and what is needed.
    """
    customers = frame["customer_id"].nunique()
    outcome = frame[["customer_id", "churned"]].groupby("customer_id")["churned"]
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
