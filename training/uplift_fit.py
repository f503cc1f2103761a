"""From contacts to uplift models: what is fitted, and what is said of each action."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd
from ibis import ir

from features.contacted import contacted, write_contacted
from features.grains import Tables
from features.labels import Target
from models.matrix import Encoder
from models.release import Release
from models.uplift import ActionUplift, Uplift
from training.pooled import pooled
from training.task import Task
from training.uplift import Judged, estimated, judge
from training.uplift_data import Contacted, by_action, counted, lacking

CONTACTS = "contacts"


@dataclass(frozen=True)
class Finding:
    """What is known of an action's effect.

    Parameters
    ----------
    contacted : Contacted
    stays, value : Judged
        On staying, and on what the customer brings.
    """

    contacted: Contacted
    stays: Judged
    value: Judged


@dataclass(frozen=True)
class Experiments:
    """The actions whose contacts suffice, and why those of others do not.

    Parameters
    ----------
    contacts : tuple of Contacted
    lacking : tuple of str
        In words, one an action.
    """

    contacts: tuple[Contacted, ...]
    lacking: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where contacts are worked on.

    Parameters
    ----------
    folder : Path
        For a file of contacts with their features; emptied by its owner.
    keep : callable
        Materialises a table under a name in the engine.
    """

    folder: Path
    keep: Callable[[ir.Table, str], ir.Table]


def experiments(
    tables: Tables, task: Task, aim: Target, as_of: date, release: Release, place: Place
) -> Experiments:
    """Read the contacts with known outcome; features only of the actions whose contacts suffice.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        What is known as of then.
    task : Task
    aim : Target
    as_of : date
    release : Release
        Whose features are used.
    place : Place
    """
    if CONTACTS not in tables:
        return Experiments((), ())
    seen = _shown_in(aim, task.training.uplift_gap)
    rows = place.keep(contacted(tables, seen, task.active_within, as_of), "_contacted")
    counts = counted(rows.select("action", "treated", "churned").to_pandas())
    if not counts:
        return Experiments((), (f"no contact has an outcome that is known by {as_of}",))
    reasons = lacking(counts, task.training.min_contacts)
    enough = [one.action for one in counts if one.action not in reasons]
    if not enough:
        return Experiments((), tuple(reasons.values()))
    path = place.folder / "contacted.parquet"
    write_contacted(tables, rows.filter(rows["action"].isin(enough)), path, task.own.families)
    return Experiments(tuple(by_action(pd.read_parquet(path), release)), tuple(reasons.values()))


def _shown_in(aim: Target, gap: int | None) -> Target:
    """Give the windows after a contact in which its effect is looked for."""
    return aim if gap is None else replace(aim, gap=gap)


def findings(
    contacts: Sequence[Contacted],
    encoder: Encoder,
    seed: int,
    step: Callable[[], None] = lambda: None,
) -> list[Finding]:
    """Judge every action, out of fold, and let their mean effects tell of each other."""
    found = []
    for one in contacts:
        stays, value = (judge(e, encoder, seed, len(contacts)) for e in (one.stays(), one.value()))
        found.append(Finding(one, stays, value))
        step()
    staying = pooled([one.stays.own for one in found])
    worth = pooled([one.value.own for one in found])
    return [
        replace(one, stays=replace(one.stays, mean=s), value=replace(one.value, mean=v))
        for one, s, v in zip(found, staying, worth, strict=True)
    ]


def fitted(found: Sequence[Finding], encoder: Encoder, seed: int) -> Uplift | None:
    """Fit what the findings ask for; None without any."""
    if not found:
        return None
    return Uplift({one.contacted.action: _action(one, encoder, seed) for one in found})


def _action(one: Finding, encoder: Encoder, seed: int) -> ActionUplift:
    stays = estimated(one.contacted.stays(), one.stays, encoder, seed)
    value = None
    if one.value.verdict != "none":
        value = estimated(one.contacted.value(), one.value, encoder, seed)
    return ActionUplift(stays, value, one.contacted.redemption)
