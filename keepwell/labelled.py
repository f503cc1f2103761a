"""``keepwell train`` and ``keepwell score`` on a flat file with a ready-made outcome."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape

from features.catalogue import FeatureSet
from features.errors import InputError
from features.labelled import Flat, read_labelled
from features.settings import LabelledSettings
from features.tables import Loaded
from keepwell.cluster import spread, trained
from keepwell.offering import check_offers, offers_of, print_offers
from keepwell.output import write_frame
from keepwell.project import Project, make
from keepwell.segmenting import segment_counts, segment_notes
from keepwell.show import print_evaluation, print_rejected, print_warnings, progress_bar
from models.bundle import Bundle, Definition
from models.registry import store
from serving.flat_scorer import OUT_OF_FOLD, score_flat
from serving.scorer import Scored
from serving.store import RunInfo
from serving.targeting.offers import Offers
from training.assess import Assessed
from training.assess_flat import assess_flat
from training.contest import Contest, contest_flat
from training.labelled import LabelledTask, LabelledTrained, train_labelled
from training.labelled_publish import publish_labelled
from training.publish import Published
from training.tracking import Tracker, git_commit
from training.train import Progress

KIND = "labelled"
_BATCH = 100_000


def is_labelled(project: Project) -> bool:
    """Tell whether a project learns from a flat file."""
    return project.settings.churn.kind == KIND


def refuse_dates(as_of: date | None, *, backtest: bool = False) -> None:
    """Refuse options that mean a time.

    Raises
    ------
    InputError
    """
    given = "--as-of" if as_of else "--backtest" if backtest else None
    if given:
        raise InputError(
            f'{given} means nothing for churn.kind = "labelled": a flat file has no time to go '
            "back in; leave the option out"
        )


def train_flat(project: Project, out: Console, *, replacing: bool) -> Published:
    """Train on ``[tables.labelled]``, log, register and promote or say why not."""
    make(project.folder)
    with (
        project.scratch(),
        store(project.settings.tracking_uri),
        progress_bar(out) as bar,
        trained(project.settings.training) as told,
    ):
        bar.start("Tables", 1)
        flat = read_rows(project)
        bar.step()
        made = train_labelled(
            flat_task(project, replacing=replacing), flat.labelled(), flat.features, bar
        )
        made = replace(made, notes=(*made.notes, *told))
        bar.start("Registry", 1)
        published = _registered(project, made, flat)
        bar.step()
    _tell_read(flat, out)
    _tell_trained(made, flat.counts, out)
    return published


def score_labelled(project: Project, out: Console, target: Path | None) -> pd.DataFrame:
    """Score every row of ``[tables.labelled]`` with the champion, and publish the scores."""
    make(project.folder)
    with store(project.settings.tracking_uri):
        version, bundle = project.registry.load_champion()
    check_kind(project, bundle)
    check_offers(project, bundle)
    with (
        project.scratch(),
        progress_bar(out) as bar,
        spread(project.settings.training) as by,
    ):
        bar.start("Tables", 1)
        flat = read_rows(project, bundle.features)
        bar.step()
        bar.start("Scores", 1)
        explain = project.settings.scoring.reasons
        scored = score_flat(bundle, flat.frame, version.number, explain=explain, spread=by)
        offers = offers_of(project, bundle, scored, [flat.frame])
        bar.step()
    _publish(project, scored, offers, bundle, version.number)
    write_frame(scored.scores, project.scores_path)
    if target is not None:
        write_frame(scored.scores, target)
    _tell_rejected(flat, out)
    _tell_scored(project, scored, bundle, flat, out)
    print_offers(offers, out)
    return scored.scores


def assess_labelled(
    project: Project, champion: Bundle, model: str, progress: Progress
) -> tuple[Assessed, str]:
    """Assess a champion of a flat file out of fold, and give the fingerprint of the file."""
    progress.start("Tables", 1)
    flat = read_rows(project, champion.features)
    progress.step()
    task, offer = flat_task(project, replacing=False), project.settings.offer
    made = assess_flat(task, flat.labelled(), champion, model, offer, progress)
    return made, fingerprint_of(flat.frame)


def contest_labelled(
    project: Project, bundles: tuple[Bundle, Bundle], progress: Progress
) -> Contest:
    """Judge the recipes of two versions on the same rows and folds."""
    progress.start("Tables", 1)
    first, second = (read_rows(project, bundle.features).labelled() for bundle in bundles)
    progress.step()
    progress.start("Models", 1)
    judged = contest_flat((first, second), bundles, project.settings.seed)
    progress.step()
    return judged


def check_kind(project: Project, bundle: Bundle) -> None:
    """Refuse a champion of a flat file where there are tables with time, and the other way round.

    Raises
    ------
    InputError
    """
    mine, theirs = project.settings.churn.kind, bundle.definition.churn_kind
    if mine != theirs and KIND in {mine, theirs}:
        raise InputError(
            f'churn.kind is "{mine}" in the configuration, but the champion was trained for '
            f'"{theirs}" and cannot score these tables; run `keepwell train --replace`, or name '
            "another model"
        )


def _settings(project: Project) -> LabelledSettings:
    found = project.settings.tables.labelled
    assert found is not None  # noqa: S101 - the settings of this kind have been checked
    return found


def read_rows(project: Project, wanted: FeatureSet | None = None) -> Flat:
    """Read ``[tables.labelled]``: all its columns, or the features that a champion wants."""
    settings = project.settings
    return read_labelled(
        project.backend,
        _settings(project),
        settings.data,
        project.folder,
        settings.value.amount if wanted is None or "amount" in wanted.names else None,
        wanted,
    )


def flat_task(project: Project, *, replacing: bool) -> LabelledTask:
    """Give what a project's configuration asks to be learnt from its file."""
    settings, flat = project.settings, _settings(project)
    meant = Definition(
        KIND,
        None,
        0,
        None,
        0,
        settings.currency,
        settings.data.timezone,
        outcome=f"{flat.outcome} = {flat.positive}",
        amount=settings.value.amount,
    )
    return LabelledTask(
        settings.name,
        meant,
        settings.training,
        settings.seed,
        project.today(),
        replacing,
        settings.segments,
    )


