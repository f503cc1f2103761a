"""The report of a monitoring: what needs action, drift, promises by month, calibration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date

from keepwell.monitor_facts import NO_CHAMPION, Looked, Waiting
from keepwell.watching import Batch
from training.alarms import MOVES, SHIFTED, Alarm, drift_alarms
from training.drift import CHANCE, DRIFTED, Drift, Drifts
from training.plots_monitor import Point, promises_plot
from training.realised import NAMES, Kept
from training.report import (
    UNKNOWN,
    Plot,
    Report,
    Row,
    Section,
    Table,
    figure,
    money,
    percent,
    plain_rows,
    with_interval,
)
from training.tenths import TENTHS, Tenths

_SHOWN = 10
"""Features that are told where there is little room."""

_PERFECT = {NAMES["observed_over_expected"]: 1.0, NAMES["bias"]: 1.0}
_PLOTTED = tuple(name for name in NAMES if name != "ece")
_NONE = "nothing to do"

_MEANINGS = {
    "PSI": "population stability index over tenths: 0 is unchanged; the rule of thumb calls 0.25 a "
    "large shift",
    "has moved": f"PSI of at least {DRIFTED:g}, and beyond chance: of all that is said to have "
    f"moved, a share of {CHANCE:.0%} at most has not",
    "effect": "by how much the odds of leaving, as the model sees them, have changed on average "
    "since it learnt; of values, the mean",
    "needs action": f"a feature that has moved and moves the odds by {math.expm1(MOVES):.0%} or "
    f"more; a score that has moved by {math.expm1(SHIFTED):.0%} (odds) or {SHIFTED:.0%} (mean) or "
    "more; a broken promise of the champion's newest scores that have come true",
}


def report(found: Looked) -> Report:
    """Put a report together.

    Parameters
    ----------
    found : Looked
    """
    if found.champion is None:
        only = Section("alarms", "What needs action", (f"{_sentence(NO_CHAMPION)}.",))
        return Report(f"{found.model}: monitoring", "Nothing was looked at", (only,))
    day = f"As of {found.day}" if found.day else "Of a file without time"
    seen = found.watched.drifts
    looked = f", {seen.customers:,} customers looked at" if seen else ""
    return Report(
        f"{found.model}: monitoring of version {found.champion}",
        f"{day}{looked}",
        (
            alarms_section(found.alarms, found.notes),
            drift_section(found.watched.drifts, found.unseen),
            realised_section(found.watched.batches, found.waiting, found.watched.notes),
            calibration_section(found),
            quiet_section(found.alarms),
            details_section(found.watched.drifts),
        ),
    )


def alarms_section(alarms: Sequence[Alarm], notes: Sequence[str] = ()) -> Section:
    """Say what needs action, and how much needs none."""
    urgent = [alarm for alarm in alarms if alarm.action]
    rest = len(alarms) - len(urgent)
    said = [f"{_things(len(urgent))} action." if urgent else "Nothing needs action."]
    if rest:
        said.append(f"{rest} {'more ' if urgent else ''}changed to no effect: {_NONE} about that.")
    said += [f"{_sentence(note)}." for note in notes]
    tables = (_listed("Alarms that need action", urgent),) if urgent else ()
    return Section("alarms", "What needs action", tuple(said), tables)


def quiet_section(alarms: Sequence[Alarm]) -> Section:
    """Name what has changed and needs no action."""
    quiet = [alarm for alarm in alarms if not alarm.action]
    if not quiet:
        return Section("quiet", "What needs none", ("Nothing else has changed.",))
    names = list(dict.fromkeys(NAMES.get(alarm.subject, alarm.subject) for alarm in quiet))
    more = len(names) - _SHOWN
    said = ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    table = _listed("Alarms that need none", quiet, detail=True)
    return Section("quiet", "What needs none", (f"Changed to no effect: {said}.",), (table,))


def _listed(title: str, alarms: Sequence[Alarm], *, detail: bool = False) -> Table:
    rows = tuple(Row((alarm.words,), alarm.action) for alarm in alarms)
    return Table(title, ("what has changed, and what to do",), rows, detail, words=True)


def drift_section(found: Drifts | None, unseen: Sequence[str]) -> Section:
    """Tell how far scores and features have moved from where the champion learnt."""
    title = "Drift of features and scores"
    if found is None:
        return Section("drift", title, tuple(f"{_sentence(said)}." for said in unseen))
    moved = [drift for drift in found.features if drift.moved]
    words = f"{len(moved)} of {len(found.features)} features have moved since the champion learnt."
    few = "Features that have moved" if moved else "Features"
    shown = (moved or found.features)[:_SHOWN]
    return Section(
        "drift",
        title,
        (words,),
        (
            _drifts(found, "Scores", found.scores),
            _drifts(found, f"{few}, the largest effect on the scores first", shown),
        ),
    )


def _drifts(found: Drifts, title: str, some: Sequence[Drift], *, detail: bool = False) -> Table:
    called = {alarm.subject for alarm in drift_alarms(found) if alarm.action}
    rows = tuple(_drift_row(drift, action=drift.name in called) for drift in some)
    return Table(title, _DRIFT_COLUMNS, rows, detail)


_DRIFT_COLUMNS = ("name", "PSI", "effect", "unknown then", "now", "action")


def _drift_row(drift: Drift, *, action: bool) -> Row:
    then, now = map(percent, drift.missing)
    said = "needed" if action else (_NONE if drift.moved else "")
    return Row((drift.name, f"{drift.psi:.2f}", _effect(drift), then, now, said), action)


def _effect(drift: Drift) -> str:
    odds = drift.family or drift.name == "churn_probability"
    changed = math.expm1(drift.effect) if odds else drift.effect
    return f"{changed:+.1%}".replace("%", " %") + ("" if odds else " (mean)")


def realised_section(
    batches: Sequence[Batch], waiting: Sequence[Waiting], notes: Sequence[str]
) -> Section:
    """Tell by month what came true beside what was promised."""
    title = "What came true, by month"
    said = [f"{_sentence(note)}." for note in notes]
    if waiting and batches:
        first = min(waiting, key=lambda one: one.known_on)
        said.append(
            f"{_counted(len(waiting))} not come true yet: the next will on {first.known_on}."
        )
    if batches:
        said.append("A marked row broke a promise; the newest of the champion is what counts.")
    rows = tuple(_months(batches, waiting))
    tables = (_summary(rows, batches),) if rows else ()
    measured = [batch for batch in batches if batch.kept]
    if measured:
        tables = (*tables, _exactly(measured))
    return Section("realised", title, tuple(said), tables, _plots(measured))


_Line = tuple[date, Batch | Waiting | None]


def _months(batches: Sequence[Batch], waiting: Sequence[Waiting]) -> Iterator[_Line]:
    """Give every publication in the order of its day, and the months between that have none."""
    both: list[Batch | Waiting] = [*batches, *waiting]
    found = sorted(both, key=lambda one: (one.as_of, one.version))
    before: date | None = None
    for one in found:
        month = one.as_of.replace(day=1)
        while before is not None and (before := _after(before)) < month:
            yield before, None
        before = month
        yield one.as_of, one


def _after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _summary(lines: Sequence[_Line], batches: Sequence[Batch]) -> Table:
    known = {one.measure for batch in batches for one in batch.kept}
    names = [name for name in NAMES if name in known]
    columns = ("scores as of", "version", "customers", *(NAMES[name] for name in names), "")
    rows = tuple(_month_row(day, one, names) for day, one in lines)
    beneath = "; beneath it what was promised" if names else ""
    return Table(f"Each month: what came true{beneath}", columns, rows)


def _month_row(day: date, one: Batch | Waiting | None, names: Sequence[str]) -> Row:
    empty = [UNKNOWN] * len(names)
    if one is None:
        return Row((f"{day:%Y-%m}", UNKNOWN, UNKNOWN, *empty, "no scores published"))
    start = (str(day), str(one.version), f"{one.customers:,}")
    if isinstance(one, Waiting):
        return Row((*start, *empty, f"known on {one.known_on}"))
    if not one.kept:
        return Row((*start, *empty, "no outcome known"))
    kept = {each.measure: each for each in one.kept}
    cells = [_kept(kept[name]) if name in kept else UNKNOWN for name in names]
    lost = one.customers - one.found
    aside = f"{lost:,} not found" if lost else ""
    return Row((*start, *cells, aside), bool(one.alarms))


def _kept(one: Kept) -> str:
    if one.promised is None:
        return figure(one.realised.estimate)
    return f"{figure(one.realised.estimate)}\n{figure(one.promised.estimate)}"


def _exactly(batches: Sequence[Batch]) -> Table:
    rows = tuple(
        Row(
            (
                str(batch.as_of),
                str(batch.version),
                NAMES[one.measure],
                with_interval(one.realised),
                with_interval(one.promised) if one.promised else UNKNOWN,
                "broken" if one.broken else "",
            ),
            one.broken,
        )
        for batch in batches
        for one in batch.kept
    )
    columns = ("scores as of", "version", "measure", "came true", "promised", "")
    return Table("With 90 % intervals", columns, rows, detail=True)


def _plots(batches: Sequence[Batch]) -> tuple[Plot, ...]:
    names = [n for n in _PLOTTED if any(n == one.measure for b in batches for one in b.kept)]
    if not names:
        return ()
    panels = {NAMES[name]: [_point(batch, name) for batch in batches] for name in names}
    alt = (
        "What came true of the scores of each month (orange) beside what was promised when their "
        "version was trained (blue), with 90 % intervals; v is the version."
    )
    return (Plot(promises_plot(panels, _PERFECT), alt),)


def _point(batch: Batch, name: str) -> Point:
    one = next((one for one in batch.kept if one.measure == name), None)
    label = f"{batch.as_of} v{batch.version}"
    return Point(label, one.promised, one.realised) if one else Point(label, None, None)


def calibration_section(found: Looked) -> Section:
    """Compare by tenth what was expected with what came, of the newest scores that came true."""
    title = "Calibration of scores that came true"
    newest = found.watched.newest(found.champion) if found.champion else None
    known = [batch for batch in found.watched.batches if batch.tenths]
    batch = newest or (known[-1] if known else None)
    if batch is None or batch.tenths is None:
        return Section("calibration", title, ("No scores whose outcome is known.",))
    off = sum(batch.tenths.beyond_chance)
    said = (
        f"The scores of version {batch.version} as of {batch.as_of}, in tenths of "
        f"{batch.found:,} customers by their score."
    )
    judged = (
        f"In {off} of {TENTHS} tenths the expected share of leavers lies outside the 90 % interval "
        "of what came; by chance alone it would in about one."
    )
    return Section("calibration", title, (said, judged), tuple(_tenths(batch.tenths)))


def _tenths(found: Tenths) -> Iterator[Table]:
    churn = found.churn
    pairs = zip(churn.predicted, churn.actual, found.beyond_chance, strict=True)
    rows = tuple(
        Row((str(n), percent(expected), percent(came), "beyond chance" if off else ""), off)
        for n, (expected, came, off) in enumerate(pairs, 1)
    )
    columns = ("tenth", "expected to leave", "left", "")
    yield Table("Churn by tenth of the probability (10 the highest)", columns, rows)
    if found.value is not None:
        values = zip(found.value.predicted, found.value.actual, strict=True)
        told = [(str(n), money(e), money(c)) for n, (e, c) in enumerate(values, 1)]
        title = "Value by tenth of what was expected (10 the highest), mean of a customer"
        yield Table(title, ("tenth", "expected value", "value"), plain_rows(told))


def details_section(found: Drifts | None) -> Section:
    """Say what the words mean, and list every feature."""
    meanings = Table(
        "Meanings",
        ("what", "meaning"),
        plain_rows(list(_MEANINGS.items())),
        detail=True,
        words=True,
    )
    said = (
        "Promised is what held-out customers gave when the version was trained. A promise is "
        "broken where what came is worse beyond both intervals, and by enough to matter."
    )
    every = (_drifts(found, "All features", found.features, detail=True),) if found else ()
    return Section("details", "What the words mean", (said,), (meanings, *every))


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


def _things(count: int) -> str:
    return "1 thing needs" if count == 1 else f"{count} things need"


def _counted(count: int) -> str:
    return "1 publication has" if count == 1 else f"{count} publications have"
