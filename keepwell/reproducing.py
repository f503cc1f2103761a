"""``keepwell reproduce``: a training once more, and whether the same release came of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from features.errors import InputError
from features.keeping import fingerprint
from keepwell.labelled import fingerprint_of, is_labelled, read_rows
from keepwell.project import Project, make
from keepwell.show import Bar, progress_bar
from keepwell.training import tracker_of
from models import bundle
from models.bundle import Bundle
from models.registry import Version, store
from training.labelled import train_labelled
from training.labelled_publish import bundle_of as flat_bundle_of
from training.publish import bundle_of
from training.repeat import ARTIFACT, differing, flat_from_dict, from_dict, is_flat
from training.tracking import git_commit
from training.train import Workshop, train
from training.tuned import used


def run_reproduction(project: Project, out: Console, run: str) -> list[str]:
    """Train as a run did, and compare both releases byte by byte; nothing is registered.

    Parameters
    ----------
    project : Project
    out : Console
    run : str
        A training run's id, or the number of the version that it made.

    Returns
    -------
    list of str
        Where the new release differs; empty where it is the same.

    Raises
    ------
    InputError
        For a Dask cluster, a run that did not note what decided it, or one whose data were of
        another kind than the configuration's.
    ModelError
        When there is no such version, or its files are gone.
    """
    make(project.folder)
    with store(project.settings.tracking_uri), progress_bar(out) as bar:
        version = project.registry.made_by(run)
        before = project.registry.fetch(version)
        known = str(bundle.load(before).notes.get("git_commit"))
        found = _differences(project, version, before, known, bar)
    commit = git_commit(Path(__file__).parent)
    if known != commit:
        _say(out, f"note: Keepwell was at commit {known} then, and is at {commit} now")
    if not found:
        _say(out, f"Version {version.number} is reproduced: every file is the same to the byte")
    else:
        _say(out, f"Version {version.number} is not reproduced; what differs, then → now:")
        for line in found:
            _say(out, f"  {line}")
    return found


def _differences(
    project: Project, version: Version, before: Path, commit: str, bar: Bar
) -> list[str]:
    tracker = tracker_of(project)
    said = tracker.read(version.run_id, ARTIFACT)
    if said is None:
        raise InputError(
            f"run {version.run_id} has no {ARTIFACT}.json, which says what decided the training: "
            "an older Keepwell made it, or its files are gone"
        )
    _check(said, version, flat=is_labelled(project))
    with project.scratch() as folder, tempfile.TemporaryDirectory() as place:
        if is_flat(said):
            made = _flat(project, said, commit, bar)
        else:
            shop = Workshop(folder, project.keep, bar)
            made = _dated(project, said, commit, before, shop)
        bundle.save(made, Path(place))
        # This file names every other one with its digest.
        old, new = ((f / bundle.CONTENT).read_text("utf-8") for f in (before, Path(place)))
        return [] if old == new else list(differing(json.loads(old), json.loads(new)))


def _check(said: Mapping[str, Any], version: Version, *, flat: bool) -> None:
    engine = said["training"]["engine"]
    if engine != "local":
        raise InputError(
            f'run {version.run_id} was trained with engine = "{engine}": how workers '
            "share the rows differs from time to time, and the last bits with it"
        )
    if is_flat(said) != flat:
        then, now = ("a flat file", "tables with dates")[:: 1 if is_flat(said) else -1]
        raise InputError(
            f"version {version.number} was trained on {then}, and the configuration names {now}; "
            "name the data of then under [tables]"
        )


def _flat(project: Project, said: Mapping[str, Any], commit: str, bar: Bar) -> Bundle:
    """Train on the flat file as a run did."""
    bar.start("Tables", 1)
    rows = read_rows(project)
    bar.step()
    made = train_labelled(flat_from_dict(said), rows.labelled(), rows.features, bar)
    facts = {"data_fingerprint": fingerprint_of(rows.frame), "git_commit": commit}
    return flat_bundle_of(made, facts)


def _dated(
    project: Project, said: Mapping[str, Any], commit: str, before: Path, shop: Workshop
) -> Bundle:
    """Train on the tables as a run did."""
    task, champion = from_dict(said), None
    if task.champion is not None:
        champion = project.registry.load(project.registry.version(task.champion))
    shop.progress.start("Tables", 1)
    loaded = project.load(bundle.load(before).inputs)
    shop.progress.step()
    made = train(task, loaded.tables, champion, shop)
    facts = {
        "data_fingerprint": fingerprint(loaded.tables),
        # Of two commits with the same result neither is wrong; they are told apart.
        "git_commit": commit,
        "tuned_run": used(made.fits.recipe, task.tuned, made.aim, made.features),
    }
    return bundle_of(made, facts)


def _say(out: Console, text: str) -> None:
    out.print(text, highlight=False, markup=False)
