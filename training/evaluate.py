"""The held-out judgement: the model beside every baseline, on the cutoff never touched before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.catalogue import FeatureSet
from models.baselines import (
    SILENCE,
    LogisticRFM,
    SilenceRule,
    historic_spend,
    monthly_rule,
)
from models.matrix import Floats
from models.release import Release
from models.stored import Frame
from training.bootstrap import Interval, intervals, paired
from training.measures import (
    brier,
    churn_measures,
    log_loss,
    normalised_gini,
    roc_auc,
    value_measures,
)
from training.measures_value import bias

MODEL = "Keepwell"
LOGISTIC = "logistic RFM"
HISTORIC = "past spend"
MONTHLY = "monthly spend rule"

_LEAK = 0.95
"""A single feature that separates better than this knows the outcome."""

_BOOTSTRAP_ROWS = 1_000_000
"""Rows resampled in all: small companies get 200 resamples, large ones fewer."""


@dataclass(frozen=True)
class Prediction:
    """What one method says of the held-out snapshots.

    Parameters
    ----------
    ranking : ndarray of shape (rows,)
        Any score that rises with the outcome.
    response : ndarray of shape (rows,)
        A probability, a 0/1 decision, or a value.
    """

    ranking: Floats
    response: Floats


@dataclass(frozen=True)
class Evaluation:
    """Measures on the held-out cutoff, by method, with 90 % bootstrap intervals.

    Parameters
    ----------
    churned, value : ndarray of shape (rows,)
        What happened.
    churn, worth : mapping of str to Prediction
        By method, the model first.
    churn_measures, value_measures : mapping of str to mapping of str to Interval
        By method and measure.
    leaks : mapping of str to float
        Features that separate the outcome suspiciously well alone, with their ROC AUC.
    rule : str
        The name, among the methods, of what a company without a model would do.
    """

    churned: Floats
    value: Floats
    churn: Mapping[str, Prediction]
    worth: Mapping[str, Prediction]
    churn_measures: Mapping[str, Mapping[str, Interval]]
    value_measures: Mapping[str, Mapping[str, Interval]]
    leaks: Mapping[str, float]
    rule: str = SILENCE

    def flat(self) -> dict[str, float]:
        """Give the model's measures by name, ``churn_`` and ``value_`` in front."""
        churn = {f"churn_{k}": v.estimate for k, v in self.churn_measures[MODEL].items()}
        worth = self.value_measures.get(MODEL, {})  # none where no value is predicted
        value = {f"value_{k}": v.estimate for k, v in worth.items()}
        return {**churn, **value}


def evaluate(
    release: Release, held_out: pd.DataFrame, train: Frame, horizon: int, seed: int
) -> Evaluation:
    """Measure a release and the baselines on snapshots that none of them has seen.

    Parameters
    ----------
    release : Release
        The evaluation fit.
    held_out : DataFrame
        Labelled snapshots of the newest complete cutoff.
    train : DataFrame or Stored
        What the release was fitted on; the baselines are fitted on the same.
    horizon : int
        Days of the value window.
    seed : int
        Of the bootstrap.
    """
    held_out = release.completed(held_out)
    churned = held_out["churned"].to_numpy(np.float64)
    value = held_out["value"].to_numpy(np.float64)
    scores = release.score(held_out)
    rule = SilenceRule.fit(train, train["churned"].to_numpy(np.float64))
    churn = _churn_predictions(scores, held_out, train, rule)
    worth = _value_predictions(scores, held_out, horizon, churn[LOGISTIC].response)
    n = resamples(len(churned))
    return Evaluation(
        churned,
        value,
        churn,
        worth,
        {k: _judge_churn(churned, p, n, seed) for k, p in churn.items()},
        {
            k: intervals(value_measures, (value, p.response), n=n, seed=seed)
            for k, p in worth.items()
        },
        suspected_leaks(held_out, release.encoder.features),
        rule.name,
    )


def beside(
    evaluation: Evaluation, churn: Mapping[str, Floats], value: Mapping[str, Floats], seed: int
) -> Evaluation:
    """Measure other methods' predictions of the same snapshots, too.

    Parameters
    ----------
    evaluation : Evaluation
    churn, value : mapping of str to ndarray of shape (rows,)
        Churn probabilities and values, by the method's name.
    seed : int
        Of the bootstrap.
    """
    n = resamples(len(evaluation.churned))
    risks = {name: Prediction(p, p) for name, p in churn.items()}
    worth = {name: Prediction(v, v) for name, v in value.items()}
    judged = {k: _judge_churn(evaluation.churned, p, n, seed) for k, p in risks.items()}
    valued = {
        k: intervals(value_measures, (evaluation.value, p.response), n=n, seed=seed)
        for k, p in worth.items()
    }
    return replace(
        evaluation,
        churn={**evaluation.churn, **risks},
        worth={**evaluation.worth, **worth},
        churn_measures={**evaluation.churn_measures, **judged},
        value_measures={**evaluation.value_measures, **valued},
    )


