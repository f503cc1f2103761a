"""A search in MLflow: a run of its own, and in it a run for each trial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from training.plots_tuning import history_plot, importance_plot, slice_plot
from training.tracking import Run, Tracker
from training.train import Ground
from training.tune import Result, described, tuned
from training.tune_study import Desk, Search, Tried
from training.tuned import ARTIFACT, Tuned

NAME = "tune"

TUNED_AT = "tuned_at"
"""Tag of a run that has come to a result: when, in ISO format."""


@contextmanager
def tuning_run(tracker: Tracker, desk: Desk, wanted: Sequence[Search]) -> Iterator[Run]:
    """Open the run of a search; one that was broken off goes on with its own."""
    first = wanted[0]
    with ExitStack() as stack:
        with desk.alone():
            run = stack.enter_context(tracker.run(NAME, again=first.run_id))
            first.belongs_to(run.id)
        yield run


def log_trials(run: Run, wanted: Sequence[Search]) -> None:
    """Log the finished trials that are not logged yet, a run each."""
    known = run.children()
    for search in wanted:
        for trial in search.tried():
            name = f"{search.aim.name} {trial.number}"
            if name not in known:
                _log_trial(run, name, search, trial)


def log_result(
    run: Run, base: Ground, wanted: Sequence[Search], results: Sequence[Result]
) -> Tuned:
    """Log what a search has found, for training to find it."""
    log_trials(run, wanted)
    found = tuned(run.id, base, results)
    run.json(described(base, results), "tuning")
    for result in results:
        name, kept = result.aim.name, result.found
        run.measures({f"{name}_default_{kept.measure}": kept.default})
        run.measures({f"{name}_best_{kept.measure}": kept.best})
    for search in wanted:
        _log_plots(run, search)
    run.json(found.to_dict(), ARTIFACT)
    run.tags({TUNED_AT: datetime.now(UTC).isoformat()})
    return found


def last_tuned(tracker: Tracker) -> Tuned | None:
    """Give what the last search has found; None before the first."""
    content = tracker.newest(TUNED_AT, ARTIFACT)
    return Tuned.from_dict(content) if content else None


def _log_trial(run: Run, name: str, search: Search, trial: Tried) -> None:
    child = run.child(name, trial.began, trial.ended)
    child.parameters(trial.parameters)
    for step, figures in enumerate(trial.folds):
        child.measures({f"fold_{measure}": x for measure, x in figures.items()}, step)
    if trial.loss is not None:
        child.measures({search.aim.loss: trial.loss})
    state = "default" if trial.default else "pruned" if trial.loss is None else "complete"
    child.tags({"model": search.aim.name, "trial": state})


def _log_plots(run: Run, search: Search) -> None:
    tried, name, loss = search.tried(), search.aim.name, search.aim.loss
    if all(t.loss is None for t in tried):
        return
    title = f"Tuning of the {name} model"
    run.figure(history_plot(tried, loss, f"{title}: trials"), f"{name}_history")
    run.figure(slice_plot(tried, loss, f"{title}: parameters"), f"{name}_slice")
    if importances := search.importances():
        plot = importance_plot(importances, f"{title}: what mattered")
        run.figure(plot, f"{name}_importance")
