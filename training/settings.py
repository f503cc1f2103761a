"""The settings of training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from features.settings import Days, Names, Section


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
