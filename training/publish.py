"""From a trained release to a registered version, and the champion if it deserves it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from features.catalogue import FeatureSet, difference
from models.bundle import Bundle
from models.errors import ModelError
from models.profile import profile
from models.registry import Registry, Version
from models.release import Release
from training.evaluate import MODEL, Evaluation, compare, core_measures
from training.plots import decile_plot, gains_curve, reliability_plot
from training.promote import (
    Decision,
    Duel,
    decide,
    decide_first,
    decide_older,
    decide_redefined,
    redefined,
)
from training.realised import promised, to_notes
from training.repeat import ARTIFACT, to_dict
from training.segments import segmented
from training.tracking import Run, Tracker, save_release
from training.train import Trained, refit

PROFILED = 10_000
"""Snapshots at most that a release's profile is taken from."""


@dataclass(frozen=True)
class Published:
    """A registered version and what was decided about it."""

    version: Version
    decision: Decision
    run_id: str


def publish(
    made: Trained,
    tracker: Tracker,
    registry: Registry,
    alone: AbstractContextManager[object],
    facts: Mapping[str, str],
) -> Published:
    """Log a training run, register its release and promote it if it is not worse.

    Parameters
    ----------
    made : Trained
    tracker : Tracker
    registry : Registry
    alone : context manager
        Held while the champion is compared and moved, so that of two processes the second
        compares with what the first has promoted.
    facts : mapping of str to str
        The data's fingerprint, the git commit and the like.
    """
    release = bundle_of(made, facts)
    with tracker.run("train") as run:
        _log(run, made, release, facts)
        return register(release, run, registry, alone, lambda: _decision(made, release, registry))


def register(
    release: Bundle,
    run: Run,
    registry: Registry,
    alone: AbstractContextManager[object],
    decision_on: Callable[[], Decision],
) -> Published:
    """Register a release that its run has logged, and promote it if that is decided.

    Parameters
    ----------
    release : Bundle
    run : Run
        Still open.
    registry : Registry
    alone : context manager
        Held while it is decided and done.
    decision_on : callable
        Compares the release with the champion of that moment.
    """
    with tempfile.TemporaryDirectory() as folder:
        save_release(release, Path(folder))
        source = run.folder(Path(folder), "bundle")
    with alone:
        decision = decision_on()
        version = registry.register(run.id, source)
        if decision.promote:
            registry.promote(version, decision.reason)
        else:
            registry.decline(version, decision.reason)
    run.tags(
        {
            "model_version": str(version.number),
            "promoted": str(decision.promote).lower(),
            "decision": decision.reason,
        }
    )
    return Published(version, decision, run.id)


def bundle_of(made: Trained, facts: Mapping[str, str]) -> Bundle:
    """Give the release of a training with all that it is to carry.

    Parameters
    ----------
    made : Trained
    facts : mapping of str to str
        See :func:`publish`.
    """
    measures = {**made.evaluation.flat(), **made.wallet} if made.evaluation else {}
    promises = promised(made.evaluation, made.task.seed) if made.evaluation else {}
    meant, past = made.task.definition(made.aim), made.history
    newest = past.panel.sample([past.roles.newest], PROFILED)
    release = replace(made.fits.serving, lifetime=meant.lifetime)
    return Bundle(
        made.task.name,
        segmented(release, newest, meant, made.task.segments),
        meant,
        made.fits.recipe,
        made.when.as_of.isoformat(),
        {k: v for k, v in measures.items() if v == v},  # noqa: PLR0124 - NaN is not JSON
        {
            "roles": role_dates(made),
            "grade": str(made.grade) if made.grade else "not measured",
            "measured_on": (
                f"evaluation fit, as of {made.history.roles.newest}" if measures else "nothing"
            ),
            "notes": list(made.notes),
            "promised": to_notes(promises),
            **facts,
        },
        made.inputs,
        made.task.own.sources,
        profile=profile(made.fits.serving, newest),
        uplift=made.uplift,
    )


def role_dates(made: Trained) -> dict[str, Any]:
    """Give the dates of every role, in ISO format."""
    roles = made.history.roles
    return {
        "as_of": roles.as_of.isoformat(),
        "held_out_cutoff": roles.newest.isoformat() if roles.evaluation else None,
        "serving_cutoffs": [c.isoformat() for c in sorted(roles.serving)],
        "evaluation_cutoffs": [c.isoformat() for c in sorted(roles.evaluation)],
        "forward_folds": [
            {"train": [c.isoformat() for c in sorted(t)], "predict": v.isoformat()}
            for t, v in roles.forward
        ],
    }


def _decision(made: Trained, release: Bundle, registry: Registry) -> Decision:
    version = registry.champion()
    if version is None:
        return decide_first(str(made.grade), measured=made.evaluation is not None)
    try:
        champion = registry.load(version)
    except ModelError as error:
        return Decision(promote=True, reason=f"the champion cannot be loaded: {error}")
    if changes := redefined(release.definition, champion.definition):
        return decide_redefined(changes, replacing=made.task.replacing)
    if lost := difference(champion.table_features, made.history.panel.features):
        reason = f"the champion can no longer score these tables ({lost})"
        return Decision(promote=True, reason=reason)
    if release.data_cutoff < champion.data_cutoff:
        dates = (release.data_cutoff, champion.data_cutoff)
        return decide_older(*dates, replacing=made.task.replacing)
    return decide(_duel(made, champion))


