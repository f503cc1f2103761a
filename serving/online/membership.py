"""Who belongs to the population that a model has learnt from, told by their features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.bundle import Definition

_SUBSCRIPTION = "subscription"
_LABELLED = "labelled"

SILENCE = "days_since_purchase"
TENURE = "subscription_tenure_days"
RUNNING = "subscriptions_count"


def telling(meant: Definition) -> tuple[str, str]:
    """Give the features that tell: one that is null of strangers, and one of who is a member."""
    return (TENURE, RUNNING) if meant.churn_kind == _SUBSCRIPTION else (SILENCE, SILENCE)


def is_member(features: Mapping[str, Any], meant: Definition) -> bool | None:
    """Tell whether a customer is in the population.

    Parameters
    ----------
    features : mapping of str to number or None
    meant : Definition

    Returns
    -------
    bool or None
        Whether a subscription runs, or the customer bought within ``active_within`` days. None
        where the features do not say; everybody belongs to a flat file.
    """
    if meant.churn_kind == _LABELLED:
        return True
    _, name = telling(meant)
    if name not in features:
        return None
    value = features[name]
    if value is None:
        return False
    return bool(value > 0 if meant.churn_kind == _SUBSCRIPTION else value <= meant.active_within)
