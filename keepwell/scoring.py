"""``keepwell score`` and ``keepwell risk-list``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from rich.console import Console

from features.errors import InputError
from features.panel import features_at, write
from features.population import active
from keepwell.output import check_format, write_frame
from keepwell.project import Project, make
from keepwell.show import print_list, print_rejected, progress_bar
from models.bundle import Bundle, check_features
from models.reasons import NO_CURRENCY
from models.registry import store
from serving.scorer import LIST_COLUMNS, Scored, score
from serving.store import RiskQuery, RunInfo
from training.task import Dates, dates, known_by

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
    make(project.folder)
    with store(project.settings.tracking_uri):
        version, bundle = project.registry.load_champion()
    with project.scratch() as folder, progress_bar(out) as bar:
        bar.start("Tables", 1)
        loaded = project.load()
        tables = loaded.tables
        bar.step()
        when = dates(tables, as_of, project.today())
        moment = as_of or when.as_of
        _check_backtest(moment, bundle, backtest=backtest)
        bar.start("Features", 1)
        path = folder / "snapshots.parquet"
        spine = active(tables, moment, bundle.definition.active_within)
        made = features_at(known_by(tables, moment), spine)
        check_features(bundle, made.features)
        write(made.table, path)
        bar.step()
        bar.start("Scores", 1)
        explain = project.settings.scoring.reasons
        batches = _batches(path, moment, bundle)
        scored = score(bundle, batches, moment, version.number, explain=explain, backtest=backtest)
        bar.step()
    _publish(project, scored, _run(bundle, moment, version.number, backtest=backtest))
    write_frame(scored.scores, project.scores_path)
    if target is not None:
        write_frame(scored.scores, target)
    print_rejected(loaded, out)
    _say(project, scored, bundle, moment, when, out)
    return scored.scores


def run_risk_list(
    project: Project,
    out: Console,
    top: int | None,
    min_value: float | None,
    target: Path | None,
) -> pd.DataFrame:
    """Rank the newest scores by value at risk, and print or write the list.

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
        query = RiskQuery(min_value=min_value, run=newest.id)
        ranked = published.all_scores(query, top=top)
    extra = {"backtest": True} if newest.backtest else {}
    ranked = ranked[list(LIST_COLUMNS)].assign(**extra)
    if target is not None:
        write_frame(ranked, target)
        out.print(f"Wrote {len(ranked):,} customers to {target}", highlight=False, markup=False)
    else:
        count = min(len(ranked), _SHOWN) if top is None else len(ranked)
        mark = ", a backtest" if newest.backtest else ""
        title = f"Most value at risk as of {newest.as_of}{mark}: {count} of {newest.customers:,}"
        print_list(ranked.head(count), out, title)
    return ranked


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
        raise InputError(
            f"nobody to score: no customer bought in the {bundle.definition.active_within} days "
            f"before {moment} ([population] active_within); is the data up to date?"
        )
    start = 0
    for batch in file.iter_batches(_BATCH):
        frame = batch.to_pandas()
        frame.index = pd.RangeIndex(start, start + len(frame))
        start += len(frame)
        yield frame


def _publish(project: Project, scored: Scored, run: RunInfo) -> None:
    rows = scored.scores.merge(scored.details, on="customer_id")
    parts = (rows.iloc[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
    with project.store() as published:
        published.publish(run, parts)


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
    for note in _differences(project, bundle, moment, when):
        out.print(f"note: {note}", highlight=False, markup=False)


def _money(amount: float, currency: str) -> str:
    return f"{amount:,.0f}" + (
        f" {currency}" if currency != NO_CURRENCY else " (no currency named)"
    )


def _differences(project: Project, bundle: Bundle, moment: date, when: Dates) -> list[str]:
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
    said["data.timezone"] = (settings.data.timezone, meant.timezone)
    notes = [
        f"{key} is {mine} in the configuration, but the champion was trained with {theirs}, "
        "which these scores mean; run `keepwell train --replace` to change it"
        for key, (mine, theirs) in said.items()
        if mine is not None and mine != theirs
    ]
    late = (moment - when.as_of).days
    if late > 0:
        notes.append(
            f"the data ends {late} days before {moment}; everybody looks {late} days more silent"
        )
    return notes
