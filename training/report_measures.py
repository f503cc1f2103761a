"""The report's first two sections: the grade, and the measures beside every baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from models.matrix import Floats
from training.bootstrap import Interval, paired
from training.evaluate import MODEL, Evaluation, leavers_found, resamples
from training.grade import Grade
from training.measures import brier, log_loss, normalised_gini, roc_auc
from training.report import (
    UNKNOWN,
    WORSE,
    Row,
    Section,
    Table,
    change,
    figure,
    percent,
    plain_rows,
    verdict,
    with_interval,
)

CHURN = {
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "brier": "Brier",
    "log_loss": "log loss",
    "ece": "ECE",
    "top_decile_lift": "lift 10 %",
    "empc": "EMPC",
}
"""Measures of churn, and how they are called."""

VALUE = {
    "normalised_gini": "norm. Gini",
    "spearman": "Spearman",
    "decile_mape": "decile MAPE",
    "bias": "bias",
    "top_decile_capture": "capture 10 %",
    "mae": "MAE",
}
"""Measures of value, and how they are called."""

FURTHER = {
    "interval_coverage_90": "values within their 90 % interval",
    "interval_coverage_80": "values within their 80 % interval",
    "purchase_log_loss": "log loss of a purchase within 30 days",
    "purchase_bias": "buyers expected over buyers, 30 days",
}
"""Measures of what a score comes with; others keep their own names."""

_LETTERS = (
    "A: its probabilities are better than those of the plain logistic regression, beyond chance; "
    "B: better, but within chance; C: no better. The sentence counts leavers among as many calls."
)
_SHARES = (0.05, 0.1, 0.2, 0.3)


def grade_section(evaluation: Evaluation, given: Grade) -> Section:
    """Say in plain language what the model adds to calling without one.

    Parameters
    ----------
    evaluation : Evaluation
    given : Grade
    """
    rows, left = len(evaluation.churned), int(evaluation.churned.sum())
    words = (
        f"Grade {given.letter}: {given.sentence}.",
        (
            f"{rows:,} customers were judged; {left:,} of them left ({percent(left / rows)}). None "
            "of these outcomes was known to the model that is judged here."
        ),
        _LETTERS,
    )
    return Section("grade", "Grade", words, (found_table(evaluation),))


def found_table(evaluation: Evaluation) -> Table:
    """Count the leavers that each method finds at the same number of calls."""
    rows, left = len(evaluation.churned), float(evaluation.churned.sum())
    cells = []
    for share in _SHARES:
        calls = max(1, round(share * rows))
        found = [str(leavers_found(evaluation, method, share)) for method in evaluation.churn]
        cells.append([f"{calls:,} ({share:.0%})", *found, f"{calls * left / rows:.0f}"])
    columns = ("calls", *evaluation.churn, "at random")
    return Table("Leavers found", columns, plain_rows(cells))


def measures_section(
    evaluation: Evaluation, seed: int, further: Mapping[str, float] | None = None
) -> Section:
    """Give every measure of every method with its 90 % interval, and the paired differences.

    Parameters
    ----------
    evaluation : Evaluation
    seed : int
        Of the bootstrap.
    further : mapping of str to float, optional
        Measures of what a score comes with.
    """
    words = [
        (
            "Below each measure: its 90 % bootstrap interval. A difference whose interval holds "
            "zero is within chance, and no difference."
        )
    ]
    tables = [_table("Churn", CHURN, evaluation.churn_measures), _churn_gain(evaluation, seed)]
    if evaluation.value_measures:
        tables += [_table("Value", VALUE, evaluation.value_measures), _value_gain(evaluation, seed)]
    else:
        words.append("No value is predicted, so none is judged.")
    if further:
        rows = plain_rows([(FURTHER.get(k, _spaced(k)), figure(v)) for k, v in further.items()])
        tables.append(Table("What scores come with", ("measure", MODEL), rows, detail=True))
    return Section("measures", "Measures beside the baselines", tuple(words), tuple(tables))


def _table(
    title: str, names: Mapping[str, str], judged: Mapping[str, Mapping[str, Interval]]
) -> Table:
    rows = [
        [words, *(with_interval(of[m]) for of in judged.values())] for m, words in names.items()
    ]
    return Table(title, ("measure", *judged), plain_rows(rows))


def _churn_gain(evaluation: Evaluation, seed: int) -> Table:
    rankings = {name: said.ranking for name, said in evaluation.churn.items()}
    said = {name: p.response for name, p in evaluation.churn.items()}
    outcome = evaluation.churned
    areas = _gains(lambda y, s: {"": roc_auc(y, s)}, outcome, rankings, seed)
    errors = _gains(lambda y, p: {"": brier(y, p)}, outcome, said, seed)
    losses = _gains(lambda y, p: {"": log_loss(y, p)}, outcome, said, seed)
    # A rule that decides 0 or 1 has no probability to take the logarithm of.
    spoken = {n for n, m in evaluation.churn_measures.items() if not np.isnan(m["ece"].estimate)}
    rows = []
    for name in areas:
        area, error = areas[name], errors[name]
        loss = change(losses[name]) if name in spoken else UNKNOWN
        said_of = f"ranking {verdict(area, lower=False)}, Brier {verdict(error, lower=True)}"
        cells = (name, change(area), change(error), loss, said_of)
        rows.append(Row(cells, WORSE in said_of))
    columns = (f"{MODEL} less", "ROC AUC", "Brier", "log loss", "verdict")
    return Table("Churn, differences", columns, tuple(rows))


def _value_gain(evaluation: Evaluation, seed: int) -> Table:
    said = {name: v.response for name, v in evaluation.worth.items()}
    found = _gains(lambda y, v: {"": normalised_gini(y, v)}, evaluation.value, said, seed)
    rows = []
    for name, one in found.items():
        said_of = verdict(one, lower=False)
        rows.append(Row((name, change(one), f"ranking {said_of}"), said_of == WORSE))
    columns = (f"{MODEL} less", "norm. Gini", "verdict")
    return Table("Value, differences", columns, tuple(rows))


def _gains(
    measure: Callable[[Floats, Floats], dict[str, float]],
    outcome: Floats,
    said: Mapping[str, Floats],
    seed: int,
) -> dict[str, Interval]:
    n = resamples(len(outcome))
    ours = said[MODEL]
    return {
        name: paired(measure, outcome, ours, theirs, n=n, seed=seed)[""]
        for name, theirs in said.items()
        if name != MODEL and np.isfinite(theirs).all()
    }


def _spaced(name: str) -> str:
    return name.replace("_", " ")
