"""A grade in plain language: what the model adds to calling the longest silent."""

from __future__ import annotations

from dataclasses import dataclass

from models.baselines import NEWEST, SILENCE
from training.bootstrap import paired
from training.evaluate import LOGISTIC, MODEL, Evaluation, leavers_found, resamples
from training.measures import log_loss

_CALLED = {SILENCE: "the longest silent", NEWEST: "the newest subscribers"}
"""Who is called by a rule."""


@dataclass(frozen=True)
class Grade:
    """A letter and a sentence.

    ``A``: probabilities better than logistic RFM's beyond chance; ``B``: better, within chance;
    ``C``: no better, or customers ranked no better than by drawing lots.
    """

    letter: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.letter} ({self.sentence})"


def grade(evaluation: Evaluation, seed: int) -> Grade:
    """Grade a release on its held-out cutoff."""
    change = paired(
        lambda outcome, p: {"log_loss": log_loss(outcome, p)},
        evaluation.churned,
        evaluation.churn[MODEL].response,
        evaluation.churn[LOGISTIC].response,
        n=resamples(len(evaluation.churned)),
        seed=seed,
    )["log_loss"]
    if _like_lots(evaluation):
        return Grade("C", "it ranks customers no better than drawing lots would")
    letter = "A" if change.high < 0 else "B" if change.estimate < 0 else "C"
    return Grade(letter, _sentence(evaluation))


def _like_lots(evaluation: Evaluation) -> bool:
    # Beating a rule that is worse than chance is no merit.
    area = evaluation.churn_measures.get(MODEL, {}).get("roc_auc")
    return area is not None and area.low <= 0.5  # noqa: PLR2004 - the area of lots


def _sentence(evaluation: Evaluation) -> str:
    found, naive = (leavers_found(evaluation, m) for m in (MODEL, evaluation.rule))
    others = _CALLED[evaluation.rule]
    if naive == 0:
        return f"among the riskiest tenth it finds {found} leavers, {others} hold none"
    times = found / naive
    if 0.95 <= times <= 1.05:  # noqa: PLR2004 - within a twentieth is "as many"
        return f"at the same number of calls it finds as many leavers as calling {others}"
    return (
        f"at the same number of calls it finds {times:.1f} times as many leavers "
        f"as calling {others}"
    )
