"""The search space that the boosters share; what a model adds stands beside the model."""

from __future__ import annotations

from typing import Any, Protocol


class Trial(Protocol):
    """What a search proposes values with; Optuna's trials do."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = ...) -> float:
        """Propose a number."""

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = ...) -> int:
        """Propose a whole number."""


def trees(trial: Trial) -> dict[str, Any]:
    """Propose LightGBM parameters of trees."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.1, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 3, 31, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 10, 300, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.2, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
        "lambda_l2": trial.suggest_float("lambda_l2", 0.1, 100.0, log=True),
    }
