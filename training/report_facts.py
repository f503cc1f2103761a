"""The report's last sections: suspected leaks, and the dates, population and definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from features.labels import Target
from models.bundle import Bundle, Definition
from training.history import History
from training.report import Row, Section, Table, percent, plain_rows

_STRONGEST = 5

GLOSSARY = {
    "ROC AUC": "how often a leaver has a higher probability than a stayer; 0.5 is drawing lots",
    "PR AUC": "average precision along the ranking; drawing lots gives the churn share",
    "Brier": "mean squared error of the probabilities; lower is better",
    "log loss": "mean negative log-likelihood of the outcomes; lower is better",
    "ECE": "mean gap between probability and churn share over 15 bins; lower is better",
    "lift 10 %": "how many times commoner leavers are in the riskiest tenth than overall",
    "EMPC": "expected maximum profit per customer of a retention campaign, at the economics of "
    "Verbraken, Verbeke & Baesens (2013)",
    "norm. Gini": "how well customers are ranked by value; 1 is perfect, 0 drawing lots",
    "Spearman": "rank correlation of expected and actual value",
    "decile MAPE": "mean relative error of the tenths by expected value",
    "bias": "total expected over total actual value; 1 is unbiased",
    "capture 10 %": "share of all value in the tenth with the most expected value",
    "MAE": "mean absolute error; rewards predicting too little, so nothing is chosen by it",
}
"""What each measure means."""


def leaks_section(found: Mapping[str, float], areas: Mapping[str, float] | None = None) -> Section:
    """Name the features that know the outcome suspiciously well, and the strongest ones.

    Parameters
    ----------
    found : mapping of str to float
        The suspects, with their ROC AUC.
    areas : mapping of str to float, optional
        ROC AUC of each numeric feature alone.
    """
    said = (
        f"Suspected: {', '.join(found)}. Such a feature may be known only after the customer has "
        "left; find out when it is recorded, and leave it out if that is too late."
        if found
        else "No single feature has a ROC AUC above 0.95 against the outcome."
    )
    strongest = sorted({**(areas or {}), **found}.items(), key=lambda item: -item[1])
    rows = tuple(
        Row((name, f"{area:.3f}", "suspected leak" if name in found else ""), name in found)
        for name, area in strongest[: max(_STRONGEST, len(found))]
    )
    tables = (Table("Strongest single features", ("feature", "ROC AUC", ""), rows),) if rows else ()
    return Section("leaks", "Suspected leaks", (said,), tables)


def facts_section(
    past: History, aim: Target, champion: Bundle, model: str, notes: Sequence[str]
) -> Section:
    """Give the dates of every role, the population and the definitions in words.

    Parameters
    ----------
    past : History
    aim : Target
    champion : Bundle
    model : str
        Name and version of the champion.
    notes : sequence of str
        What a reader should know.
    """
    roles, meant = past.roles, champion.definition
    facts = [
        ("model", model),
        ("measured when trained", _measured(champion)),
        ("as of", f"{roles.as_of}: nothing that happened on this day or later is used"),
        ("population", population_words(meant)),
        ("churn", f"{aim.words}{_gap(aim)}"),
        ("value", f"{aim.worth}{_gap(aim)}, in {meant.currency}, returns included"),
        ("lifetime value", _lifetime(meant)),
        ("days begin", f"at midnight, {meant.timezone}"),
        ("evaluation fit", f"learns from cutoffs whose labels ended by {roles.newest}"),
        ("held out", f"{roles.newest}, the newest cutoff whose labels have ended"),
        ("serving fit", "the registered model: the same recipe, on every complete cutoff"),
    ]
    tables = (
        Table("Definitions", ("what", "meaning"), plain_rows(facts), detail=True, words=True),
        _cutoffs(past),
        glossary(),
    )
    return Section("facts", "Dates, population and definitions", tuple(notes), tables)


def glossary() -> Table:
    """Say what each measure means."""
    rows = plain_rows(list(GLOSSARY.items()))
    return Table("Measures", ("measure", "meaning"), rows, detail=True, words=True)


def population_words(meant: Definition) -> str:
    """Say who is a customer at a cutoff."""
    if meant.churn_kind == "subscription":
        return "customers with a subscription that runs at the cutoff"
    return f"customers who bought in the {meant.active_within} days before the cutoff"


def _gap(aim: Target) -> str:
    return f", after a gap of {aim.gap} days" if aim.gap else ""


def _lifetime(meant: Definition) -> str:
    return (
        f"expected value of the first period and of those after it, up to {meant.lifetime_years:g} "
        f"years, discounted by {percent(meant.lifetime_discount)} a year"
        if meant.lifetime_years is not None and meant.lifetime_discount is not None
        else "none"
    )


def _measured(champion: Bundle) -> str:
    said = {
        "churn_roc_auc": "ROC AUC",
        "churn_log_loss": "log loss",
        "value_normalised_gini": "norm. Gini",
    }
    known = {words: champion.measures.get(name) for name, words in said.items()}
    found = ", ".join(f"{words} {value:.4f}" for words, value in known.items() if value is not None)
    return found or "nothing: no cutoff could be held out"


def _cutoffs(past: History) -> Table:
    roles, rows = past.roles, []
    folds = {held_out for _, held_out in roles.forward}
    learnt = {cutoff for train, _ in roles.forward for cutoff in train}
    for cutoff in past.panel.cutoffs:
        parts = {
            "held out": cutoff == roles.newest,
            "evaluation fit": cutoff in roles.evaluation,
            "predicted forward": cutoff in folds,
            "forward training": cutoff in learnt,
            "serving fit": cutoff in roles.serving,
        }
        count = past.panel.outcomes([cutoff])
        share = percent(count.churned / count.snapshots) if count.snapshots else "–"
        played = ", ".join(role for role, plays in parts.items() if plays)
        rows.append((str(cutoff), f"{count.snapshots:,}", share, played))
    columns = ("cutoff", "customers", "left", "roles")
    return Table("Cutoffs", columns, plain_rows(rows), detail=True, words=True)
