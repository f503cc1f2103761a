"""``keepwell models``: the versions, which was champion when, and by whose word it changes."""

from __future__ import annotations

from datetime import date

from rich.console import Console
from rich.table import Table

from features.errors import InputError
from features.tables import Tables
from keepwell.evaluating import task_for
from keepwell.labelled import check_kind, contest_labelled, is_labelled, refuse_dates
from keepwell.project import Project, make
from keepwell.show import Bar, cell, progress_bar
from models.bundle import Bundle
from models.errors import ModelError
from models.registry import Registry, store
from models.versions import Promotion, Registered, Version, champion_before, reigns
from training.contest import NAMES, Contest, contest
from training.dates import dates, known_by
from training.history import History
from training.promote import redefined
from training.task import target
from training.train import Workshop, assembled

BY_HAND = "promoted by hand"

_UNDECIDED = "undecided: the training ended before that; train again, or promote it"


def run_list(project: Project, out: Console) -> list[Registered]:
    """Print every version, and who was champion from when to when."""
    make(project.folder)
    with store(project.settings.tracking_uri):
        registry = project.registry
        found, history, champion = registry.versions(), registry.history(), registry.champion()
    if not found:
        out.print(f"There are no versions of {registry.name!r} yet; run `keepwell train`")
        return []
    live = champion.number if champion else None
    out.print(_versions(found, history, live))
    if history:
        out.print(_champions(history))
    if history and history[-1].version != live:
        moved = f"version {live}" if live else "nothing"
        out.print(
            f"note: the alias champion names {moved}, but that was not recorded: somebody moved it "
            "past Keepwell. Promote a version to set it right",
            highlight=False,
        )
    return found


def run_promote(project: Project, out: Console, number: int, reason: str | None) -> Version:
    """Make a version champion, whatever its measures are.

    Raises
    ------
    ModelError
        When there is no such version, or its bundle cannot be used.
    """
    make(project.folder)
    with store(project.settings.tracking_uri):
        registry = project.registry
        with project.alone():
            version, before = registry.version(number), registry.champion()
            if version == before:
                out.print(f"Version {number} of {registry.name!r} is the champion already")
                return version
            bundle = registry.load(version)
            changes = _changes(registry, before, bundle)
            registry.promote(version, reason or BY_HAND)
    _say(out, f"Version {number} of {registry.name!r} is the champion: {reason or BY_HAND}")
    if changes:
        _say(out, f"note: its scores mean something else than those before ({changes})")
    _remind(out)
    return version


def run_rollback(project: Project, out: Console, reason: str | None) -> Version:
    """Go back to the version that was champion before.

    Raises
    ------
    ModelError
        When there was none, or its bundle cannot be used.
    """
    make(project.folder)
    with store(project.settings.tracking_uri):
        registry = project.registry
        with project.alone():
            before, version = _earlier(registry)
            registry.load(version)
            said = f"rolled back from version {before}" + (f": {reason}" if reason else "")
            registry.promote(version, said, back=True)
    _say(out, f"Version {version.number} of {registry.name!r} is the champion again, {said}")
    _remind(out)
    return version


def run_compare(
    project: Project, out: Console, numbers: tuple[int, int], as_of: date | None = None
) -> Contest:
    """Fit the recipes of two versions on the same history and judge them on the same snapshots.

    Raises
    ------
    InputError
        When they mean different things, or no cutoff can be held out.
    ModelError
        When one of them does not exist, or its bundle cannot be used.
    """
    make(project.folder)
    with store(project.settings.tracking_uri):
        found = [project.registry.version(number) for number in numbers]
        first, second = (project.registry.load(version) for version in found)
    names = tuple(f"version {number}" for number in numbers)
    if changes := redefined(second.definition, first.definition):
        raise InputError(
            f"{names[0]} and {names[1]} cannot be compared: they mean different things "
            f"({changes}), so their measures are not of the same outcomes"
        )
    check_kind(project, first)
    with progress_bar(out) as bar:
        if is_labelled(project):
            refuse_dates(as_of)
            judged = contest_labelled(project, (first, second), bar)
        else:
            judged = _contest(project, (first, second), as_of, bar)
    _tell(out, judged, (first, second), (names[0], names[1]))
    return judged


