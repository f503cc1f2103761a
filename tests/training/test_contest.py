from __future__ import annotations

import numpy as np
import pytest

from models.matrix import Floats
from training.contest import LOWER_IS_BETTER, NAMES, beside
from training.report import BETTER, CHANCE, WORSE

RNG = np.random.default_rng(1)
P = RNG.uniform(0.02, 0.98, 800)
LEFT = (RNG.random(800) < P).astype(float)
WORTH = np.where(LEFT == 1, 0.0, RNG.gamma(2.0, 50.0, 800))
OUTCOME = np.column_stack([LEFT, WORTH])
TRUE = np.column_stack([P, (1 - P) * 100])


def noisy() -> Floats:
    noise = np.clip(P + np.random.default_rng(2).normal(0, 0.3, 800), 0.02, 0.98)
    return np.column_stack([noise, (1 - noise) * 100])


def test_the_better_of_two_is_found_in_either_order() -> None:
    first = beside("customers of a day", OUTCOME, (noisy(), TRUE), seed=1)
    second = beside("customers of a day", OUTCOME, (TRUE, noisy()), seed=1)
    assert (first.rows, first.words) == (800, "customers of a day")
    for measure in ("roc_auc", "brier", "log_loss", "normalised_gini"):
        assert first.verdicts()[measure] == BETTER
        assert second.verdicts()[measure] == WORSE
        change = first.change[measure].estimate
        assert change == pytest.approx(-second.change[measure].estimate)
        gap = first.second[measure].estimate - first.first[measure].estimate
        assert change == pytest.approx(gap)
    said = first.summary("version 1", "version 2")
    assert said.startswith("version 2 is better than version 1 in ROC AUC, PR AUC, Brier, log loss")
    assert said.endswith("; the rest is within chance")
    assert "is worse than version 1 in ROC AUC" in second.summary("version 1", "version 2")


def test_equals_differ_within_chance() -> None:
    found = beside("customers", OUTCOME, (TRUE, TRUE), seed=1)
    assert set(found.verdicts().values()) == {CHANCE}
    assert found.summary("version 1", "version 2") == (
        "version 2 and version 1 differ within chance only"
    )


def test_without_values_churn_alone_is_compared() -> None:
    found = beside("rows", OUTCOME[:, :1], (noisy()[:, :1], TRUE[:, :1]), seed=1)
    assert list(found.change) == [m for m in LOWER_IS_BETTER if m not in _OF_VALUE]


def test_every_measure_has_a_name() -> None:
    assert set(LOWER_IS_BETTER) <= set(NAMES)


_OF_VALUE = {"normalised_gini", "spearman", "decile_mape", "log_bias", "top_decile_capture"}
