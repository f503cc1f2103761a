"""Why a customer is offered something, in words."""

from __future__ import annotations

from serving.targeting.actions import ASSUMED, Action
from serving.targeting.facts import Outcome
from serving.targeting.offers import Offers


def reasons(kept: Offers, outcome: Outcome) -> list[str]:
    """Say of each chosen customer what the offer changes, and what it rests on.

    Parameters
    ----------
    kept : Offers
        Of the chosen customers, in the order of the outcome.
    outcome : Outcome
    """
    told = zip(
        (kept.actions[n] for n in outcome.choice),
        kept.customers["churn_probability"],
        outcome.churn,
        outcome.stake,
        kept.customers["reasons"],
        outcome.begins,
        strict=True,
    )
    return [
        _first_purchase(action, begins)
        if action.category and action.basis == ASSUMED
        else _new(action, begins) + _staying(action, p, less, stake, words)
        for action, p, less, stake, words, begins in told
    ]


def _first_purchase(action: Action, begins: float) -> str:
    more = min(1.0, begins * (1 + (action.lift or 0.0)))
    return (
        f"never bought {action.category}: {begins:.1%} likely to begin, {more:.1%} with it "
        f"({action.basis})"
    )


def _new(action: Action, begins: float) -> str:
    if action.category is None:
        return ""
    return f"never bought {action.category}: {begins:.1%} likely to begin without it; "


def _staying(action: Action, p: float, less: float, stake: float, words: str | None) -> str:
    """Tell the risk, what the action does to it, what is at stake, and the causes."""
    with_it = max(p - less, 0.0)
    said = f"{p:.0%} likely to leave, {with_it:.0%} with it ({action.basis}); {stake:,.2f} at stake"
    return f"{said}; {words}" if isinstance(words, str) else said
