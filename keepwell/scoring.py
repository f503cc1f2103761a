"""``keepwell score`` and ``keepwell risk-list``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from rich.console import Console

from features.errors import InputError
from features.families import FAMILIES
from features.own import changed, load
from features.panel import features_at, write
from features.population import population
from features.tables import Tables
from keepwell.category_offers import first_purchases
from keepwell.cluster import spread
from keepwell.labelled import check_kind, is_labelled, refuse_dates, score_labelled
from keepwell.offering import check_offers, offers_of, print_offers, without_rested
from keepwell.output import check_format, write_frame
from keepwell.project import Project, make
from keepwell.segmenting import segment_counts, segment_notes
from keepwell.settings import Settings
from keepwell.show import print_list, print_rejected, progress_bar
from models.bundle import Bundle, Definition, check_features
from models.reasons import NO_CURRENCY
from models.registry import store
from serving.flat_scorer import OUT_OF_FOLD
from serving.scorer import LIST_COLUMNS, Scored, score
from serving.store import RiskQuery, RunInfo
from serving.store.reads import LAST_CONTACT
from serving.targeting.offers import Offers
from training.dates import Dates, dates, known_by

_BATCH = 100_000
_SHOWN = 20


def run_scoring(
    project: Project,
    out: Console,
    as_of: date | None = None,
    target: Path | None = None,
    *,
    backtest: bool = False,
) -> pd.DataFrame:
    """Score every customer in the population with the champion.

    Publishes the scores in the store, then writes ``scores.parquet`` beside the configuration, and
    ``target`` besides.

    Raises
    ------
    InputError
        When as-of is earlier than the champion's data without ``backtest``, or nobody is active.
    """
    check_format(target)
    if is_labelled(project):
        refuse_dates(as_of, backtest=backtest)
        return score_labelled(project, out, target)
    make(project.folder)
    with store(project.settings.tracking_uri):
        version, bundle = project.registry.load_champion()
    check_kind(project, bundle)
    check_offers(project, bundle)
    way = spread(project.settings.training)
    with project.scratch() as folder, progress_bar(out) as bar, way as by:
        bar.start("Tables", 1)
        loaded = project.load(bundle.inputs)
        bar.step()
        when = dates(loaded.tables, as_of, project.today())
        moment = as_of or when.as_of
        _check_backtest(moment, bundle, backtest=backtest)
        first = first_purchases(project, bundle, loaded.tables, moment, when.first, bar)
        bar.start("Features", 1)
        path = folder / "snapshots.parquet"
        _write_snapshots(bundle, loaded.tables, moment, path)
        bar.step()
        bar.start("Scores", 1)
        scored = score(
            bundle,
            _batches(path, moment, bundle),
            moment,
            version.number,
            explain=project.settings.scoring.reasons,
            backtest=backtest,
            spread=by,
        )
        offers = offers_of(project, bundle, scored, _batches(path, moment, bundle), first)
        offers = without_rested(offers, loaded.tables, moment)
        bar.step()
    _publish(project, scored, offers, _run(bundle, moment, version.number, backtest=backtest))
    for place in filter(None, (project.scores_path, target)):
        write_frame(scored.scores, place)
    print_rejected(loaded, out)
    _say(project, scored, bundle, moment, when, out)
    print_offers(offers, out)
    return scored.scores


def _write_snapshots(bundle: Bundle, tables: Tables, moment: date, path: Path) -> None:
    meant = bundle.definition
    spine = population(tables, moment, meant.churn_kind, meant.active_within)
    own = load(bundle.families, FAMILIES)
    made = features_at(known_by(tables, moment), spine, own.families)
    check_features(bundle, made.features)
    write(made.table, path)


def run_risk_list(
    project: Project,
    out: Console,
    top: int | None,
    min_value: float | None,
    target: Path | None,
    *,
    rest_days: int | None = None,
) -> pd.DataFrame:
    """Rank the newest scores by value at risk, and print or write the list.

    Left out is who was contacted ``rest_days`` before the scores' day, or since; as configured by
    default.

    Raises
    ------
    InputError
        Before ``keepwell score`` has been run.
    """
    check_format(target, (".csv",))
    with project.store() as published:
        newest = next(iter(published.runs(1)), None)
        if newest is None:
            raise InputError("there are no scores yet; run `keepwell score` first")
        if min_value is not None and not newest.valued:
            raise InputError(
                "--min-value: these scores have no values; give [value] amount and run "
                "`keepwell train --replace` and `keepwell score`, or leave the option out"
            )
        rest = project.settings.scoring.rest_days if rest_days is None else rest_days
        query = RiskQuery(min_value=min_value, rest_days=rest, run=newest.id)
        ranked = published.all_scores(query, top=top)
        resting = published.count(replace(query, rest_days=0)) - published.count(query)
    extra = {"backtest": True} if newest.backtest else {}
    marks = [OUT_OF_FOLD] if newest.as_of is None else []
    ranked = _local(project, ranked)[[*LIST_COLUMNS, *LAST_CONTACT, *marks]].assign(**extra)
    if target is not None:
        write_frame(ranked, target)
        out.print(f"Wrote {len(ranked):,} customers to {target}", highlight=False, markup=False)
    else:
        count = min(len(ranked), _SHOWN) if top is None else len(ranked)
        mark = ", a backtest" if newest.backtest else ""
        most = "Most value at risk" if newest.valued else "Most likely to leave"
        day = f" as of {newest.as_of}" if newest.as_of else ""
        title = f"{most}{day}{mark}: {count} of {newest.customers:,}"
        print_list(ranked.head(count), out, title)
    if resting:
        out.print(
            f"{resting:,} customers are left out: contacted in the {rest} days before, or since "
            "(--rest-days 0 shows them)",
            highlight=False,
        )
    return ranked


def _local(project: Project, ranked: pd.DataFrame) -> pd.DataFrame:
    """Give the times of last contacts where the company is, as in its own tables."""
    told = ranked["last_contacted_at"].dt.tz_convert(project.settings.data.timezone)
    return ranked.assign(last_contacted_at=told.dt.tz_localize(None))


def _check_backtest(as_of: date, bundle: Bundle, *, backtest: bool) -> None:
    known = date.fromisoformat(bundle.data_cutoff)
    if as_of < known and not backtest:
        raise InputError(
            f"--as-of {as_of} is earlier than {known}, up to which the champion has learnt: its "
            "scores would know their own future. Give a later day, or --backtest to score anyway, "
            "marked as such"
        )


def _batches(path: Path, moment: date, bundle: Bundle) -> Iterator[pd.DataFrame]:
    file = pq.ParquetFile(path)
    if file.metadata.num_rows == 0:
        raise InputError(f"nobody to score: {_nobody(bundle, moment)}; is the data up to date?")
    start = 0
    for batch in file.iter_batches(_BATCH):
        frame = batch.to_pandas()
        frame.index = pd.RangeIndex(start, start + len(frame))
        start += len(frame)
        yield frame


def _nobody(bundle: Bundle, moment: date) -> str:
    meant = bundle.definition
    if meant.churn_kind == "subscription":
        return f"no subscription runs on {moment}"
    return (
        f"no customer bought in the {meant.active_within} days before {moment} "
        "([population] active_within)"
    )


def _publish(project: Project, scored: Scored, offers: Offers | None, run: RunInfo) -> None:
    rows = scored.scores.merge(scored.details, on="customer_id")
    parts = (rows.iloc[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
    with project.store() as published:
        published.publish(run, parts, offers)


def _run(bundle: Bundle, moment: date, version: int, *, backtest: bool) -> RunInfo:
    meant = bundle.definition
    return RunInfo(
        as_of=moment,
        model_name=bundle.name,
        model_version=str(version),
        currency=meant.currency,
        churn_horizon=meant.churn_horizon,
        value_horizon=meant.value_horizon,
        backtest=backtest,
        lifetime_years=meant.lifetime_years,
        lifetime_discount=meant.lifetime_discount,
        segment_rules=bundle.release.segment_rules,
    )


def _say(
    project: Project,
    scored: Scored,
    bundle: Bundle,
    moment: date,
    when: Dates,
    out: Console,
) -> None:
    scores = scored.scores
    meant = bundle.definition
    out.print(
        f"Scored {len(scores):,} customers as of {moment} with version "
        f"{scores['model_version'].iloc[0]}: {scores['churn_probability'].sum():,.0f} are expected "
        f"to leave within {meant.churn_horizon} days, with "
        f"{_money(scores['value_at_risk'].sum(), meant.currency)} at risk. "
        f"Wrote {project.scores_path}",
        highlight=False,
        markup=False,
    )
    _say_segments(scores, out)
    for note in _differences(project, bundle, moment, when):
        out.print(f"note: {note}", highlight=False, markup=False)


def _say_segments(scores: pd.DataFrame, out: Console) -> None:
    if told := segment_counts(scores):
        out.print(told, highlight=False, markup=False, soft_wrap=True)


def _money(amount: float, currency: str) -> str:
    return f"{amount:,.0f}" + (
        f" {currency}" if currency != NO_CURRENCY else " (no currency named)"
    )


def _kind_differences(settings: Settings, meant: Definition) -> dict[str, tuple[str | None, str]]:
    """Give what the kind of churn rests on: in the configuration, and in the champion."""
    churn = settings.churn
    said = {
        "churn.kind": (churn.kind, meant.churn_kind),
        "churn.regrace": (f"{churn.regrace} days", meant.churn_regrace),
        "churn.share": (churn.share, meant.churn_share),
        "churn.norm_windows": (churn.norm_windows, meant.churn_norm_windows),
    }
    theirs = {
        key: f"{value} days" if key == "churn.regrace" else str(value)
        for key, (_, value) in said.items()
        if value is not None
    }
    return {key: (str(said[key][0]), value) for key, value in theirs.items()}


def differences(project: Project, bundle: Bundle) -> list[str]:
    """Say in what the configuration differs from what the champion was trained for."""
    settings, meant = project.settings, bundle.definition
    wanted = {
        "churn.horizon": (settings.churn.horizon, meant.churn_horizon),
        "churn.gap": (settings.churn.gap, meant.churn_gap),
        "value.horizon": (settings.value.horizon, meant.value_horizon),
        "population.active_within": (settings.population.active_within, meant.active_within),
    }
    said = {
        key: (None if mine is None else f"{mine} days", f"{theirs} days")
        for key, (mine, theirs) in wanted.items()
    }
    said["currency"] = (settings.currency, meant.currency)
    said |= _kind_differences(settings, meant)
    said["data.timezone"] = (settings.data.timezone, meant.timezone)
    notes = [
        f"{key} is {mine} in the configuration, but the champion was trained with {theirs}, "
        "which these scores mean; run `keepwell train --replace` to change it"
        for key, (mine, theirs) in said.items()
        if mine is not None and mine != theirs
    ]
    notes += [
        f"the family file {name} differs from the champion's, which these scores rest on; run "
        "`keepwell train` to use it"
        for name in changed(project.family_sources(), bundle.families)
    ]
    return notes


def _differences(project: Project, bundle: Bundle, moment: date, when: Dates) -> list[str]:
    notes = differences(project, bundle)
    notes += segment_notes(bundle.release, project.settings.segments)
    late = (moment - when.as_of).days
    if late > 0:
        notes.append(
            f"the data ends {late} days before {moment}; everybody looks {late} days more silent"
        )
    return notes
