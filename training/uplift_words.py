"""What an experiment shows, in plain words."""

from __future__ import annotations

from training.measures_uplift import Estimated
from training.uplift import Judged, Verdict
from training.uplift_fit import Experiments, Finding

VERDICTS: dict[Verdict, str] = {
    "target": "the effect differs between customers: target by score",
    "treat": "it works, and nothing reliable is learnt beyond the mean effect: treat all who "
    "pay off",
    "harms": "it does harm: leave them alone",
    "none": "no effect that can be told from none",
}


def said(one: Finding, currency: str) -> str:
    """Say what an action does, in one sentence."""
    counts = f"{one.contacted.treated:,} treated and {one.contacted.control:,} controls"
    stays = f"stay {points(one.stays.mean, one.stays.width)}, {VERDICTS[one.stays.verdict]}"
    value = f"value {money(one.value, currency)}, {VERDICTS[one.value.verdict]}"
    return f"{one.contacted.action} ({counts}): {stays}; {value}"


def notes(found: list[Finding], read: Experiments, currency: str) -> tuple[str, ...]:
    """Give what a training says of its actions, a sentence each."""
    return tuple(
        f"uplift: {words}" for words in (*(said(f, currency) for f in found), *read.lacking)
    )


def points(effect: Estimated, width: float) -> str:
    """Write an effect on a probability in points of percent, with its interval."""
    low, high = effect.interval(width)
    return f"{100 * effect.estimate:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"


def money(judged: Judged, currency: str) -> str:
    """Write a mean effect on value, with its interval."""
    low, high = judged.mean.interval(judged.width)
    return f"{judged.mean.estimate:+,.2f} {currency} ({low:+,.2f} to {high:+,.2f})"
