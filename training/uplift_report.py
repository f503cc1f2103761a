"""The report on experiments: what each action does, who ranks best, what a policy brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.matrix import Floats
from models.release import Release
from models.uplift_learners import Experiment
from training.measures_uplift import Estimated, deciles, policy_value, qini_curve
from training.plots_uplift import calibration_plot, qini_plot
from training.report import UNKNOWN, Plot, Report, Row, Section, Table, figure, percent
from training.uplift import ERROR, Judged, evened, ranked
from training.uplift_fit import Experiments, Finding
from training.uplift_words import VERDICTS, money, points

LEARNERS = {"t": "T-learner", "x": "X-learner", "dr": "DR-learner"}
RULES = {"risk": "churn_probability", "value": "expected_value", "recency": "days_since_purchase"}
"""Rules of one column, the highest first; those whose column is known take part."""

_MEANING = (
    "stay: P(leave | control) - P(leave | treated), by the arm assigned; above 0 it keeps "
    "customers. Mean effects are drawn towards those of the other actions, the less they differ by "
    "more than chance. Qini: what treating by rank gains over treating at random, as a share of "
    "what the best ranking could; 0 is random. AUUC: the same of the uplift curve. All is out of "
    "fold: no estimate has seen the customer it is judged on. Intervals of mean effects hold with "
    f"{1 - ERROR:.0%} each, those of learners' rankings for all actions and learners together."
)


@dataclass(frozen=True)
class Asked:
    """What a report is about.

    Parameters
    ----------
    model, currency : str
    release : Release
        Whose scores are the one-column rules.
    seed : int
    """

    model: str
    currency: str
    release: Release
    seed: int


def report(found: Sequence[Finding], read: Experiments, asked: Asked) -> Report:
    """Put a report together."""
    sections = (_summary(found, read, asked), *(_action(one, asked) for one in found))
    return Report("What do the actions do?", asked.model, sections)


def rules(one: Finding, release: Release) -> dict[str, Floats]:
    """Rank an action's contacts by one column each."""
    frame = one.contacted.frame
    known = {**release.score(frame), **{c: frame[c] for c in RULES.values() if c in frame}}
    found = {rule: known[column] for rule, column in RULES.items() if column in known}
    columns = {rule: column.to_numpy(np.float64, na_value=np.nan) for rule, column in found.items()}
    # Who never bought comes last, like the most recent buyer: nothing has gone quiet.
    return {r: np.nan_to_num(c, nan=-np.inf) for r, c in columns.items() if not np.isnan(c).all()}


def _summary(found: Sequence[Finding], read: Experiments, asked: Asked) -> Section:
    rows = tuple(
        Row(
            (
                one.contacted.action,
                f"{one.contacted.treated:,}",
                f"{one.contacted.control:,}",
                points(one.stays.mean, one.stays.width),
                points(one.stays.own, one.stays.width),
                money(one.value, asked.currency),
                percent(one.contacted.redemption),
            )
        )
        for one in found
    )
    columns = ("action", "treated", "controls", "stay", "own contacts", "value", "redeemed")
    tables = (Table("Mean effects", columns, rows),) if rows else ()
    said = tuple(
        f"{one.contacted.action}: {VERDICTS[one.stays.verdict]}; on value: "
        f"{VERDICTS[one.value.verdict]}"
        for one in found
    )
    lacking = read.lacking or (() if found else ("there is no [tables.contacts]",))
    meaning = (_MEANING,) if found else ()
    return Section("effects", "What follows", (*said, *lacking, *meaning), tables)


def _action(one: Finding, asked: Asked) -> Section:
    given, action = one.contacted.stays(), one.contacted.action
    best = one.stays.said[one.stays.chosen]
    others = rules(one, asked.release)
    tables = (
        _ranking(one.stays, given, others, asked.seed),
        _policies(one.stays, given, others),
        _calibration(given, one.stays.calibrated),
    )
    curves = {"by uplift": best, **others}
    drawn = {
        name: qini_curve(given.outcome, u, given.treated, evened(given))
        for name, u in curves.items()
    }
    plots = (
        Plot(qini_plot(drawn), f"Customers kept by {action} against customers treated, by ranking"),
        Plot(
            calibration_plot(
                deciles(given.outcome, one.stays.calibrated, given.treated, given.propensity)
            ),
            f"Observed against estimated effect of {action} by decile",
        ),
    )
    return Section(f"action-{action}", f"{action}: who stays", (), tables, plots)


def _ranking(judged: Judged, given: Experiment, others: Mapping[str, Floats], seed: int) -> Table:
    rows = []
    for name, estimate in {**judged.said, **others}.items():
        measures = ranked(given, estimate, seed)
        cells = (
            f"{LEARNERS.get(name, name)}",
            *(_spread(m, judged.best_width) for m in measures.values()),
        )
        rows.append(Row(cells, name == judged.chosen))
    return Table("Rankings, out of fold", ("ranking", "Qini", "AUUC"), tuple(rows))


def _policies(judged: Judged, given: Experiment, others: Mapping[str, Floats]) -> Table:
    best = judged.said[judged.chosen]
    half = {f"the half with the most {name}": _half(c) for name, c in others.items()}
    policies = {
        "nobody": np.zeros(len(given)),
        "everybody": np.ones(len(given)),
        "an effect above 0": (judged.calibrated > 0).astype(np.float64),
        "the half with the most effect": _half(best),
        **half,
    }
    rows = []
    for name, chosen in policies.items():
        value = policy_value(given.outcome, given.treated, given.propensity, chosen)
        rows.append(
            Row(
                (name, percent(float(chosen.mean())), percent(value.estimate), percent(value.error))
            )
        )
    return Table(
        "Policies, out of fold", ("treated", "share", "stay", "standard error"), tuple(rows)
    )


def _half(estimate: Floats) -> Floats:
    return np.asarray(estimate > np.median(estimate), dtype=np.float64)


def _calibration(given: Experiment, best: Floats) -> Table:
    found = deciles(given.outcome, best, given.treated, given.propensity)
    rows = tuple(
        Row(
            (
                str(number),
                f"{d['treated']:,.0f}",
                f"{d['control']:,.0f}",
                f"{100 * d['predicted']:+.1f}",
                f"{100 * d['observed']:+.1f}",
                f"{100 * d['error']:.1f}",
            )
        )
        for number, d in enumerate(found, start=1)
    )
    columns = ("decile", "treated", "controls", "estimated", "observed", "standard error")
    return Table("Effect on staying by decile of its estimate, in points", columns, rows)


def _spread(found: Estimated, width: float) -> str:
    if np.isnan(found.estimate):
        return UNKNOWN
    low, high = found.interval(width)
    return f"{figure(found.estimate)}\n{figure(low)} to {figure(high)}"
