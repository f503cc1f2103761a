"""From a release of a flat file to a registered version, and the champion if it deserves it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

import numpy as np

from features.catalogue import difference as lacks
from models.bundle import Bundle
from models.digests import digests, to_text
from models.errors import ModelError
from models.profile import profile
from models.registry import Registry
from training.evaluate import MODEL
from training.labelled import LabelledTrained, rival
from training.labelled_judge import difference
from training.measures import log_loss
from training.plots import gains_curve, reliability_plot
from training.promote import Decision, Duel, decide, decide_first, decide_redefined, redefined
from training.publish import PROFILED, Published, register, table
from training.realised import promised, to_notes
from training.repeat import ARTIFACT, flat_to_dict
from training.segments import segmented
from training.tracking import Run, Tracker


def publish_labelled(
    made: LabelledTrained,
    tracker: Tracker,
    registry: Registry,
    alone: AbstractContextManager[object],
    facts: Mapping[str, str],
) -> Published:
    """Log a training run, register its release and promote it if it is not worse.

    Parameters
    ----------
    made : LabelledTrained
    tracker, registry, alone, facts
        As in :func:`training.publish.publish`.
    """
    release = bundle_of(made, facts)
    with tracker.run("train") as run:
        _log(run, made, release, facts)
        return register(release, run, registry, alone, lambda: _decision(made, release, registry))


def bundle_of(made: LabelledTrained, facts: Mapping[str, str]) -> Bundle:
    """Give the bundle of a release, with what was said of each row it has learnt from."""
    measures = made.evaluation.flat()
    meant, some = made.task.definition, made.frame.iloc[:: -(-len(made.frame) // PROFILED)]
    return Bundle(
        made.task.name,
        segmented(made.release, some, meant, made.task.segments),
        meant,
        made.recipe,
        # A file without time is known up to the day on which it was read.
        made.task.today.isoformat(),
        {k: v for k, v in measures.items() if not np.isnan(v)},
        {
            "grade": str(made.grade),
            "measured_on": f"out-of-fold predictions of {len(made.frame):,} labelled rows",
            "suspected_leaks": dict(made.evaluation.leaks),
            "notes": list(made.notes),
            "promised": to_notes(promised(made.evaluation, made.task.seed)),
            **facts,
        },
        out_of_fold=to_text(digests(made.frame, made.features), made.probability),
        profile=profile(made.release, some),
    )


def _decision(made: LabelledTrained, release: Bundle, registry: Registry) -> Decision:
    version = registry.champion()
    if version is None:
        return decide_first(str(made.grade), measured=True)
    try:
        champion = registry.load(version)
    except ModelError as error:
        return Decision(promote=True, reason=f"the champion cannot be loaded: {error}")
    if changes := redefined(release.definition, champion.definition):
        return decide_redefined(changes, replacing=made.task.replacing)
    if lost := lacks(champion.features, made.features):
        reason = f"the champion can no longer score this file ({lost})"
        return Decision(promote=True, reason=reason)
    return decide(_duel(made, champion))


def _duel(made: LabelledTrained, champion: Bundle) -> Duel:
    """Compare recipes on the same rows and folds."""
    churned = made.evaluation.churned
    theirs = rival(made, champion)
    change = difference(churned, made.probability, theirs, made.task.seed)
    return Duel({"log_loss": log_loss(churned, theirs)}, change)


def _log(run: Run, made: LabelledTrained, release: Bundle, facts: Mapping[str, str]) -> None:
    recipe, evaluation = made.recipe, made.evaluation
    run.parameters(
        {
            **vars(release.definition),
            "seed": recipe.seed,
            "churn_model": recipe.churn,
            "churn_rounds": recipe.churn_rounds,
            "calibration": recipe.calibration,
            "rows": len(made.frame),
            "folds": int(made.fold.max()) + 1,
            "features": len(made.features),
            "feature_set_hash": made.features.hash,
            **{f"lightgbm_{k}": v for k, v in recipe.churn_parameters.items()},
        }
    )
    run.tags({**facts, "grade": str(made.grade)})
    run.json(flat_to_dict(made.task), ARTIFACT)
    run.json({"features": made.features.to_list(), "hash": made.features.hash}, "feature_set")
    run.measures(evaluation.flat())
    run.json(table(evaluation), "measures")
    churned = evaluation.churned
    run.figure(reliability_plot(churned, evaluation.churn[MODEL].response), "calibration")
    rankings = {name: said.ranking for name, said in evaluation.churn.items()}
    run.figure(gains_curve(churned, rankings), "gains")
