"""Tuning: a search for parameters that predict forward better than the default ones."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import lightgbm

from features.errors import InputError
from models.recipe import Recipe
from training.fit import Ready, prepared
from training.train import Ground
from training.tune_aims import AIMS, Aim, Standing, objective
from training.tune_study import Desk, Search, Tried
from training.tuned import Found, Tuned, meant


@dataclass(frozen=True)
class Result:
    """What a search has found for one model.

    Parameters
    ----------
    aim : Aim
    default, best : Tried
        The same where no trial was better.
    finished, pruned : int
        Trials; the pruned ones are among the finished.
    """

    aim: Aim
    default: Tried
    best: Tried
    finished: int
    pruned: int

    @property
    def found(self) -> Found:
        """What is kept of it."""
        assert self.default.loss is not None and self.best.loss is not None  # noqa: PT018, S101 - complete
        parameters = {} if self.best is self.default else self.best.parameters
        losses = self.default.loss, self.best.loss
        return Found(parameters, self.aim.loss, *losses, self.finished)


def cached(base: Ground) -> list[Ready]:
    """Read the folds, newest first, and prepare them once for all trials.

    Raises
    ------
    InputError
        When there are none.
    """
    folds = [read() for read in base.history.folds()]
    if not folds:
        raise InputError(
            "the history is too short to tune on: a single usable cutoff has no other one to be "
            "predicted. Bring more history, or shorten churn.horizon or value.horizon"
        )
    return [prepared(train, base.features, base.recipe, watched) for train, watched in folds]


def fold_names(base: Ground, count: int) -> list[str]:
    """Name the folds as :func:`cached` gives them: the cutoffs that they predict, if any."""
    forward = base.history.roles.forward
    parts = [f"part {number}" for number in range(1, count + 1)]
    return [cutoff.isoformat() for _, cutoff in forward] or parts


def key(
    base: Ground,
    fingerprint: str,
    families: dict[str, str],
    active_within: int,
    aims: Sequence[Aim] = AIMS,
) -> str:
    """Give a digest of what makes trials comparable: another one is another study.

    Parameters
    ----------
    base : Ground
    fingerprint : str
        The data's.
    families : mapping of str to str
        Source text of the company's own families.
    active_within : int
        Days; the population's.
    aims : sequence of Aim
        Whose search spaces these are.
    """
    roles = base.history.roles
    content = {
        "data": fingerprint,
        "families": families,
        "active_within": active_within,
        "features": base.features.hash,
        "target": meant(base.aim),
        "folds": [[sorted(map(str, train)), str(v)] for train, v in roles.forward],
        "cutoffs": [sorted(map(str, c)) for c in (roles.evaluation, roles.serving)],
        "recipe": base.recipe.to_dict(),
        "spaces": {aim.name: standing(aim, base.recipe).bounds for aim in aims},
        "lightgbm": lightgbm.__version__,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def standing(aim: Aim, recipe: Recipe) -> Standing:
    """Note what an aim's space proposes, and its default."""
    default = recipe.churn_parameters if aim.name == "churn" else recipe.value_parameters
    noted = Standing(default)
    aim.space(noted)
    return noted


def searches(
    desk: Desk, name: str, base: Ground, folds: Sequence[Ready], jobs: int
) -> list[Search]:
    """Open a study for each aim."""
    recipe = base.recipe if jobs == 1 else _shared(base.recipe, jobs)
    return [
        Search(
            aim,
            objective(aim, folds, recipe),
            desk.study(f"{name}-{aim.name}", standing(aim, base.recipe).proposed),
        )
        for aim in AIMS
    ]


def result(wanted: Search) -> Result | None:
    """Compare a study's best sound trial with the default; None before that was judged."""
    tried = wanted.tried()
    complete = [t for t in tried if t.loss is not None]
    default = next((t for t in complete if t.default), None)
    if default is None:
        return None
    sound = [t for t in complete if wanted.aim.sound(t.folds, default.folds)]
    # The first of equals: the default where no other is better.
    best = min([default, *sound], key=_loss)
    return Result(wanted.aim, default, best, len(tried), len(tried) - len(complete))


def tuned(run_id: str, base: Ground, results: Sequence[Result]) -> Tuned:
    """Put together what is kept of a search."""
    found = {r.aim.name: r.found for r in results}
    return Tuned(run_id, meant(base.aim), base.features.hash, found)


def _loss(trial: Tried) -> float:
    return math.inf if trial.loss is None else trial.loss


def _shared(recipe: Recipe, jobs: int) -> Recipe:
    """Divide the processors among trials that run at the same time."""
    threads = {"num_threads": max(1, (os.cpu_count() or 1) // jobs)}
    return replace(
        recipe,
        churn_parameters={**recipe.churn_parameters, **threads},
        value_parameters={**recipe.value_parameters, **threads},
    )


def described(base: Ground, results: Sequence[Result]) -> dict[str, Any]:
    """Give the figures of a search by fold, in JSON types."""

    def folds(trial: Tried) -> dict[str, Any]:
        names = fold_names(base, len(trial.folds))
        return {
            name: {k: None if math.isnan(x) else x for k, x in figures.items()}
            for name, figures in zip(names, trial.folds, strict=True)
        }

    return {
        r.aim.name: {
            **asdict(r.found),
            "trial": r.best.number,
            "pruned": r.pruned,
            "folds": {"default": folds(r.default), "best": folds(r.best)},
        }
        for r in results
    }