def _duel(made: Trained, champion: Bundle) -> Duel | None:
    """Refit the champion's recipe as of t0 and compare recipes on the same snapshots."""
    if made.fits.measured is None:
        return None
    rival = _rival(made, champion)
    if rival is None:
        return None
    newest = made.history.newest()
    ours, theirs = made.fits.measured.score(newest), rival.score(newest)
    churned, value = newest["churned"].to_numpy(float), newest["value"].to_numpy(float)
    return Duel(
        core_measures(churned, value, theirs), compare(newest, ours, theirs, made.task.seed)
    )


def _rival(made: Trained, champion: Bundle) -> Release | None:
    if champion.recipe == made.fits.recipe and champion.features.hash == made.features.hash:
        return made.fits.measured
    features = _as_computed(champion.features, made.history.panel.features)
    return refit(made.history, features, champion.recipe)


def _as_computed(wanted: FeatureSet, computed: FeatureSet) -> FeatureSet:
    known = {f.name: f for f in computed}
    # Derived features are the fit's own work: no table has to give them.
    return FeatureSet(tuple(known.get(f.name, f) for f in wanted))


def _log(run: Run, made: Trained, release: Bundle, facts: Mapping[str, str]) -> None:
    recipe = made.fits.recipe
    run.parameters(
        {
            **vars(release.definition),
            "as_of": made.when.as_of,
            "seed": recipe.seed,
            "churn_model": recipe.churn,
            "value_model": recipe.value,
            "churn_rounds": recipe.churn_rounds,
            "value_rounds": recipe.value_rounds,
            "calibration": recipe.calibration,
            "churned_value_model": recipe.churned_value,
            "extra_rounds": recipe.extra_rounds,
            "half_life": recipe.half_life,
            "value_corrected": recipe.corrected,
            "cutoffs": len(made.history.roles.serving),
            "features": len(made.features),
            "feature_set_hash": made.features.hash,
            **{f"lightgbm_{k}": v for k, v in recipe.churn_parameters.items()},
        }
    )
    run.tags({**facts, "grade": str(made.grade) if made.grade else "not measured"})
    run.json({"features": made.features.to_list(), "hash": made.features.hash}, "feature_set")
    run.json(role_dates(made), "roles")
    run.json(to_dict(made.task), ARTIFACT)
    if made.evaluation:
        _log_evaluation(run, made.evaluation, made)


def _log_evaluation(run: Run, evaluation: Evaluation, made: Trained) -> None:
    run.measures({**evaluation.flat(), **made.wallet})
    if made.without_attributes:
        run.measures(
            {f"without_attributes_{k}": v for k, v in made.without_attributes.flat().items()}
        )
    run.json(table(evaluation), "measures")
    if made.comparators:
        _log_comparators(run, evaluation, made)
    churned = evaluation.churned
    run.figure(reliability_plot(churned, evaluation.churn[MODEL].response), "calibration")
    rankings = {name: said.ranking for name, said in evaluation.churn.items()}
    run.figure(gains_curve(churned, rankings), "gains")
    worth = evaluation.worth[MODEL].response
    currency = made.task.currency
    run.figure(decile_plot(evaluation.value, worth, currency=currency), "value_deciles")


def _log_comparators(run: Run, evaluation: Evaluation, made: Trained) -> None:
    """Log the comparators' measures, and all methods' predictions of the held-out snapshots."""
    columns: dict[str, Any] = {
        "customer_id": made.history.newest()["customer_id"].to_numpy(),
        "churned": evaluation.churned,
        "value": evaluation.value,
    }
    for target, said, judged in (
        ("churn", evaluation.churn, evaluation.churn_measures),
        ("value", evaluation.worth, evaluation.value_measures),
    ):
        columns |= {f"{target}: {name}": p.response for name, p in said.items()}
        for name in set(made.comparators) & set(judged):
            run.measures({f"{name}_{target}_{k}": i.estimate for k, i in judged[name].items()})
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame(columns).to_parquet(Path(folder) / "held_out.parquet", index=False)
        run.folder(Path(folder), "predictions")


def table(evaluation: Evaluation) -> dict[str, Any]:
    """Give every measure of every method with its interval, in JSON types."""

    def plain(measures: Mapping[str, Any]) -> dict[str, Any]:
        return {
            m: [None if x != x else x for x in (i.estimate, i.low, i.high)]  # noqa: PLR0124 - NaN
            for m, i in measures.items()
        }

    return {
        "churn": {k: plain(v) for k, v in evaluation.churn_measures.items()},
        "value": {k: plain(v) for k, v in evaluation.value_measures.items()},
        "suspected_leaks": dict(evaluation.leaks),
    }
