"""``keepwell reproduce``: a training once more, and whether the same release came of it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from rich.console import Console

from features.errors import InputError
from features.keeping import fingerprint
from keepwell.labelled import is_labelled
from keepwell.project import Project, make
from keepwell.show import Bar, progress_bar
from keepwell.training import tracker_of
from models import bundle
from models.registry import Version, store
from training.publish import bundle_of
from training.repeat import ARTIFACT, differing, from_dict
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
        For a flat file, a Dask cluster, or a run that did not note what decided it.
    ModelError
        When there is no such version, or its files are gone.
    """
    if is_labelled(project):
        raise InputError("[tables.labelled]: `keepwell reproduce` is for tables with dates")
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
    task = from_dict(said)
    if task.training.engine != "local":
        raise InputError(
            f'run {version.run_id} was trained with engine = "{task.training.engine}": how workers '
            "share the rows differs from time to time, and the last bits with it"
        )
    champion = None
    if task.champion is not None:
        champion = project.registry.load(project.registry.version(task.champion))
    with project.scratch() as folder, tempfile.TemporaryDirectory() as place:
        bar.start("Tables", 1)
        loaded = project.load(bundle.load(before).inputs)
        bar.step()
        made = train(task, loaded.tables, champion, Workshop(folder, project.keep, bar))
        facts = {
            "data_fingerprint": fingerprint(loaded.tables),
            # Of two commits with the same result neither is wrong; they are told apart.
            "git_commit": commit,
            "tuned_run": used(made.fits.recipe, task.tuned, made.aim, made.features),
        }
        bundle.save(bundle_of(made, facts), Path(place))
        # This file names every other one with its digest.
        old, new = ((f / bundle.CONTENT).read_text("utf-8") for f in (before, Path(place)))
        return [] if old == new else list(differing(json.loads(old), json.loads(new)))


def _say(out: Console, text: str) -> None:
    out.print(text, highlight=False, markup=False)