def _registered(project: Project, made: LabelledTrained, flat: Flat) -> Published:
    facts = {
        "data_fingerprint": fingerprint_of(flat.frame),
        "git_commit": git_commit(Path(__file__).parent),
    }
    with project.alone():
        tracker = Tracker(project.settings.tracking_uri, project.settings.name, project.artifacts())
    return publish_labelled(made, tracker, project.registry, project.alone(), facts)


def fingerprint_of(frame: pd.DataFrame) -> str:
    """Give a hash of the rows of a flat file, in their order."""
    rows = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return hashlib.sha256(repr(list(frame.columns)).encode() + rows.tobytes()).hexdigest()


def _publish(
    project: Project, scored: Scored, offers: Offers | None, bundle: Bundle, version: int
) -> None:
    run = RunInfo(
        as_of=None,
        model_name=bundle.name,
        model_version=str(version),
        currency=bundle.definition.currency,
        churn_horizon=None,
        value_horizon=None,
        valued=bundle.definition.valued,
        segment_rules=bundle.release.segment_rules,
    )
    rows = scored.scores.drop(columns="as_of").merge(scored.details, on="customer_id")
    parts = (rows.iloc[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
    with project.store() as published:
        published.publish(run, parts, offers)


def _tell_rejected(flat: Flat, out: Console) -> None:
    print_rejected(Loaded({}, {flat.report.table: flat.report}), out)


def _tell_read(flat: Flat, out: Console) -> None:
    _tell_rejected(flat, out)
    print_warnings(Loaded({}, {flat.report.table: flat.report}), out)


def _tell_trained(made: LabelledTrained, counts: str, out: Console) -> None:
    folds = int(made.fold.max()) + 1
    out.print(
        f"Churn: {made.task.definition.outcome}; {counts}; {len(made.features):,} columns. "
        f"Measured once on out-of-fold predictions in {folds} "
        "folds; the registered model has learnt from all of these rows.",
        highlight=False,
    )
    print_evaluation(made.evaluation, out, "")
    out.print(f"Grade {made.grade}", highlight=False)
    for name, area in made.evaluation.leaks.items():
        out.print(
            f"suspected leak: {escape(name)} alone separates leavers (AUC {area:.3f}); if it is "
            "not known before they leave, add it to tables.labelled.ignore and train again",
            highlight=False,
        )
    for note in made.notes:
        out.print(f"note: {escape(note)}", highlight=False)


def _tell_scored(
    project: Project, scored: Scored, bundle: Bundle, flat: Flat, out: Console
) -> None:
    scores, meant = scored.scores, bundle.definition
    outcome = flat.frame["churned"].notna()
    folded = int(scores[OUT_OF_FOLD].sum())
    said = (
        f"{scores['value_at_risk'].sum():,.0f} {meant.currency} at risk. " if meant.valued else ""
    )
    out.print(
        f"Scored {len(scores):,} customers with version {scores['model_version'].iloc[0]}: "
        f"{scores['churn_probability'].sum():,.0f} are expected to leave. {said}"
        f"{folded:,} have an outcome and an out-of-fold probability, {(~outcome).sum():,} have "
        f"none yet. Wrote {project.scores_path}",
        highlight=False,
        markup=False,
    )
    if told := segment_counts(scores):
        out.print(told, highlight=False, markup=False, soft_wrap=True)
    for note in segment_notes(bundle.release, project.settings.segments):
        out.print(f"note: {note}", highlight=False, markup=False)
    if (other := int(outcome.sum()) - folded) > 0:
        out.print(
            f"note: {other:,} rows with an outcome are new or have changed since the champion was "
            "trained, and are not out of fold; run `keepwell train` to learn from them",
            highlight=False,
            markup=False,
        )
