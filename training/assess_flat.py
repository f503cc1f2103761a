"""Assessing a champion of a flat file: its recipe on the folds again, judged out of fold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.bundle import Bundle, Definition
from models.matrix import Floats
from training.assess import Assessed, in_order
from training.crossed import cross_fit, stratified
from training.evaluate import MODEL, Evaluation, separations
from training.labelled import AMOUNT, PLAIN, LabelledTask
from training.labelled_judge import grade, judge
from training.report import Report, Section, Table, plain_rows
from training.report_facts import glossary, leaks_section
from training.report_groups import groups, groups_section
from training.report_measures import grade_section, measures_section
from training.report_offer import curves_section
from training.settings import OfferSettings
from training.train import Progress

_STRONGEST = 3
"""Numbers by whose quartiles customers are grouped: those that separate leavers best."""

_NO_AGE = (
    "A flat file has no time: how a model ages cannot be told from it. Keep files of several "
    "dates, or tables with times, to find out."
)
_NO_FAMILIES = (
    "Left out: the columns of a flat file belong to no families. The strongest single columns "
    "stand in the next section."
)


def assess_flat(
    task: LabelledTask,
    labelled: pd.DataFrame,
    champion: Bundle,
    model: str,
    offer: OfferSettings,
    progress: Progress,
) -> Assessed:
    """Predict each labelled row by the champion's recipe fitted on other folds, and report.

    Parameters
    ----------
    task : LabelledTask
    labelled : DataFrame
        Rows with an outcome, ordered by customer: the champion's features and ``churned``.
    champion : Bundle
    model : str
        Its name and version, in words.
    offer : OfferSettings
    progress : Progress
    """
    features = champion.features
    frame = labelled.assign(value=0.0)
    churned = frame["churned"].to_numpy(np.float64)
    fold = stratified(churned, task.seed)
    progress.start("Models", 2 * (int(fold.max()) + 1))
    ours = cross_fit(frame, fold, features, champion.recipe, progress.step)
    plain = cross_fit(frame, fold, features, PLAIN, progress.step)
    judged = judge(frame, fold, features, ours, plain, task.seed)
    inputs = features.without(["value"])
    areas = separations(frame, inputs)
    strongest = sorted(areas, key=lambda name: -areas[name])[:_STRONGEST]
    wanted = [f for f in inputs if f.dtype == "category" or f.name in strongest]
    sections = (
        grade_section(judged, grade(judged, task.seed)),
        measures_section(judged, task.seed),
        Section("age", "By snapshot age", (_NO_AGE,)),
        groups_section(groups(frame, wanted, churned, judged.churn[MODEL].response, task.seed)),
        curves_section(judged, _worth(frame), offer, champion.definition.currency),
        Section("ablation", "What each family adds", (_NO_FAMILIES,)),
        leaks_section(judged.leaks, areas),
        _facts(champion.definition, model, judged, int(fold.max()) + 1),
    )
    said = f"{model}, judged out of fold: each row by a model that has not seen it"
    return Assessed(Report(f"How good is {champion.name}?", said, in_order(sections)), judged)


def _worth(frame: pd.DataFrame) -> Floats:
    if AMOUNT not in frame:
        return np.full(len(frame), np.nan)
    return frame[AMOUNT].to_numpy(np.float64)


def _facts(meant: Definition, model: str, judged: Evaluation, folds: int) -> Section:
    facts = [
        ("model", model),
        ("dates", "none: the file tells who left, and not when"),
        ("population", f"all {len(judged.churned):,} rows of the file with an outcome"),
        ("churn", f"{meant.outcome}"),
        ("value", meant.amount or "none is given"),
        ("held out", f"each of {folds} folds in turn, leavers and stayers dealt apart"),
        ("registered model", "the same recipe, on all labelled rows"),
    ]
    rows = plain_rows(facts)
    definitions = Table("Definitions", ("what", "meaning"), rows, detail=True, words=True)
    return Section("facts", "Dates, population and definitions", (), (definitions, glossary()))
