"""Offers beside scores: what ``keepwell score`` computes for the actions of the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import pandas as pd
from rich.console import Console

from features.contacted import last_contacts
from features.tables import Tables
from keepwell.project import Project
from models.bundle import Bundle
from serving.columns import COLUMNS
from serving.scorer import REASON_COLUMNS, Scored
from serving.targeting.notes import action_note
from serving.targeting.offers import Offers, check_actions, make_offers
from serving.targeting.plan import rested
from training.dates import known_by


def check_offers(project: Project, bundle: Bundle) -> None:
    """Refuse actions that no offers can be computed for, before anything is computed.

    Raises
    ------
    InputError
    """
    known = {*COLUMNS, *bundle.features.names}
    check_actions(project.settings.actions, known, valued=bundle.definition.valued)


def offers_of(
    project: Project,
    bundle: Bundle,
    scored: Scored,
    frames: Iterable[pd.DataFrame],
    first: pd.DataFrame | None = None,
) -> Offers | None:
    """Compute what each action would bring with the customers who were scored.

    Parameters
    ----------
    project : Project
    bundle : Bundle
    scored : Scored
    frames : iterable of DataFrame
        The snapshots that were scored, in the same order.
    first : DataFrame, optional
        As :func:`keepwell.category_offers.first_purchases` gives them.

    Returns
    -------
    Offers or None
        None where the configuration has no actions.
    """
    actions = project.settings.actions
    if not actions:
        return None
    uplift = bundle.uplift
    return make_offers(actions, bundle.release, uplift, _with_scores(scored, frames), first)


def without_rested(offers: Offers | None, tables: Tables, day: date) -> Offers | None:
    """Leave out whom the company's own tables say to let rest.

    Parameters
    ----------
    offers : Offers or None
    tables : mapping of str to ibis Table
        Canonical; both arms of ``contacts`` count, as those in the store do.
    day : date
        The first day that is not known.
    """
    if offers is None:
        return None
    contacts = last_contacts(known_by(tables, day))
    return offers.without(rested(offers, contacts, day))


def _with_scores(
    scored: Scored, frames: Iterable[pd.DataFrame]
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    scores = scored.scores.assign(reasons=_in_words(scored.details))
    start = 0
    for frame in frames:
        rows = scores.iloc[start : start + len(frame)]
        start += len(frame)
        yield frame.reset_index(drop=True), rows.reset_index(drop=True)


def _in_words(details: pd.DataFrame) -> pd.Series[str]:
    """Join the reasons of each customer who has some."""
    rows = details[list(REASON_COLUMNS)].itertuples(index=False)
    said = ["; ".join(w for w in words if isinstance(w, str)) or None for words in rows]
    return pd.Series(said, index=details.index, dtype=object)


def print_offers(offers: Offers | None, out: Console) -> None:
    """Say to how many an offer of each action is expected to pay, and which cannot be planned."""
    if offers is None:
        return
    for action, paying in zip(offers.actions, offers.offered.sum(axis=0), strict=True):
        said = action_note(action)
        told = (
            f"Offer {action.name}: expected to pay with {paying:,} of {action.customers:,} who are "
            f"eligible (effect {action.basis})"
        )
        out.print(f"note: {said}" if said else told, highlight=False, markup=False, soft_wrap=True)