def resamples(rows: int) -> int:
    """Give the number of bootstrap resamples for so many rows, 20 to 200."""
    return max(20, min(200, _BOOTSTRAP_ROWS // max(rows, 1)))


def suspected_leaks(frame: pd.DataFrame, features: FeatureSet) -> dict[str, float]:
    """Find numeric features that alone separate leavers with a ROC AUC above 0.95."""
    return {name: area for name, area in separations(frame, features).items() if area > _LEAK}


def separations(frame: pd.DataFrame, features: FeatureSet) -> dict[str, float]:
    """Tell how well each numeric feature alone separates leavers: its ROC AUC, in either direction.

    NaN where all snapshots have the same outcome.
    """
    churned = frame["churned"].to_numpy(np.float64)
    found = {}
    for feature in features:
        if feature.dtype == "float64":
            column = frame[feature.name].to_numpy(np.float64, na_value=np.nan)
            # Unknown values go to one end; both directions count.
            area = roc_auc(churned, np.nan_to_num(column, nan=-1e18, posinf=1e18, neginf=-1e18))
            found[feature.name] = max(area, 1 - area)
    return found


def core_measures(churned: Floats, value: Floats, scores: pd.DataFrame) -> dict[str, float]:
    """Give the measures that a promotion turns on, for scores of the same snapshots."""
    expected = scores["expected_value"].to_numpy(np.float64)
    return {
        "log_loss": log_loss(churned, scores["churn_probability"].to_numpy(np.float64)),
        "normalised_gini": normalised_gini(value, expected),
        "log_bias": log_bias(value, expected),
    }


def compare(
    held_out: pd.DataFrame, a: pd.DataFrame, b: pd.DataFrame, seed: int
) -> dict[str, Interval]:
    """Give the paired differences a - b of the core measures, with 90 % intervals.

    Parameters
    ----------
    held_out : DataFrame
        Labelled snapshots.
    a, b : DataFrame
        Scores of these snapshots by two releases.
    seed : int
    """
    churned, value = (
        held_out["churned"].to_numpy(np.float64),
        held_out["value"].to_numpy(np.float64),
    )

    def measures(outcome: Floats, scores: Floats) -> dict[str, float]:
        frame = pd.DataFrame(scores, columns=["churn_probability", "expected_value"])
        return core_measures(outcome[:, 0], outcome[:, 1], frame)

    columns = ["churn_probability", "expected_value"]
    return paired(
        measures,
        np.column_stack([churned, value]),
        a[columns].to_numpy(np.float64),
        b[columns].to_numpy(np.float64),
        n=resamples(len(held_out)),
        seed=seed,
    )


def log_bias(actual: Floats, predicted: Floats) -> float:
    """Give |ln(total predicted / total actual)|; NaN where a total is not positive."""
    ratio = bias(actual, predicted)
    return abs(float(np.log(ratio))) if ratio > 0 else float("nan")


def leavers_found(evaluation: Evaluation, method: str, share: float = 0.1) -> int:
    """Count the leavers among the riskiest ``share`` of customers by a method."""
    ranking = evaluation.churn[method].ranking
    calls = max(1, round(share * len(ranking)))
    first = np.argsort(-ranking, kind="stable")[:calls]
    return int(evaluation.churned[first].sum())


def _churn_predictions(
    scores: pd.DataFrame, held_out: pd.DataFrame, train: Frame, rule: SilenceRule
) -> dict[str, Prediction]:
    outcome = train["churned"].to_numpy(np.float64)
    p = scores["churn_probability"].to_numpy(np.float64)
    logistic = LogisticRFM.fit(train, outcome).predict(held_out)
    return {
        MODEL: Prediction(p, p),
        LOGISTIC: Prediction(logistic, logistic),
        rule.name: Prediction(rule.rank(held_out), rule.predict(held_out)),
    }


def _value_predictions(
    scores: pd.DataFrame, held_out: pd.DataFrame, horizon: int, p: Floats
) -> dict[str, Prediction]:
    by_method = {
        MODEL: scores["expected_value"].to_numpy(np.float64),
        HISTORIC: historic_spend(held_out, horizon),
        MONTHLY: monthly_rule(held_out, horizon, p),
    }
    return {name: Prediction(v, v) for name, v in by_method.items()}


def _judge_churn(churned: Floats, said: Prediction, n: int, seed: int) -> dict[str, Interval]:
    if said.ranking is said.response:
        return intervals(churn_measures, (churned, said.response), n=n, seed=seed)
    # A rule decides 0 or 1: its ranking has an AUC, its decisions a Brier score, and neither is a
    # probability to take the logarithm of.
    ranks = pd.Series(said.ranking).rank(pct=True).to_numpy()
    ranked = intervals(churn_measures, (churned, ranks), n=n, seed=seed)
    decided = intervals(_brier, (churned, said.response), n=n, seed=seed)
    unknown = Interval(float("nan"), float("nan"), float("nan"))
    return {**ranked, **decided, "log_loss": unknown, "ece": unknown}


def _brier(churned: Floats, said: Floats) -> dict[str, float]:
    return {"brier": brier(churned, said)}
