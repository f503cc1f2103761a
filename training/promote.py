"""Whether a challenger becomes champion: pure decisions over measured differences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from models.bundle import Definition
from training.bootstrap import Interval

TOLERANCE = 0.01
"""A relative loss above this counts as worse even where the interval is wide."""

LOWER_IS_BETTER = {"log_loss": True, "normalised_gini": False, "log_bias": True}
"""What a promotion turns on: log loss for churn, normalised Gini and |log bias| for value."""

_WORDS = {
    "log_loss": "log loss of churn",
    "normalised_gini": "normalised Gini of value",
    "log_bias": "|log bias| of value",
}


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why in a sentence."""

    promote: bool
    reason: str


@dataclass(frozen=True)
class Duel:
    """A challenger beside a champion, both fitted as of the same moment, on the same snapshots.

    Parameters
    ----------
    champion : mapping of str to float
        The champion's level of each measure.
    difference : mapping of str to Interval
        Challenger less champion, paired, 90 %.
    """

    champion: Mapping[str, float]
    difference: Mapping[str, Interval]


def better_component(model: float, baseline: float, *, lower: bool) -> bool:
    """Tell whether a model beats its baseline; an unknown measure leaves the model in place."""
    if model != model or baseline != baseline:  # noqa: PLR0124 - NaN differs from itself
        return True
    return model <= baseline if lower else model >= baseline


def decide_first(grade: str, *, measured: bool) -> Decision:
    """Decide where there is no champion yet."""
    if measured:
        return Decision(promote=True, reason=f"first champion; grade {grade}")
    return Decision(
        promote=True, reason="first champion; too little history for a held-out measure"
    )


def decide(duel: Duel | None) -> Decision:
    """Decide between a challenger and the champion.

    Parameters
    ----------
    duel : Duel or None
        None when no cutoff could be held out.

    Returns
    -------
    Decision
        A fresher model is promoted unless it is worse: its paired interval lies wholly on the bad
        side, or it loses more than 1 %.
    """
    if duel is None:
        return Decision(
            promote=False,
            reason="the history is too short for a held-out comparison with the champion, "
            "which stays; train again when another label window has ended",
        )
    losses = [m for m in duel.difference if _worse(m, duel)]
    if losses:
        return Decision(
            promote=False,
            reason="worse than the champion: " + "; ".join(_say(m, duel) for m in losses),
        )
    return Decision(
        promote=True,
        reason="fresher and not worse: " + "; ".join(_say(m, duel) for m in duel.difference),
    )


def decide_older(challenger: str, champion: str, *, replacing: bool) -> Decision:
    """Decide where the champion has learnt from later data: ISO dates of both data cutoffs."""
    learnt = f"it has learnt from data up to {challenger}, the champion up to {champion}"
    if replacing:
        return Decision(promote=True, reason=f"replaced on request; {learnt}")
    return Decision(
        promote=False,
        reason=f"{learnt}; a fresher model is not replaced by a staler one unless "
        "`keepwell train --replace` asks for it",
    )


def redefined(challenger: Definition, champion: Definition) -> str:
    """Say how two definitions differ; empty when the releases are comparable.

    What lifetime values assume is worked out after the models, and changes none of them.
    """
    old, new = vars(champion), vars(challenger)
    differing = (k for k in new if new[k] != old[k] and not k.startswith("lifetime_"))
    return ", ".join(f"{k} {old[k]} → {new[k]}" for k in differing)


def decide_redefined(changes: str, *, replacing: bool) -> Decision:
    """Decide where the scores would mean something else than the champion's."""
    if replacing:
        return Decision(
            promote=True, reason=f"redefined on request ({changes}); not comparable with before"
        )
    return Decision(
        promote=False,
        reason=f"not comparable with the champion, which means something else ({changes}); "
        "run `keepwell train --replace` to replace it, or undo the change",
    )


def _worse(measure: str, duel: Duel) -> bool:
    sign = 1.0 if LOWER_IS_BETTER[measure] else -1.0
    change = duel.difference[measure]
    if math.isnan(change.estimate):
        # Only the challenger cannot be measured: it predicts a total of nothing, say.
        return not math.isnan(duel.champion[measure])
    worst_case_good = min(sign * change.low, sign * change.high)
    # |log bias| is itself a relative error: 0.01 more of it is a loss of 1 %.
    level = 1.0 if measure == "log_bias" else abs(duel.champion[measure])
    return worst_case_good > 0 or sign * change.estimate > TOLERANCE * level


def _say(measure: str, duel: Duel) -> str:
    change = duel.difference[measure]
    if math.isnan(change.estimate):
        return f"{_WORDS[measure]} cannot be measured here"
    return (
        f"{_WORDS[measure]} {duel.champion[measure]:.4f} "
        f"{change.estimate:+.4f} [{change.low:+.4f}, {change.high:+.4f}]"
    )