def _earlier(registry: Registry) -> tuple[int, Version]:
    history, champion = registry.history(), registry.champion()
    if champion is None:
        msg = f"no model of {registry.name!r} has been promoted yet: there is nothing to go back to"
        raise ModelError(msg)
    number = champion_before(history)
    if number is None:
        msg = (
            f"no champion of {registry.name!r} came before version {champion.number}, or all that "
            "did were taken back. `keepwell models promote` names another"
        )
        raise ModelError(msg)
    return champion.number, registry.version(number)


def _changes(registry: Registry, before: Version | None, bundle: Bundle) -> str:
    try:
        return redefined(bundle.definition, registry.load(before).definition) if before else ""
    except ModelError:
        # A champion that is lost or damaged is a reason to promote another, no obstacle to it.
        return ""


def _contest(
    project: Project, bundles: tuple[Bundle, Bundle], as_of: date | None, bar: Bar
) -> Contest:
    with project.scratch() as folder:
        bar.start("Tables", 1)
        tables = project.load().tables
        bar.step()
        latest = max(bundles, key=lambda bundle: bundle.data_cutoff)
        day = as_of or date.fromisoformat(latest.data_cutoff)
        same = bundles[0].families == bundles[1].families
        pasts: list[History] = []
        for bundle, name in zip(bundles, ("first", "second"), strict=True):
            if pasts and same:
                pasts.append(pasts[0])
                continue
            (folder / name).mkdir()
            shop = Workshop(folder / name, project.keep, bar)
            pasts.append(_past(project, bundle, day, tables, shop))
        bar.start("Evaluation fits", 1)
        judged = contest((pasts[0], pasts[1]), bundles, project.settings.seed)
        bar.step()
    return judged


def _past(project: Project, bundle: Bundle, day: date, tables: Tables, shop: Workshop) -> History:
    task = task_for(project, bundle, day)
    when = dates(tables, task.as_of, task.today)
    known = known_by(tables, when.as_of)
    aim, _ = target(task, known, when.history, None)
    return assembled(task, known, when, aim, shop)


def _versions(found: list[Registered], history: list[Promotion], live: int | None) -> Table:
    table = Table(title="Versions", title_justify="left")
    for name in ("version", "registered", "data up to", "champion"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", overflow="fold")
    reasons = {promotion.version: promotion.reason for promotion in history}
    for one in found:
        number = one.version.number
        state = "now" if number == live else "before" if number in reasons else "never"
        why = reasons.get(number) or one.declined or _UNDECIDED
        table.add_row(str(number), _minute(one.at), one.data_cutoff or "–", state, why)
    return table


def _champions(history: list[Promotion]) -> Table:
    table = Table(title="Champions", title_justify="left")
    for name in ("version", "from", "to"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", overflow="fold")
    for reign in reigns(history):
        until = _minute(reign.until) if reign.until else "now"
        table.add_row(str(reign.version), _minute(reign.since), until, reign.reason)
    return table


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


def _tell(
    out: Console, judged: Contest, bundles: tuple[Bundle, Bundle], names: tuple[str, str]
) -> None:
    table = Table(
        title=f"{judged.rows:,} {judged.words}, both recipes fitted on what was known before",
        title_justify="left",
    )
    table.add_column("measure", no_wrap=True)
    for name in (*names, "difference", "90 % interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(names[1])
    for measure, word in judged.verdicts().items():
        change = judged.change[measure]
        table.add_row(
            NAMES[measure],
            cell(judged.first[measure].estimate),
            cell(judged.second[measure].estimate),
            f"{change.estimate:+.4f}",
            f"{change.low:+.4f} to {change.high:+.4f}",
            word,
        )
    out.print(table)
    for name, bundle in zip(names, bundles, strict=True):
        grade = bundle.notes.get("grade", "not measured")
        _say(out, f"{name}: trained as of {bundle.data_cutoff}; grade {grade}")
    summary = judged.summary(*names)
    _say(out, f"{summary[0].upper()}{summary[1:]}.")


def _say(out: Console, text: str) -> None:
    out.print(text, highlight=False, markup=False)


def _remind(out: Console) -> None:
    _say(out, "Published scores stay as they are until the next `keepwell score`.")
