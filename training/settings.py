"""The settings of training."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Literal

from pydantic import Field, model_validator

from features.settings import Days, Names, Section
from models.segments import Rule, Thresholds


class TrainingSettings(Section):
    """`[training]`: how much history is used, and how much is enough.

    Attributes
    ----------
    cutoffs
        Most cutoffs that a fit learns from; fewer where the history is shorter.
    every
        Days between two cutoffs.
    folds
        Most rolling-origin folds for tree counts and calibration.
    min_customers, min_churners
        Fewest customers, and customers who left (and who stayed), that a model is fitted on.
    min_contacts
        Fewest treated, and fewest controls, with known outcome that an action's effect is estimated
        from; None: 100, and of all such actions together as many as show an effect on one in five
        of those who leave.
    uplift_gap
        Days after a contact at which the windows begin in which its effect is looked for; None:
        churn's gap. Who leaves while it works may have bought before.
    wallet_quantile
        The realistic wallet: the quantile of what alike customers spend, where few are observed.
    seeds
        Boosters of a churn model that differ in their seed alone, and are averaged.
    comparators
        Classes of scikit-learn's classifiers and regressors that are fitted and measured beside the
        model, such as "sklearn.ensemble.HistGradientBoostingClassifier"; never promoted.
    min_history
        Fewest days of history before the first cutoff; None: one churn horizon, 90 days at most.
    tuned
        Use the parameters that the last `keepwell tune` has found, where they fit.
    engine
        What trains the boosters and scores customers: this process, or the workers of a Dask
        cluster.
    scheduler
        The cluster's address, "tcp://host:8786"; None: one is started on this machine.
    """

    cutoffs: int = Field(default=12, ge=1)
    every: Days = 30
    folds: int = Field(default=3, ge=1)
    min_customers: int = Field(default=100, ge=2)
    min_churners: int = Field(default=25, ge=1)
    min_contacts: int | None = Field(default=None, ge=50)
    uplift_gap: Days | None = None
    wallet_quantile: float = Field(default=0.85, ge=0.8, le=0.9)
    seeds: int = Field(default=1, ge=1, le=20)
    comparators: Names = ()
    min_history: Days | None = None
    tuned: bool = True
    engine: Literal["local", "dask"] = "local"
    scheduler: Annotated[str, Field(pattern=r"^(tcp|tls)://\S+:\d+$")] | None = None

    @model_validator(mode="after")
    def _scheduler_is_used(self) -> TrainingSettings:
        if self.scheduler is not None and self.engine != "dask":
            message = 'scheduler is given, but engine is not "dask"; set engine = "dask"'
            raise ValueError(message)
        return self


class SegmentSettings(Section):
    """`[segments]`: what the segments of customers rest on; used from the next training on.

    Attributes
    ----------
    most_valuable, most_growable
        Shares of the customers, by value and by headroom in the wallet.
    grade_a, grade_b
        Shares of the total that customers graded A, and A or B, bring together.
    grade_a_customers, grade_b_customers
        Shares of the customers who are that at most, by value, and by potential.
    mvc_value, mgc_headroom, a_value, a_potential, b_value, b_potential, wallet_share, profit
        Thresholds in place of those that are learnt from the newest customers: amounts in the
        currency over the value horizon, and a share from 0 to 1.
    """

    most_valuable: float = Field(default=0.2, gt=0, lt=1)
    most_growable: float = Field(default=0.2, gt=0, lt=1)
    grade_a: float = Field(default=0.8, gt=0, lt=1)
    grade_b: float = Field(default=0.95, gt=0, lt=1)
    grade_a_customers: float = Field(default=0.2, gt=0, lt=1)
    grade_b_customers: float = Field(default=0.5, gt=0, lt=1)
    mvc_value: float | None = None
    mgc_headroom: float | None = None
    a_value: float | None = None
    a_potential: float | None = None
    b_value: float | None = None
    b_potential: float | None = None
    wallet_share: float | None = Field(default=None, ge=0, le=1)
    profit: float | None = None

    @model_validator(mode="after")
    def _grades_are_in_order(self) -> SegmentSettings:
        for end in ("", "_customers"):
            a, b = getattr(self, f"grade_a{end}"), getattr(self, f"grade_b{end}")
            if a >= b:
                message = (
                    f"grade_a{end} = {a} leaves nothing to grade B, which ends at "
                    f"grade_b{end} = {b}; give A less or B more"
                )
                raise ValueError(message)
        for kind in ("value", "potential"):
            a, b = getattr(self, f"a_{kind}"), getattr(self, f"b_{kind}")
            if a is not None and b is not None and a <= b:
                message = f"a_{kind} = {a} is not above b_{kind} = {b}; give A more than B"
                raise ValueError(message)
        return self

    @property
    def rule(self) -> Rule:
        """Where thresholds are set that are not given."""
        return Rule(**{field.name: getattr(self, field.name) for field in fields(Rule)})

    @property
    def given(self) -> Thresholds:
        """The thresholds that are given."""
        return Thresholds(**{f.name: getattr(self, f.name) for f in fields(Thresholds)})


class CrossSellSettings(Section):
    """`[cross_sell]`: what `keepwell cross-sell` learns from.

    Attributes
    ----------
    horizon
        Days in which a first purchase counts; None: those of the value, else of churn, else 90.
    windows
        Earlier windows of that length at most that it learns from.
    categories
        The most bought categories, so many at most.
    """

    horizon: Days | None = None
    windows: int = Field(default=4, ge=1)
    categories: int = Field(default=300, ge=2)


class OfferSettings(Section):
    """`[offer]`: what a retention offer costs and brings, for the profit curves of the report.

    Attributes
    ----------
    incentive
        Cost of the incentive for each customer who takes it, in the currency.
    contact
        Cost of each contact, in the currency.
    acceptance
        Share of those about to leave who accept the offer and stay.
    """

    incentive: float = Field(default=10.0, ge=0)
    contact: float = Field(default=1.0, ge=0)
    acceptance: float = Field(default=0.3, gt=0, le=1)
