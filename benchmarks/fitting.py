"""Both fits of a made-up panel beside the bare boosters, in a fresh process.

``python -m benchmarks.fitting SNAPSHOTS FEATURES RATE FOLDER HOW`` prints processor seconds by
stage and the peak of resident memory, as JSON. Beside ``bare`` boosters each one is trained once
more by ``lightgbm.train`` alone, on the matrix that Keepwell has just trained it on, and has to be
the same; that time is taken out of Keepwell's. ``alone`` goes without them, and ``serving`` makes
the fit that is registered and nothing else, of a few trees.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import lightgbm as lgb
import matplotlib as mpl

from benchmarks.measured import TO_GB
from benchmarks.panels import EVERY, made_up
from models import booster
from models.booster import PATIENCE, Job
from models.derived import with_derived
from models.recipe import Recipe, default_parameters
from training.evaluate import MODEL, Evaluation, evaluate
from training.fit import learn
from training.further import further_measures
from training.grade import grade
from training.history import History
from training.plots import decile_plot, gains_curve, reliability_plot
from training.settings import TrainingSettings
from training.task import check_enough
from training.train import Fits, best_fits
from training.usable import usable

mpl.use("agg")

T = TypeVar("T")

SERVING = "serving"
FEW = 10
"""Trees of a booster where only the serving fit is made."""


@dataclass
class Clock:
    """Processor seconds: of stages, of all boosters inside them, and of these alone.

    Parameters
    ----------
    again : bool
        Whether each booster is trained alone, too.
    """

    again: bool
    stages: dict[str, float] = field(default_factory=dict)
    boosters: int = 0
    trees: int = 0
    inside: float = 0.0
    bare: float = 0.0

    def stage(self, name: str, work: Callable[[], T]) -> T:
        """Time a stage; what was trained again in it does not count."""
        start, bare = time.process_time(), self.bare
        done = work()
        self.stages[name] = time.process_time() - start - (self.bare - bare)
        return done

    def train(self, job: Job) -> lgb.Booster:
        """Train as Keepwell does, and perhaps once more without it."""
        start = time.process_time()
        fitted = booster.here(job)
        end = time.process_time()
        self.inside += end - start
        self.boosters, self.trees = self.boosters + 1, self.trees + fitted.num_trees()
        if self.again:
            same = alone(job)
            self.bare += time.process_time() - end
            if same != fitted.model_to_string():
                raise AssertionError(f"another booster: {job.settings}")
        return fitted


def alone(job: Job) -> str:
    """Train a booster by LightGBM and nothing else; gives its text."""
    design, held_out = job.design, job.held_out
    fields: dict[str, Any] = {
        "feature_name": job.encoder.features.names,
        "categorical_feature": job.encoder.categorical_positions,
        "params": dict(job.settings),
    }
    data = lgb.Dataset(
        design.matrix, design.outcome, weight=design.weight, init_score=design.start, **fields
    )
    if held_out is None:
        return lgb.train(dict(job.settings), data, job.rounds).model_to_string()
    watched = data.create_valid(held_out.matrix, held_out.outcome, init_score=held_out.start)
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    fitted = lgb.train(
        dict(job.settings),
        data,
        job.rounds,
        valid_sets=[watched],
        callbacks=[stop],
        feval=job.evaluate,
    )
    kept = fitted.model_to_string(num_iteration=fitted.best_iteration)
    return lgb.Booster(model_str=kept).model_to_string()


class Quiet:
    """Hears of the progress and says nothing."""

    def start(self, stage: str, steps: int) -> None:
        """Begin a stage."""

    def step(self) -> None:
        """Finish a step."""


def _checked(past: History) -> None:
    frame = past.serving()
    check_enough(frame, TrainingSettings(), EVERY)
    usable(past.panel.features, frame)


def _judged(fits: Fits, past: History) -> Evaluation:
    assert fits.measured is not None  # noqa: S101 - the panel has a cutoff to hold out
    newest = past.newest()
    found = evaluate(fits.measured, newest, past.evaluation(), EVERY, 7)
    grade(found, 7)
    further_measures(fits.measured, newest)
    return found


def _drawn(found: Evaluation) -> None:
    reliability_plot(found.churned, found.churn[MODEL].response)
    gains_curve(found.churned, {name: said.ranking for name, said in found.churn.items()})
    decile_plot(found.value, found.worth[MODEL].response, currency="EUR")


def run(past: History, rate: float, how: str, clock: Clock) -> None:
    """Do what ``keepwell train`` does between the panel and the registry."""
    rows = past.panel.snapshots(past.roles.serving)
    shape = {**default_parameters(rows), "learning_rate": rate}
    recipe = replace(Recipe("average"), churn_parameters=shape, value_parameters=shape)
    features = with_derived(past.panel.features)
    if how == SERVING:
        few = replace(recipe, churn_rounds=FEW, extra_rounds=FEW, value_rounds=FEW)
        with booster.trained_by(clock.train):
            clock.stage("fits", lambda: learn(past.serving(), features, few))
        return
    clock.stage("check", lambda: _checked(past))
    with booster.trained_by(clock.train):
        fits = clock.stage("fits", lambda: best_fits(past, features, recipe, EVERY, Quiet()))
    gc.collect()
    found = clock.stage("evaluation", lambda: _judged(fits, past))
    clock.stage("plots", lambda: _drawn(found))


def main() -> None:
    """Measure and print."""
    snapshots, features, rate, folder, how = sys.argv[1:]
    clock, start = Clock(how == "bare"), time.perf_counter()
    run(made_up(int(snapshots), int(features), Path(folder)), float(rate), how, clock)
    peak = max(
        resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    seconds = time.perf_counter() - start
    print(json.dumps({**asdict(clock), "seconds": seconds, "memory": peak / TO_GB}))  # noqa: T201


if __name__ == "__main__":
    main()
