"""What the commands find, as tables and facts for a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.tables import Loaded
from keepwell.monitoring import Monitoring
from keepwell.retraining import Retrained
from models.bundle import Bundle
from models.versions import Promotion, Registered
from training.assess import Assessed
from training.bootstrap import Interval
from training.contest import Contest
from training.evaluate import Evaluation
from training.publish import Published
from training.report_page import page

_COUNTS = ("read", "left_out", "kept", "customers", "first", "last")
_CONTEST = ("first", "second", "difference", "low", "high", "verdict")
_DRIFTS = ("name", "psi", "effect", "missing_then", "missing_now", "moved")
_MONTHS = ("as_of", "version", "measure", "realised", "promised", "broken")
_MEASURES = ("target", "method", "measure", "estimate", "low", "high")


@dataclass(frozen=True)
class Checked:
    """How the tables were read.

    Attributes
    ----------
    tables : DataFrame
        By table: rows ``read``, ``left_out`` by ``where``, ``rejected`` and ``kept``, how many
        ``customers`` they speak of, and the ``first`` and ``last`` moment.
    rejected : DataFrame
        ``table``, ``reason`` and ``rows`` of what was set apart.
    warnings : tuple of str
    """

    tables: pd.DataFrame
    rejected: pd.DataFrame
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Training:
    """A registered version, and what was decided about it.

    Attributes
    ----------
    version : int
    promoted : bool
        Whether it is the champion now.
    reason : str
        Why, or why not.
    grade : str
    measures : Series
        Of the evaluation fit, on the newest cutoff, by name; empty where none could be held out.
    notes : tuple of str
        What a user should know.
    run_id : str
        Of its MLflow run.
    """

    version: int
    promoted: bool
    reason: str
    grade: str
    measures: pd.Series[float]
    notes: tuple[str, ...]
    run_id: str


@dataclass(frozen=True)
class Retraining:
    """Whether to train again, and what came of it.

    Attributes
    ----------
    called_for : bool
    reasons : tuple of str
        A sentence each.
    training : Training or None
        None where nothing was trained.
    """

    called_for: bool
    reasons: tuple[str, ...]
    training: Training | None


@dataclass(frozen=True)
class Assessment:
    """The report on a champion; a notebook shows it as the page that it is.

    Attributes
    ----------
    measures : DataFrame
        ``target`` (churn or value), ``method`` (the model's first), ``measure``, its ``estimate``
        and the ends of its 90 % interval, ``low`` and ``high``.
    html : str
        The whole report as one page.
    """

    measures: pd.DataFrame
    html: str

    def _repr_html_(self) -> str:
        return self.html


@dataclass(frozen=True)
class Watch:
    """How a champion does in service; a notebook shows it as the page that it is.

    Attributes
    ----------
    facts : dict
        The figures that the service gives Prometheus; empty where there is no champion.
    alarms : DataFrame
        ``subject``, whether it needs ``action``, and ``words``; what needs action first.
    features : DataFrame
        By feature and score: ``psi``, ``effect`` (rise of the log odds of leaving; of a value, of
        its mean), the share of missing values ``missing_then`` and ``missing_now``, and ``moved``.
    months : DataFrame
        A measure of published scores a row: ``as_of``, ``version``, ``measure``, ``realised``,
        ``promised`` and whether the promise is ``broken``.
    html : str
        The whole report as one page.
    """

    facts: dict[str, Any]
    alarms: pd.DataFrame
    features: pd.DataFrame
    months: pd.DataFrame
    html: str

    def _repr_html_(self) -> str:
        return self.html


def checked(loaded: Loaded) -> Checked:
    """Give how tables were read."""
    reports = loaded.reports.values()
    rows = [
        {name: getattr(report, name) for name in _COUNTS}
        | {"table": report.table, "rejected": sum(report.rejected.values())}
        for report in reports
    ]
    columns = ("table", "read", "left_out", "rejected", *_COUNTS[2:])
    rejected = [(r.table, reason, n) for r in reports for reason, n in r.rejected.items()]
    own = [f"{report.table}: {warning}" for report in reports for warning in report.warnings]
    return Checked(
        pd.DataFrame(rows, columns=list(columns)).set_index("table"),
        pd.DataFrame(rejected, columns=["table", "reason", "rows"]),
        (*own, *loaded.warnings),
    )


def training(published: Published, release: Bundle) -> Training:
    """Give what came of a training."""
    return Training(
        published.version.number,
        published.decision.promote,
        published.decision.reason,
        str(release.notes["grade"]),
        pd.Series(dict(release.measures), dtype=float),
        tuple(release.notes["notes"]),
        published.run_id,
    )


def retraining(made: Retrained, release: Bundle | None) -> Retraining:
    """Give what a retraining decided, and the release that it made, if any."""
    done = training(made.published, release) if made.published and release else None
    return Retraining(made.decision.train, made.decision.reasons, done)


def contested(judged: Contest) -> pd.DataFrame:
    """Give two versions' measures beside each other, a row each."""
    rows = [
        (
            judged.first[measure].estimate,
            judged.second[measure].estimate,
            judged.change[measure].estimate,
            judged.change[measure].low,
            judged.change[measure].high,
            verdict,
        )
        for measure, verdict in judged.verdicts().items()
    ]
    index = pd.Index(list(judged.verdicts()), name="measure")
    return pd.DataFrame(rows, index=index, columns=list(_CONTEST))


def versions(
    found: Sequence[Registered], history: Sequence[Promotion], champion: int | None
) -> pd.DataFrame:
    """Give what was written down of each version, a row each."""
    why = {promotion.version: promotion.reason for promotion in history}
    return pd.DataFrame(
        {
            "version": [one.version.number for one in found],
            "registered": pd.to_datetime([one.at for one in found], utc=True),
            "data_cutoff": [one.data_cutoff for one in found],
            "grade": [one.grade for one in found],
            "promoted": [one.version.number in why for one in found],
            "reason": [why.get(one.version.number, one.declined) for one in found],
            "champion": [one.version.number == champion for one in found],
        }
    )


def assessment(found: Assessed) -> Assessment:
    """Give a report as a page, with its measures as a table."""
    return Assessment(measures(found.evaluation), page(found.report))


def watch(found: Monitoring) -> Watch:
    """Give what a monitoring found."""
    looked = found.looked
    alarms = [(alarm.subject, alarm.action, alarm.words) for alarm in looked.alarms]
    seen = looked.watched.drifts
    drifts = [
        (d.name, d.psi, d.effect, *d.missing, d.moved)
        for d in ((*seen.scores, *seen.features) if seen else ())
    ]
    months = [
        (batch.as_of, batch.version, kept.measure, kept.realised, kept.promised, kept.broken)
        for batch in looked.watched.batches
        for kept in batch.kept
    ]
    told = [(*m[:3], m[3].estimate, m[4].estimate if m[4] else None, m[5]) for m in months]
    return Watch(
        found.figures.model_dump() if found.figures else {},
        pd.DataFrame(alarms, columns=["subject", "action", "words"]),
        pd.DataFrame(drifts, columns=list(_DRIFTS)).set_index("name"),
        pd.DataFrame(told, columns=list(_MONTHS)),
        page(found.report),
    )


def measures(evaluation: Evaluation) -> pd.DataFrame:
    """Give every measure of every method, a row each."""
    targets = {"churn": evaluation.churn_measures, "value": evaluation.value_measures}
    rows = [row for target, judged in targets.items() for row in _rows(target, judged)]
    return pd.DataFrame(rows, columns=list(_MEASURES))


def _rows(
    target: str, judged: Mapping[str, Mapping[str, Interval]]
) -> list[tuple[str, str, str, float, float, float]]:
    return [
        (target, method, name, found.estimate, found.low, found.high)
        for method, by_name in judged.items()
        for name, found in by_name.items()
    ]


def reigns(history: list[Promotion], champion: int | None) -> pd.DataFrame:
    """Give which version was champion from when until when, oldest first.

    Parameters
    ----------
    history : list of Promotion
    champion : int or None
        The version that is champion now.
    """
    begun = pd.to_datetime([promotion.at for promotion in history], utc=True)
    return pd.DataFrame(
        {
            "version": [promotion.version for promotion in history],
            "since": begun,
            "until": begun[1:].append(pd.DatetimeIndex([pd.NaT], tz="UTC")) if history else begun,
            "reason": [promotion.reason for promotion in history],
        }
    ).assign(champion=lambda rows: rows["until"].isna() & (rows["version"] == champion))
