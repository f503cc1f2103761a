"""A recipe: everything that decides a fit except the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

ChurnKind = Literal["lightgbm", "extra_trees", "average", "blend", "logistic_rfm", "logistic"]
ValueKind = Literal["tweedie", "lognormal", "ziln", "scaled_spend"]
ChurnedKind = Literal["mean", "regression", "ziln"]


@dataclass(frozen=True)
class Recipe:
    """How a release is fitted; the same recipe gives the evaluation and the serving fit.

    Parameters
    ----------
    churn : {"lightgbm", "extra_trees", "average", "blend", "logistic_rfm", "logistic"}
        Kind of the churn model; see :mod:`models.churn`.
    value : {"tweedie", "lognormal", "ziln", "scaled_spend"}
        Kind of the model of E[value | retained]; see :mod:`models.value`.
    churned_value : {"mean", "regression", "ziln"}
        Kind of the model of E[value | churned].
    churn_parameters, value_parameters : mapping
        LightGBM's parameters.
    churn_rounds, extra_rounds, value_rounds : int
        Trees of the churn model, of its extremely randomised part, and of the retained's value;
        0 until they are chosen on held-out predictions.
    half_life : float or None
        Days after which a cutoff counts half as much in the churn model; None: all the same.
    seeds : int
        Boosters of the churn model that differ in their seed alone, and are averaged.
    calibration : str
        One of :data:`models.calibration.METHODS`.
    corrected : bool
        Whether the forward predictions' bias of the total value is divided out.
    seed : int
    wallet_quantile : float
        The part of customers who spend less than the wallet that their like could.
    """

    churn: ChurnKind = "lightgbm"
    value: ValueKind = "tweedie"
    churned_value: ChurnedKind = "regression"
    churn_parameters: Mapping[str, Any] = field(default_factory=dict)
    value_parameters: Mapping[str, Any] = field(default_factory=dict)
    churn_rounds: int = 0
    extra_rounds: int = 0
    value_rounds: int = 0
    half_life: float | None = None
    seeds: int = 1
    calibration: str = "none"
    corrected: bool = False
    seed: int = 7
    wallet_quantile: float = 0.85

    def to_dict(self) -> dict[str, Any]:
        """Give JSON types."""
        return asdict(self)


def default_parameters(rows: int) -> dict[str, Any]:
    """Give LightGBM parameters that hold on most purchase histories.

    Parameters
    ----------
    rows : int
        Training snapshots. A leaf holds at least 1 in 200 of them, 20 to 100: small companies
        get coarser trees in absolute terms but not useless ones.

    Notes
    -----
    Trees are small, and bins wide, because a panel repeats its customers: there are fewer
    independent rows than rows, and dozens of features that nearly say the same.
    """
    return {
        "learning_rate": 0.05,
        "num_leaves": 7,
        "max_bin": 63,
        "min_data_in_leaf": min(100, max(20, rows // 200)),
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "cat_smooth": 30.0,
        "max_cat_threshold": 16,
    }


def flat_parameters(rows: int) -> dict[str, Any]:
    """Give LightGBM parameters for a flat file of independent customers.

    Parameters
    ----------
    rows : int
        Labelled ones. No customer stands in several of them, as in a panel, so that leaves may be
        smaller and are shrunk less; only large files bear larger trees.
    """
    large = 50_000
    return {
        **default_parameters(rows),
        "learning_rate": 0.03,
        "max_bin": 255,
        "num_leaves": 15 if rows < large else 31,
        "min_data_in_leaf": 20 if rows < large else 100,
        "lambda_l2": 1.0,
    }
