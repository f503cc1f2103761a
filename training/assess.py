"""Assessing a champion: its recipe fitted again as of t0, and everything its report tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.errors import InputError
from features.grains import Tables
from models.bundle import Bundle, check_features
from models.release import Release
from training.comparators import compare, find
from training.dates import dates, known_by
from training.evaluate import MODEL, Evaluation, beside, evaluate, separations
from training.further import further_measures
from training.grade import grade
from training.history import History
from training.report import Report, Section
from training.report_facts import facts_section, leaks_section
from training.report_groups import groups, groups_section, main_features
from training.report_measures import grade_section, measures_section
from training.report_offer import curves_section
from training.report_refits import ablation_section, ages_section, refits
from training.settings import OfferSettings
from training.task import Task, target
from training.train import Workshop, assembled, refit


@dataclass(frozen=True)
class Assessed:
    """A report, and the evaluation that it tells of."""

    report: Report
    evaluation: Evaluation


def assess(
    task: Task,
    tables: Tables,
    champion: Bundle,
    model: str,
    offer: OfferSettings,
    shop: Workshop,
    *,
    notes: tuple[str, ...] = (),
) -> Assessed:
    """Fit a champion's recipe as of t0, as training does, and report how good it is.

    Parameters
    ----------
    task : Task
        What the champion was trained for.
    tables : mapping of str to ibis Table
        Canonical, clean.
    champion : Bundle
    model : str
        Its name and version, in words.
    offer : OfferSettings
    shop : Workshop
    notes : tuple of str
        What a reader should know.

    Raises
    ------
    InputError
        When no cutoff can be held out.
    BundleError
        When the tables no longer give the champion's features.
    """
    comparators = find(task.training.comparators, task.seed)
    when = dates(tables, task.as_of, task.today)
    known = known_by(tables, when.as_of)
    aim, _ = target(task, known, when.history, None)
    past = assembled(task, known, when, aim, shop)
    check_features(champion, past.panel.features)
    shop.progress.start("Evaluation fit", 1)
    measured = refit(past, champion.features, champion.recipe)
    if measured is None:
        raise InputError(UNMEASURED)
    shop.progress.step()
    train, newest = past.evaluation(), past.newest()
    judged = evaluate(measured, newest, train, aim.value_horizon, task.seed)
    if comparators:
        learnt = measured.completed(past.sample(past.roles.evaluation))
        asked = measured.completed(newest)
        compared = compare(comparators, learnt, asked, measured.encoder)
        judged = beside(judged, compared.churn, compared.value, task.seed)
        notes = (*notes, *compared.notes)
    if "customers" in tables and "valid_from" not in tables["customers"].columns:
        notes = (*notes, *_undated(champion))
    sections = (
        *_judged(judged, measured, newest, task, offer),
        *_refitted(past, champion, shop),
        leaks_section(judged.leaks, _alone(measured, newest)),
        facts_section(past, aim, champion, model, (*when.notes, *notes)),
    )
    title = f"How good is {champion.name}?"
    said = (
        f"{model}: its recipe, fitted on what was known on {past.roles.newest} and judged on the "
        "customers of that day"
    )
    return Assessed(Report(title, said, in_order(sections)), judged)


ORDER = ("grade", "measures", "age", "groups", "curves", "ablation", "leaks", "facts")
"""Sections in the order in which they are read."""

UNMEASURED = (
    "the history is too short for a held-out measure: no cutoff a whole label window before the "
    "newest one has enough leavers and stayers. Bring more history, shorten churn.horizon or "
    "value.horizon, or give a later --as-of"
)


def in_order(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """Put sections into the order of :data:`ORDER`."""
    return tuple(sorted(sections, key=lambda section: ORDER.index(section.key)))


def _judged(
    judged: Evaluation, measured: Release, newest: pd.DataFrame, task: Task, offer: OfferSettings
) -> tuple[Section, ...]:
    scores, frame = measured.score(newest), measured.completed(newest)
    worth = (scores["value_if_retained"] - scores["value_if_churned"]).to_numpy(np.float64)
    wanted = main_features(measured.encoder.features)
    said = judged.churn[MODEL].response
    return (
        grade_section(judged, grade(judged, task.seed)),
        measures_section(judged, task.seed, further_measures(measured, newest)),
        groups_section(groups(frame, wanted, judged.churned, said, task.seed)),
        curves_section(judged, worth, offer, task.currency),
    )


def _refitted(past: History, champion: Bundle, shop: Workshop) -> tuple[Section, ...]:
    progress = shop.progress
    found = refits(past, champion.features, champion.recipe, progress.start, progress.step)
    return ages_section(found), ablation_section(found)


def _undated(champion: Bundle) -> tuple[str, ...]:
    if all(feature.family != "attributes" for feature in champion.features):
        return ()
    said = (
        "attributes of customers are as extracted today, without valid_from, and may know what "
        "came later; what the model is without them stands under what each family adds"
    )
    return (said,)


def _alone(measured: Release, newest: pd.DataFrame) -> dict[str, float]:
    return separations(measured.completed(newest), measured.encoder.features)
